"""Answers about a view: its points, its places, its looks, palettes that are dropped."""

import io
import json
from decimal import Decimal

import imageio.v3 as iio
import numpy as np
import pytest

import pipeline as mz
from pipeline.config.load import load_config
from pipeline.config.ready_looks import ready_looks
from pipeline.explorer.explorer import colour_of
from pipeline.explorer.places import NothingFoundError, find_place
from pipeline.explorer.point import point_facts
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from tests.explorer.conftest import CONFIG, Server

SEAHORSE = {
    "re": "-0.743643887037158704752191506114774", "im": "0.131825904205311970493132056385139",
    "width": "1e-4", "columns": 64, "rows": 36,
}  # fmt: skip  # a view


def never() -> None:
    """Keep going."""


def at(re, im, width="1e-3"):
    return View(Point(Decimal(re), Decimal(im)), Decimal(width), Decimal(0), 100, 100)


def facts_of(re, im, maxiter=5000):
    # The middle of the picture is the centre itself.
    return point_facts(at(re, im), 50, 50, maxiter, never)


@pytest.mark.parametrize("width", ["3", "1e-5", "1e-40"])
def test_the_count_of_a_point_is_that_of_its_pixel(tmp_path, width):
    view = mz.View(("-1.99999999999999999999999999", "0"), width, size=(16, 16))
    with mz.Session(tmp_path / "counts", workers=1) as session:
        counted = session.counts(view, 400, accuracy="exact")
    for row, column in ((0, 0), (3, 9), (7, 8), (15, 2)):
        facts = point_facts(
            View(view.center, view.width, Decimal(0), 16, 16), column + 0.5, row + 0.5, 400, never
        )
        assert (facts.count if facts.count is not None else 400) == counted.n[row, column]


@pytest.mark.parametrize(
    ("re", "im", "period"),
    [("0.1", "0.1", 1), ("-1", "0", 2), ("-1.02", "0.03", 2), ("-0.12", "0.75", 3)],
)
def test_a_point_inside_has_the_period_of_its_cycle(re, im, period):
    facts = facts_of(re, im)
    assert (facts.count, facts.distance, facts.period) == (None, None, period)


@pytest.mark.parametrize("away", ["1", "1e-3", "1e-9"])
def test_the_distance_of_a_point_outside_is_right_within_a_factor_of_two(away):
    # To the left of the antenna's tip, which is -2.
    facts = facts_of(Decimal(-2) - Decimal(away), "0")
    assert facts.count is not None
    assert 0.5 <= float(facts.distance) / float(away) <= 2.01


def test_the_nucleus_of_a_view_is_found_and_framed():
    view = at("-1.75", "0.001", "0.1")
    found = find_place(view, "nucleus", never)
    assert (found["kind"], found["period"]) == ("minibrot", 3)
    assert found["re"].startswith("-1.754877666246692")
    assert 0.04 < float(found["width"]) < 0.1
    # The ring is around the minibrot: it holds the nucleus, and the period's cusp at -1.75.
    nucleus_x = 50 + (float(found["re"]) + 1.75) * 1000
    assert abs(found["x"] - nucleus_x) < found["radius"]
    assert abs(found["x"] - 50) < found["radius"]


def test_a_spiral_is_found_and_told_as_one():
    found = find_place(at("-0.7436", "0.1318", "1e-3"), "spiral", never)
    assert found["kind"] == "spiral"
    assert found["preperiod"] > 0
    assert 3 < abs(found["turn"]) < 177


@pytest.mark.parametrize("kind", ["nucleus", "spiral"])
def test_why_nothing_is_found_is_told(kind):
    with pytest.raises(NothingFoundError, match="outside the set"):
        find_place(at("0.5", "0.5", "0.01"), kind, never)


def test_a_search_can_be_called_off():
    def check():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        find_place(at("-0.7436", "0.1318", "1e-20"), "nucleus", check)


def test_a_julia_set_is_a_small_picture_in_the_palette(server):
    question = {"page": "test", "view": SEAHORSE, "x": 32, "y": 18}
    status, body, headers = server.post("/api/julia", question)
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    picture = iio.imread(io.BytesIO(body))
    assert picture.shape == (176, 264, 3)
    # It has the symmetry of z² + c.
    difference = np.abs(picture.astype(int) - picture[::-1, ::-1])
    assert difference.mean() < 6
    other = server.post("/api/julia", {**question, "look": {"palette": "grove"}})[1]
    assert body != other


def test_the_sheet_has_a_picture_of_every_ready_look(explorer):
    from pipeline.explorer.wire import LooksAsked

    asked = LooksAsked.model_validate({"page": "t", "view": SEAHORSE, "maxiter": 500})
    records = list(explorer.looks(asked, never))
    facts = [json.loads(data[8 : 8 + int.from_bytes(data[:4], "little")]) for data in records]
    assert sorted(fact["look"] for fact in facts) == list(range(len(ready_looks())))


def test_a_dropped_palette_comes_back_as_colours(server):
    status, body, _ = server.post("/api/palette?name=two.map", b"0 16 255\n255 255 255\n")
    assert status == 200
    assert json.loads(body)["colours"] == ["#0010ff", "#ffffff"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("one.map", b"0 0 0\n", "2 or more"),
        ("notes.txt", b"0 0 0\n", "no palette file"),
        ("../../etc/passwd", b"", "no palette file"),
        ("picture.png", b"no picture", "picture.png"),
        ("", b"", "no palette file"),
    ],
)
def test_a_file_that_is_no_palette_is_refused_with_the_reason(server, name, data, reason):
    status, body, _ = server.post(f"/api/palette?name={name}", data)
    assert status == 400
    assert reason in json.loads(body)["error"]


def test_the_page_begins_where_a_config_ends(cli):
    path = cli.config(CONFIG)
    server = Server(cli, path)
    try:
        text = server.page.partition('id="start">')[2].partition("</script>")[0]
    finally:
        server.end()
    start = json.loads(text)
    assert start["view"] == {
        "re": "-0.743643887037158", "im": "0.131825904205311", "width": "0.001", "rotation": 30.0,
    }  # fmt: skip  # one value
    assert start["maxiter"] == 700
    assert start["look"] == {"palette": "ember", "scale": "log"}


def test_a_config_names_palette_files_the_page_gets_colours(cli):
    (cli.folder / "own.map").write_text("0 0 0\n255 0 0\n")
    moment = "keyframes: [{time: 0}, {time: 1, palette: own.map, offset: 0.5}]"
    config = load_config(
        cli.config(CONFIG.replace("palette: ember, scale: log, cycle: 0.1", moment))
    )
    colour = colour_of(config)
    assert colour.keys() == {"palette", "offset"}
    assert isinstance(colour["palette"], list)
