"""Films of the page: the config that is written is what is read back, with a person's comments."""

import json
import math
import os
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.explorer.film import Film, FilmAsked, motion_between, opened_film
from pipeline.explorer.film_files import ConfigFiles, ExistsError
from pipeline.explorer.film_text import SCHEMA_LINE, plain_from, text_of
from pipeline.explorer.films import Films
from pipeline.explorer.hand import Move, moved
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.timeline.frames import FrameList
from pipeline.timeline.too_fast import too_fast
from tests.conftest import ROOT

SHIPPED = sorted((ROOT / "configs").glob("*.yaml"))
COMMENTED = """\
# My film.

video: {width: 96, height: 54}   # small
maxiter: 500        # enough

# Where to:
keyframes:
  # The whole set.
  - time: 0          # begin
    center: [-0.75, 0]
    width: 3.50      # wide
  # A spiral.
  - speed: 2         # slow
    width: 1e-3
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    # it rests
    hold: 1
# The end.
"""


def asked(text="", name="film", **changes) -> FilmAsked:
    """Return what the page asks for after it opened a text."""
    film = {"keyframes": []}
    if text:
        config = load_config(Path("configs/film.yaml"), text)
        film = opened_film(config, text)
        film["keyframes"] = [{k: each[k] for k in ("was", "values")} for each in film["keyframes"]]
    return FilmAsked.model_validate({**film, "name": name, **changes})


def written(film: FilmAsked) -> str:
    return Film.of(film, Path("configs")).text


def numbers(least, most):
    return st.decimals(least, most, allow_nan=False, places=40).map(str)


keyframes = st.lists(
    st.fixed_dictionaries(
        {
            "center": st.tuples(numbers(-2, 2), numbers(-2, 2)).map(list),
            "width": st.tuples(st.integers(10, 99), st.integers(-400, -1)).map(
                lambda parts: f"{parts[0]}e{parts[1]}"
            ),
        },
        optional={
            "rotation": numbers(-360, 360),
            "maxiter": st.one_of(st.just("auto"), st.integers(1, 10**6)),
            "ease": st.sampled_from(["smooth", "linear", "in", "out", "in-out"]),
            "hold": st.sampled_from(["0", "0.5", 2, "1.25"]),
        },
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=60)
@given(keyframes, st.booleans(), st.integers(0, 5))
def test_what_is_written_is_what_is_read_back(made, anew, order):
    """By views and times, each digit of them; also where a file with comments is edited."""
    times = [str(10 * k) for k in range(len(made))]
    values = [{**each, "time": time} for each, time in zip(made, times, strict=True)]
    was = [None if anew or (k + order) % 3 else k % 2 for k in range(len(made))]
    film = asked(
        "" if anew else COMMENTED,
        keyframes=[{"was": w, "values": each} for w, each in zip(was, values, strict=True)],
    )
    text = written(film)
    config = load_config(Path("configs/film.yaml"), text)
    for keyframe, each, time in zip(config.keyframes, values, times, strict=True):
        assert keyframe.center == tuple(map(Decimal, each["center"]))
        assert (keyframe.width, keyframe.time) == (Decimal(each["width"]), Fraction(time))
        assert keyframe.rotation == Decimal(each.get("rotation", 0))
        assert keyframe.ease == each.get("ease", "smooth")
        assert keyframe.hold == Fraction(each.get("hold", 0))
    # Read by the same reader as any file; what stays of the old one is its comments.
    assert text.startswith(SCHEMA_LINE if anew else "# My film.")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_file_that_is_only_opened_stays_as_it_is(path):
    text = path.read_text()
    assert written(asked(text, path.stem)) == text


def test_comments_stay_with_what_they_are_about():
    film = asked(COMMENTED)
    first, second = (each.model_dump() for each in film.keyframes)
    second["values"] |= {"time": "4", "center": ["0.25", "0"], "ease": "linear"}
    del second["values"]["speed"]
    new = {"was": None, "values": {"speed": "1", "center": ["0", "1"], "width": "0.5"}}
    edited = written(asked(COMMENTED, maxiter="auto", keyframes=[first, second, new]))
    assert edited == COMMENTED.replace("500 ", "auto ").replace(
        "speed: 2         # slow", "time: 4         # slow"
    ).replace(
        "[-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]", "[0.25, 0]"
    ).replace(
        "    hold: 1\n",
        "    hold: 1\n    ease: linear\n  - speed: 1\n    center: [0, 1]\n    width: 0.5\n",
    )


def test_keyframes_take_their_comments_along():
    film = asked(COMMENTED)
    first, second = (each.model_dump() for each in film.keyframes)
    second["values"] = {**second["values"], "time": "0"}
    del second["values"]["speed"]
    first["values"] = {**first["values"], "time": "9"}
    lines = written(asked(COMMENTED, keyframes=[second, first])).splitlines()
    assert (
        lines.index("  # A spiral.")
        < lines.index("    # it rests")
        < lines.index("  # The whole set.")
    )
    assert lines[-1] == "# The end."
    # One that is gone takes them away.
    alone = written(
        asked(COMMENTED, keyframes=[first | {"values": {**first["values"], "time": 0}}])
    )
    assert "# A spiral." not in alone
    assert "# The whole set." in alone


@pytest.mark.parametrize(
    "text",
    [
        "# head\nkeyframes: [{time: 0, center: [0, 0], width: 3}]\n",
        "# head\nkeyframes:\n- &a\n  time: 0\n  center: [0, 0]\n  width: 3\n",
        "# head\nmaxiter: &n 300\nkeyframes:\n- {time: 0, center: [0, 0], width: 3, maxiter: *n}\n",
        "# head\n{maxiter: 300, keyframes: [{time: 0, center: [0, 0], width: 3}]}\n",
        '# head\n"keyframes" :\n  - "time": 0\n    ? center\n    : [0, 0]\n    width: "3"\n',
        "# head\r\nmaxiter: 300\r\nkeyframes:\r\n  - time: 0\r\n    center: [0, 0]\r\n    width: 3\r\n",
        "# head\nkeyframes:\n  - time: 0\n    centre: [0, 0]\n    width: 3",
    ],
)
def test_any_yaml_is_edited_or_written_anew(text):
    film = asked(text)
    first = film.keyframes[0].model_dump()
    first["values"] |= {"width": "2.5", "ease": "linear"}
    more = {"values": {"time": 3, "center": ["1", "1"], "width": "1"}}
    edited = written(asked(text, maxiter=777, colour={"offset": 0.25}, keyframes=[first, more]))
    config = load_config(Path("configs/film.yaml"), edited)
    assert [keyframe.width for keyframe in config.keyframes] == [Decimal("2.5"), Decimal(1)]
    assert (config.keyframes[1].maxiter, config.look.offset) == (777, 0.25)
    assert edited.startswith("# head")


def test_only_what_differs_from_the_defaults_is_said():
    film = asked(
        video={"width": 1280, "height": 720, "fps": 60}, maxiter=5000,
        colour={"palette": "dusk", "offset": 0.0, "layers": [], "light": {}, "bloom": None},
        keyframes=[
            {"values": {"time": "0", "center": ["0", "0"], "width": "3", "rotation": 0,
                        "ease": "smooth", "hold": ""}},
        ],
    )  # fmt: skip  # a film
    assert written(film) == (
        f"{SCHEMA_LINE}\nvideo: {{fps: 60}}\ncolour: {{light: {{}}}}\nkeyframes:\n"
        "  - time: 0\n    center: [0, 0]\n    width: 3\n"
    )


def test_faults_are_told_with_their_places():
    with pytest.raises(ConfigError) as refused:
        written(asked(COMMENTED, maxiter="many", colour={"palet": "dusk"}))
    told = str(refused.value)
    assert "configs/film.yaml:4:10: maxiter: " in told
    assert 'did you mean "palette"?' in told


def test_a_text_that_says_more_than_a_value_stays_a_value():
    with pytest.raises(ConfigError):
        written(asked(COMMENTED, maxiter="500\nrender: {scheduler: tcp://evil:1}"))
    plain = {"name": 'a: b # c\n- "d"', "keyframes": [{"center": ["#1", "{"]}]}
    assert plain_from(text_of(plain)) == plain


def test_views_and_warnings_are_those_of_the_config():
    text = COMMENTED.replace("speed: 2 ", "time: 2 ")
    film = Film.of(asked(text), Path("configs"))
    config = load_config(Path("configs/film.yaml"), text)
    frames = FrameList(config)
    for seconds in map(Fraction, ("0", "0.7", "2", "2.5", "3")):
        assert film.view(seconds) == frames.at(seconds).view
    assert film.view(Fraction(99)) == frames.at(frames.seconds).view
    facts = film.facts()
    expected = [*config.warnings, *too_fast(frames)]
    assert expected
    assert facts["warnings"] == [{"key": each.key, "text": each.message} for each in expected]
    assert json.loads(json.dumps(facts))["times"] == [0, 2]
    assert max(speed for _, speed in facts["speeds"]) > 2.5


pixels = st.integers(-500, 500)
degrees = st.integers(-18_000, 18_000).map(lambda hundredths: hundredths / 100)


@settings(deadline=None, max_examples=50)
@given(st.integers(3, 300), pixels, pixels, st.floats(0.01, 100), degrees, degrees)
def test_what_is_shown_moves_to_where_it_is(depth, right, down, factor, turn, rotation):
    """As a hand that moved it there would have."""
    width = Decimal(f"3.1e-{depth}")
    center = Point(Decimal("-0.7436438870371587047"), Decimal("0.1318259042053119704"))
    shown = View(center, width, Decimal(repr(rotation)), 96, 54)
    move = Move(right, down, factor, turn, at_x=20.0, at_y=31.0)
    motion = motion_between(shown, moved(shown, move))
    a, b = (factor * f(math.radians(turn)) for f in (math.cos, math.sin))
    for x, y in ((0, 0), (96, 54), (20, 31)):
        at_x = motion["a"] * x - motion["b"] * y + motion["x"]
        at_y = motion["b"] * x + motion["a"] * y + motion["y"]
        there_x = a * (x - 20) - b * (y - 31) + 20 + right
        there_y = b * (x - 20) + a * (y - 31) + 31 + down
        # Centres are rounded to a ten-thousandth of a pixel.
        assert math.hypot(at_x - there_x, at_y - there_y) < 0.01


def test_what_lies_far_off_does_not_move():
    shown = View(Point(Decimal(0), Decimal(0)), Decimal(1), Decimal(0), 96, 54)
    for re, width in ((1, "1e-9"), (0, "1e-9"), (0, "1e9")):
        wanted = View(Point(Decimal(re), Decimal(0)), Decimal(width), Decimal(0), 96, 54)
        assert motion_between(shown, wanted) is None


# Files


@pytest.fixture
def files(tmp_path):
    return ConfigFiles(tmp_path / "configs")


def test_a_file_is_never_written_over_unasked(files):
    files.write("mine", "one")
    for before in (None, "", "another"):
        with pytest.raises(ExistsError, match="is there already"):
            files.write("mine", "two", before=before)
    assert files.read("mine") == "one"
    # What was opened is saved again; what changed meanwhile is not lost.
    files.write("mine", "two", before="one")
    with pytest.raises(ExistsError):
        files.write("mine", "three", before="one")
    files.write("mine", "three", over=True)
    assert files.read("mine") == "three"
    assert [path.name for path in files.folder.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../out", "a/b", "/etc/passwd", "a\0b", "a\nb", "x" * 300, "..\\/x"]
)
def test_names_that_lead_elsewhere_are_refused(files, name):
    for act in (lambda: files.write(name, "text", over=True), lambda: files.read(name)):
        with pytest.raises(UsageError):
            act()
    assert not files.folder.exists() or not list(files.folder.iterdir())


def test_links_lead_nowhere(files, tmp_path):
    secret = tmp_path / "secret.yaml"
    secret.write_text("secret")
    files.folder.mkdir()
    (files.folder / "link.yaml").symlink_to(secret)
    (files.folder / "folder.yaml").mkdir()
    os.mkfifo(files.folder / "pipe.yaml")
    assert files.names() == []
    for name in ("link", "folder", "pipe"):
        with pytest.raises(UsageError):
            files.read(name)
        for before in (None, "secret"):
            with pytest.raises(UsageError):
                files.write(name, "text", before=before)
        with pytest.raises(UsageError):
            files.write(name, "text", over=True)
    assert secret.read_text() == "secret"


def test_a_film_is_saved_opened_and_saved_again(tmp_path):
    films = Films(tmp_path / "output", tmp_path / "configs")
    saved = films.save(asked(COMMENTED, "mine"), over=False)
    assert saved["text"] == (tmp_path / "configs" / "mine.yaml").read_text() == COMMENTED
    opened = films.open("mine")
    assert opened["keyframes"][0]["view"]["width"] == "3.5"
    again = films.save(asked(opened["text"], "mine", maxiter="auto"), over=False)
    assert "maxiter: auto" in again["text"]
    with pytest.raises(UsageError, match="a name is missing"):
        films.save(asked(COMMENTED, " "), over=False)
    assert films.listed() == {"configs": ["mine"], "start": None}
    films.close()


def test_a_config_of_another_folder_is_opened_once_and_saved_in_configs(tmp_path):
    path = tmp_path / "elsewhere" / "mine.yaml"
    path.parent.mkdir()
    path.write_bytes(COMMENTED.replace("\n", "\r\n").encode())
    films = Films(tmp_path / "output", tmp_path / "configs", load_config(path))
    assert films.listed() == {"configs": [], "start": "mine"}
    opened = films.open("mine")
    assert "\r\n" in opened["text"]
    films.save(asked(opened["text"], "mine", maxiter=900), over=False)
    assert b"maxiter: 900 " in (tmp_path / "configs" / "mine.yaml").read_bytes()
    assert films.open("mine")["maxiter"] == "900"
    assert b"maxiter: 500 " in path.read_bytes()
    films.close()
