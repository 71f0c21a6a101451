"""The player's page in a real browser: what it shows is the film, and hands move it."""

import base64
import io
import json
import math
from fractions import Fraction

import imageio
import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.load import load_config
from pipeline.plan.frame_plan import FramePlans
from pipeline.player.paint import Shrunk
from pipeline.player.scene import Scene
from pipeline.timeline.frames import FrameList
from tests.browser import Browser, need_chromium
from tests.conftest import SMALL

COLUMNS, ROWS, FPS = 96, 54, 10
TARGET = "[-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]"
# In, a rest, and out again to another place: three legs around one target.
FILM = f"""\
video: {{width: {COLUMNS}, height: {ROWS}, fps: {FPS}, codec: CODEC}}
maxiter: 500
render: {{workers: 2}}
keyframes:
  - {{time: 0, center: [-0.75, 0], width: 3.5, ease: in-out}}
  - {{time: 1, center: {TARGET}, width: 1e-4, rotation: 40}}
  - {{time: 1.4, center: {TARGET}, width: 1e-4, rotation: 40, ease: in}}
  - {{time: 2, center: [-0.7, 0.2], width: 0.5, rotation: -30}}
"""
# To the antenna's tip, where float64 knows no more of the plane.
DEEP = f"""\
video: {{width: {COLUMNS}, height: {ROWS}, fps: {FPS}, codec: png}}
maxiter: 4000
render: {{workers: 2}}
keyframes:
  - {{time: 0, center: ["0", "1"], width: "1e-396"}}
  - {{time: 1, center: ["0", "1"], width: "1e-400"}}
"""


def psnr(one, other):
    return 10 * math.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2))


def drawn(browser, seconds):
    """Return what the player shows of a moment, in the film's own size."""
    data = browser.run(
        f"player.show({float(seconds)}, {COLUMNS}, {ROWS})"
        ".then(() => player.canvas.toDataURL('image/png').split(',')[1])"
    )
    return iio.imread(io.BytesIO(base64.b64decode(data)))[..., :3]


def frames_of(cli, name):
    return [iio.imread(path) for path in sorted((cli.output / f"{name}-frames").iterdir())]


@pytest.fixture(scope="module")
def film(module_cli):
    """Return the film without loss, as an MP4, and its page."""
    need_chromium()
    module_cli.done("zoom", module_cli.config(FILM.replace("CODEC", "png"), "film"))
    config = module_cli.config(FILM.replace("CODEC", "h264"), "film")
    module_cli.done("zoom", config)
    printed = module_cli.done("player", config)
    assert "film-player.html" in printed
    return module_cli


@pytest.fixture(scope="module")
def browser(film, tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as browser:
        browser.open(film.output / "film-player.html")
        yield browser


def test_the_page_shows_the_film_closer_than_its_mp4(film, browser):
    frames = frames_of(film, "film")
    assert len(frames) == 21
    with imageio.get_reader(film.output / "film.mp4", "ffmpeg") as video:
        encoded = [frame for frame in video.iter_data()]  # noqa: C416  # a list asks for its length
    for index in (0, 4, 9, 12, 16, 20):
        shown = psnr(drawn(browser, Fraction(index, FPS)), frames[index])
        assert shown > 36, index
        assert shown > psnr(encoded[index], frames[index]), index


def test_the_page_is_one_file_that_asks_for_nothing(film, browser):
    page = film.output / "film-player.html"
    assert browser.requests == [page.as_uri()]
    assert not browser.errors
    assert "http" not in page.read_text().replace("http-equiv", "")


def test_the_page_finds_every_moment_where_the_film_has_it(film, browser):
    config = load_config(film.folder / "film.yaml")
    plans = FramePlans(config, FrameList(config))
    drawn(browser, 0)
    found = browser.run(
        "Array.from({length: 21}, (_, index) => {"
        f"  const placed = player.screen.placed(player.path.at(index / {FPS}));"
        "  return [placed.x, placed.y, placed.log2Px, placed.sine, placed.cosine];"
        "})"
    )
    for index in range(21):
        (at,) = plans[index].exposures
        expected = at.x, ROWS - at.y, at.log2_spacing, math.sin(at.turn), math.cos(at.turn)
        np.testing.assert_allclose(found[index], expected, rtol=0, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(seconds=st.floats(0, 2), octaves=st.floats(-20, 20))
def test_zooming_by_hand_goes_along_the_film(browser, seconds, octaves):
    before, after, left = browser.run(
        f"(({{ seconds, left }}) => [player.path.at({seconds}).log2Width,"
        f" player.path.at(seconds).log2Width, left])(player.path.along({seconds}, {octaves}))"
    )
    assert before - after + left == pytest.approx(octaves, abs=1e-5)
    assert left * octaves >= 0
    # Only where the film begins, ends or turns back is anything left.
    ends = math.log2(3.5), math.log2(1e-4), math.log2(0.5)
    assert abs(left) < 1e-5 or min(abs(after - end) for end in ends) < 1e-5


def test_a_rest_is_left_towards_where_the_film_moves(browser):
    back = browser.run("player.path.along(1.2, -1)")
    assert back["left"] == 0
    assert back["seconds"] > 1.4


def refreshed(browser, script):
    return browser.run(
        f"new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => "
        f"done({script}))))"
    )


def until(browser, condition):
    browser.run(
        f"new Promise((done) => {{ const look = () => {condition} ? done() : "
        "requestAnimationFrame(look); look(); })"
    )


def mouse(browser, kind, x, y, **more):
    browser.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)


def key(browser, name):
    for kind in ("keyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent", type=kind, key=name, text=name[:1] if name == " " else ""
        )


def test_wheel_drag_keys_and_scrubber_move_the_view(film, browser):
    browser.open(film.output / "film-player.html")
    assert refreshed(browser, "player.width.textContent") == "width 3.5"
    for _ in range(4):
        mouse(browser, "mouseWheel", 100, 100, deltaX=0, deltaY=-100)
    until(browser, "player.coming === 0")
    before = refreshed(browser, "player.view")
    assert before["log2Width"] == pytest.approx(math.log2(3.5) - 1, abs=1e-6)
    assert browser.run("player.time.valueAsNumber") > 0.05
    # A quarter turn around the middle, clockwise.
    x, y = browser.run("[innerWidth / 2, innerHeight / 2]")
    mouse(browser, "mousePressed", x, y - 60, button="left", buttons=1)
    for step in range(1, 10):
        angle = math.pi / 2 * step / 9
        mouse(browser, "mouseMoved", x + 60 * math.sin(angle), y - 60 * math.cos(angle),
              button="left", buttons=1)  # fmt: skip  # one call
    mouse(browser, "mouseReleased", x + 60, y, button="left")
    after = refreshed(browser, "player.view")
    assert after["turn"] - before["turn"] == pytest.approx(math.pi / 2, abs=0.01)
    key(browser, "0")
    key(browser, "End")
    assert refreshed(browser, "player.view")["turn"] == pytest.approx(math.radians(-30))
    assert browser.run("player.width.textContent") == "width 0.5"
    key(browser, "Home")
    until(browser, "player.width.textContent === 'width 3.5'")
    # Not from the start: a film that plays is costly to show.
    browser.run("player.jump(1.6)")
    # A busy machine may answer only when the film has ended: the page itself notes that it played.
    browser.run(
        "void (window.played = new Promise((done) => new MutationObserver(() => "
        "done(player.playing)).observe(player.button, { childList: true })))"
    )
    key(browser, " ")
    assert browser.run("played")
    # It plays to its end by itself.
    until(browser, "!player.playing")
    assert browser.run("player.seconds") == 2


def test_two_fingers_zoom_and_turn(film, browser):
    browser.open(film.output / "film-player.html")
    browser.run("player.jump(0.5)")
    before = refreshed(browser, "player.view")

    def touch(kind, *points):
        browser.call(
            "Input.dispatchTouchEvent",
            type=kind,
            touchPoints=[{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)],
        )

    touch("touchStart", (100, 100))
    touch("touchStart", (100, 100), (150, 100))
    touch("touchMove", (100, 100), (200, 100))
    touch("touchMove", (100, 100), (100, 200))
    touch("touchEnd")
    after = refreshed(browser, "player.view")
    assert before["log2Width"] - after["log2Width"] == pytest.approx(1, abs=0.05)
    assert refreshed(browser, "player.turn") == pytest.approx(math.pi / 2, abs=0.01)


def test_a_tall_screen_is_filled_beyond_the_film_s_edges(browser):
    """A phone shows more above and below than the film: it is computed, and nothing is left black."""
    data = browser.run(
        "player.show(0, 60, 130).then(() => player.canvas.toDataURL('image/png').split(',')[1])"
    )
    picture = iio.imread(io.BytesIO(base64.b64decode(data)))[..., :3].astype(int)
    assert picture.shape == (130, 60, 3)
    for row in (0, 5, 124, 129):
        assert picture[row].sum(axis=1).min() > 20
    # The set is as wide as in the film.
    assert picture[65, 30].sum() == 0


def test_single_precision_serves_at_any_depth(cli, browser):
    cli.done("zoom", config := cli.config(DEEP, "deep"))
    cli.done("player", config)
    frames = frames_of(cli, "deep")
    browser.open(cli.output / "deep-player.html")
    for index in (0, 5, 10):
        assert psnr(drawn(browser, Fraction(index, FPS)), frames[index]) > 36
    assert browser.run("player.width.textContent") == "width 1.00e-400"


def test_a_folder_shows_the_same_from_a_disk(film, browser):
    film.done("player", film.folder / "film.yaml", "--folder")
    browser.open(film.output / "film-player.html")
    picture = drawn(browser, 0.7)
    browser.open(film.output / "film-player" / "index.html")
    assert np.array_equal(drawn(browser, 0.7), picture)
    assert not any(address.startswith("http") for address in browser.requests)


def test_the_same_config_makes_the_same_page(film):
    page = film.output / "film-player.html"
    before = page.read_bytes()
    film.done("player", film.folder / "film.yaml")
    assert page.read_bytes() == before


def test_damaged_counts_are_computed_again(cli):
    config = cli.config(SMALL.replace("time: 2", "time: 0.4").replace("1e-6", "1e-2"))
    cli.done("player", config)
    page = cli.output / "small-player.html"
    before = page.read_bytes()
    stored = sorted((cli.output / "small" / "counts").glob("*.counts"))
    data = bytearray(stored[3].read_bytes())
    data[len(data) // 2] ^= 255
    stored[3].write_bytes(data)
    result = cli.run("player", config)
    assert result.returncode == 0, result.stderr
    assert "computing it again" in result.stderr
    assert page.read_bytes() == before


def test_a_film_without_a_zoom_has_no_player(cli):
    film = SMALL.replace("width: 3.5", "width: 1e-3").replace("1e-6", "1e-3")
    result = cli.run("player", cli.config(film))
    assert result.returncode == 2
    assert "too far off the picture" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (cli.output / "small-player.html").exists()


TWO_PLACES = f"""\
video: {{width: {COLUMNS}, height: {ROWS}, fps: {FPS}}}
maxiter: 300
colour: {{cycle: 0.5}}
keyframes:
  - {{time: 0, center: [-0.75, 0], width: 3}}
  - {{time: 1, center: {TARGET}, width: 1e-3}}
  - {{time: 3, center: [-1.25, 0.02], width: 1e-3}}
  - {{time: 5, center: [-1.2506592094662220, 0.0201201476806401], width: 1e-5}}
"""


def test_legs_without_bands_are_left_out_and_places_follow_each_other(cli):
    config = load_config(cli.config(TWO_PLACES, "two"))
    scene = Scene.of(config, FrameList(config))
    assert [zoom for _, zoom in scene.legs] == [0, 1]
    assert [float(leg.start.time) for leg in scene.left_out] == [1]
    facts = json.loads(json.dumps(scene.facts()))
    assert [leg["seconds"] for leg in facts["legs"]] == [1, 2]


def test_a_look_that_moves_is_that_of_the_time_when_a_ring_leaves_the_film(cli):
    config = load_config(cli.config(TWO_PLACES, "two"))
    for zoom in Scene.of(config, FrameList(config)).zooms:
        times = [zoom.band_paint(index, None).seconds for index in range(len(zoom.bands))]
        start, end = float(zoom.legs[0].start.time), float(zoom.legs[0].end.time)
        assert all(start <= outer <= inner <= end for outer, inner in times)
        # One band's last ring is the next one's first.
        assert [inner for _, inner in times[:-1]] == [outer for outer, _ in times[1:]]
        assert times[0][0] == pytest.approx(start, abs=1e-5)
        assert times[-1][1] > start + 0.8 * (end - start)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 12), columns=st.integers(1, 12),
    to_rows=st.integers(1, 12), to_columns=st.integers(1, 12), seed=st.integers(0, 99),
)  # fmt: skip  # sizes side by side
def test_a_shrunk_picture_keeps_all_light_and_its_place(rows, columns, to_rows, to_columns, seed):
    to_rows, to_columns = min(to_rows, rows), min(to_columns, columns)
    light = np.random.default_rng(seed).random((rows, 3, columns), np.float32)
    shrunk = Shrunk(rows, columns, to_rows, to_columns)
    for row in range(rows):
        shrunk.add(row, light[row])
    # The slow way: every pixel repeated until both sizes divide.
    fine = light.repeat(to_rows, axis=0).repeat(to_columns, axis=2)
    expected = fine.reshape(to_rows, rows, 3, to_columns, columns).mean(axis=(1, 4))
    np.testing.assert_allclose(shrunk.light, expected, atol=1e-5)
