"""Configs: what is read, what is refused, and that every refusal speaks to the person."""

import contextlib
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.colour.look import DEFAULT_PERIOD
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.config.yaml_tree import MAX_NODES
from pipeline.geometry.decimals import canonical_text
from pipeline.timeline.frames import FrameList
from tests.conftest import ROOT

ONE = "keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]\n"
TWO = """\
keyframes:
  - {time: 0, center: [-0.75, 0], width: 3.5}
  - {time: 4, center: [-0.7436, 0.1318], width: 1e-3}
"""

# Each: the config, where the fault stands, and words that its message must hold.
BAD = {
    "empty": ("", "1:1", "keyframes"),
    "only a comment": ("# nothing\n", "1:1", "keyframes"),
    "a list": ("- 1\n- 2\n", "1:1", "keys and values"),
    "a word": ("hello\n", "1:1", "keys and values"),
    "no keyframes": ("maxiter: 100\n", "1:1", "keyframes: is missing"),
    "keyframes empty": ("keyframes: []\n", "1:12", "list of keyframes"),
    "keyframes a word": ("keyframes: none\n", "1:12", "list of keyframes"),
    "a keyframe a word": ("keyframes: [here]\n", "1:13", "keys and values"),
    "unknown section": (ONE + "vidoe: {fps: 30}\n", "2:1", 'did you mean "video"'),
    "unknown key": (ONE + "video: {widht: 640}\n", "2:9", 'did you mean "width"'),
    "unknown colour key": (ONE + "colour: {pallete: dusk}\n", "2:10", 'did you mean "palette"'),
    "unknown keyframe key": (
        "keyframes: [{time: 0, center: [0, 0], width: 1, maxitr: 3}]\n", "1:49", '"maxiter"',
    ),
    "duplicate section": (ONE + "maxiter: 10\nmaxiter: 20\n", "3:1", "again; the first is on line 2"),
    "duplicate key": (ONE + "video: {fps: 30, fps: 60}\n", "2:18", "again"),
    "two spellings": (ONE + "color: {}\ncolour: {}\n", "3:1", "again"),
    "odd width": (ONE + "video: {width: 641}\n", "2:16", "640 or 642"),
    "odd height": (ONE + "video: {height: 361}\n", "2:17", "360 or 362"),
    "width too large": (ONE + "video: {width: 16386}\n", "2:16", "16 to 16384"),
    "width too small": (ONE + "video: {width: 2}\n", "2:16", "16 to 16384"),
    "width a fraction": (ONE + "video: {width: 640.5}\n", "2:16", "not whole"),
    "width a list": (ONE + "video: {width: [640]}\n", "2:16", "is a list"),
    "width a mapping": (ONE + "video: {width: {a: 1}}\n", "2:16", "is a mapping"),
    "width empty": (ONE + "video: {width: }\n", "2:16", "is empty"),
    "fps zero": (ONE + "video: {fps: 0}\n", "2:14", "0.1 to 240"),
    "fps a fraction of zero": (ONE + "video: {fps: 30/0}\n", "2:14", "divides by zero"),
    "fps huge": (ONE + "video: {fps: 1e9}\n", "2:14", "0.1 to 240"),
    "fps nan": (ONE + "video: {fps: .nan}\n", "2:14", "not a number"),
    "unknown codec": (ONE + "video: {codec: h263}\n", "2:16", "h264, h265, av1, vp9"),
    "unknown preset": (ONE + "video: {preset: quick}\n", "2:17", "preset of h264"),
    "unknown pixel format": (ONE + "video: {pixel_format: rgb24}\n", "2:23", "yuv420p"),
    "pixel format of another codec": (
        ONE + "video: {codec: av1, pixel_format: yuv444p}\n", "2:35", "av1 does not encode",
    ),
    "crf too large": (ONE + "video: {crf: 60}\n", "2:14", "0 to 51"),
    "crf negative": (ONE + "video: {crf: -1}\n", "2:14", "0 to 63"),
    "maxiter zero": (ONE + "maxiter: 0\n", "2:10", "1 to 2000000000"),
    "maxiter a fraction": (ONE + "maxiter: 1.5\n", "2:10", "not whole"),
    "maxiter huge": (ONE + "maxiter: 1e12\n", "2:10", "1 to 2000000000"),
    "maxiter a word": (ONE + "maxiter: lots\n", "2:10", "should be auto, or a whole number"),
    "unknown palette": (ONE + "colour: {palette: twiligt}\n", "2:19", 'did you mean "twilight"'),
    "palette of one colour": (ONE + 'colour: {palette: ["#000000"]}\n', "2:19", "2 to 1024"),
    "palette with a wrong colour": (
        ONE + 'colour: {palette: ["#000000", "#12"]}\n', "2:19", '"#12" is not a colour',
    ),
    "colour out of range": (ONE + "colour: {interior: [0, 0, 300]}\n", "2:20", "up to 255"),
    "period zero": (ONE + "colour: {period: 0}\n", "2:18", "1e-6 to 1e9"),
    "unknown scale": (ONE + "colour: {scale: logarithmic}\n", "2:17", "linear, sqrt, log"),
    "no time": ("keyframes: [{center: [0, 0], width: 1}]\n", "1:13", "time: is missing"),
    "first time not zero": (
        "keyframes: [{time: 1, center: [0, 0], width: 1}]\n", "1:20", "the first is 0",
    ),
    "times equal": (TWO.replace("time: 4", "time: 0"), "3:12", "later than"),
    "time negative": ("keyframes: [{time: -1, center: [0, 0], width: 1}]\n", "1:20", "from 0"),
    "time a day": (TWO.replace("time: 4", "time: 90000"), "3:12", "86400"),
    "too many frames": (
        TWO.replace("time: 4", "time: 86400") + "video: {fps: 240}\n", "3:12", "1000000",
    ),
    "speed and time": (TWO.replace("time: 4", "time: 4, speed: 2"), "3:15", "keep one"),
    "speed of the first": (ONE.replace("time: 0", "speed: 1"), "1:14", "write time: 0"),
    "speed without a way": (
        TWO.replace("time: 4", "speed: 2").replace("1e-3", "3.5"), "3:6", "write a time",
    ),
    "speed zero": (TWO.replace("time: 4", "speed: 0"), "3:13", "octaves a second, from 0.001"),
    "neither time nor speed": (TWO.replace("time: 4, ", ""), "3:5", "or speed: 2"),
    "time during a hold": (TWO.replace("width: 3.5", "width: 3.5, hold: 5"), "3:12", "lasts to 5 s"),
    "time before what a speed takes": (
        TWO.replace("time: 4", "speed: 2")
        + "  - {time: 6, center: [0, 0], width: 1}\n", "4:12", "which lasts to 7.",
    ),
    "hold negative": (TWO.replace("width: 3.5", "width: 3.5, hold: -1"), "2:53", "seconds from 0"),
    "no center": ("keyframes: [{time: 0, width: 1}]\n", "1:13", "center: is missing"),
    "center of one": ("keyframes: [{time: 0, center: [1], width: 1}]\n", "1:31", "two numbers"),
    "center a number": ("keyframes: [{time: 0, center: 1, width: 1}]\n", "1:31", "two numbers"),
    "center a word": ("keyframes: [{time: 0, center: [0, up], width: 1}]\n", "1:35", "not a number"),
    "center far off": ("keyframes: [{time: 0, center: [0, 1e9], width: 1}]\n", "1:35", "-1000"),
    "no width": ("keyframes: [{time: 0, center: [0, 0]}]\n", "1:13", "has no width"),
    "width and zoom": (
        "keyframes: [{time: 0, center: [0, 0], width: 1, zoom: 4}]\n", "1:49", "keep one",
    ),
    "width of the view zero": (ONE.replace("3.5", "0"), "1:50", "above 0"),
    "width of the view negative": (ONE.replace("3.5", "-1"), "1:50", "above 0"),
    "width beyond the exponents": (ONE.replace("3.5", "1e-200000"), "1:50", "outside 1e-100000"),
    "accuracy unknown": (ONE + "render: {accuracy: best}\n", "2:20", "exact, fine, draft"),
    "maxiter none": (ONE + "maxiter: 0\n", "2:10", "1 to 2000000000"),
    "unknown ease": (
        "keyframes: [{time: 0, center: [0, 0], width: 1, ease: slow}]\n", "1:55", "in-out",
    ),
    "workers none": (ONE + "render: {workers: 0}\n", "2:19", "1 to 256"),
    "quality unknown": (ONE + "render: {quality: goo}\n", "2:19", 'did you mean "good"'),
    "unknown projection": (ONE + "video: {projection: dome}\n", "2:21", "equirectangular, fisheye, tunnel"),
    "a sphere not twice as wide as high": (
        ONE + "video: {width: 1922, height: 1080, projection: equirectangular}\n", "2:30",
        "take width: 1920 and height: 960",
    ),
    "a sphere of the usual size": (
        ONE + "video: {projection: equirectangular}\n", "2:8", "take width: 1280 and height: 640",
    ),
    "a projection frame by frame": (
        ONE + "video: {projection: fisheye}\nrender: {reuse: frames}\n", "3:17", "take bands or auto",
    ),
    "a projection of a pan": (
        "video: {projection: fisheye}\nkeyframes:\n  - {time: 0, center: [-0.75, 0], width: 0.1}\n"
        "  - {time: 4, center: [0.25, 0], width: 0.1}\n", "4:23", "zoom out between the two",
    ),
    "a tunnel to two targets": (
        "video: {projection: tunnel}\n" + TWO + "  - {time: 8, center: [-0.7436, 0.1319], width: 1e-5}\n",
        "5:23", "the centre of the deepest",
    ),
    "reuse unknown": (ONE + "render: {reuse: rings}\n", "2:17", "bands, frames, auto"),
    "shutter too long": (ONE + "render: {motion_blur: 1.5}\n", "2:23", "0 to 1"),
    "engine unknown": (ONE + "render: {engine: ray}\n", "2:18", "local, dask"),
    "dask without a scheduler": (ONE + "render: {engine: dask}\n", "2:18", "tcp://pi0:8786"),
    "a scheduler without dask": (
        ONE + 'render: {scheduler: "tcp://pi0:8786"}\n', "2:21", "engine: dask",
    ),
    "a scheduler without a port": (
        ONE + "render: {engine: dask, scheduler: pi0}\n", "2:35", "should be like tcp://pi0:8786",
    ),
    "a scheduler that is a program": (
        ONE + 'render: {engine: dask, scheduler: "tcp://pi0:1/$(reboot)"}\n', "2:35", "should be like",
    ),
    "tls without certificates": (
        ONE + 'render: {engine: dask, scheduler: "tls://pi0:8786"}\n', "2:35", "needs security",
    ),
    "certificates that are not there": (
        ONE + "render: {security: {ca: no.pem, certificate: no.pem, key: no.pem}}\n", "2:25", "is no file",
    ),
    "security without a key": (
        ONE + "render: {security: {ca: no.pem, certificate: no.pem}}\n", "2:20", "key: is missing",
    ),
    "not YAML": ("keyframes: [{time: 0\n", "2:1", "not YAML"),
    "a tab": ("keyframes:\n\t- 1\n", "2:1", "not YAML"),
    "a tag": ("keyframes: !!python/object:os.system [1]\n", "1:12", "tag"),
    "two documents": (ONE + "---\n" + ONE, "2:1", "second document"),
    "unknown alias": ("keyframes: *there\n", "1:12", "not"),
    "a key that is a list": (ONE + "? [a]\n: 1\n", "2:3", "key must be a word"),
    "nested without end": ("a: " + "[" * 50_000, "1:12", "nested"),
    "a number of a megabyte": (ONE.replace("3.5", "1." + "1" * 1_000_000), "1:50", "100000 digits"),
    "too many digits": (ONE.replace("3.5", "1." + "1" * 100_001), "1:50", "100000 digits"),
    "an alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{k}: &{k} [{', '.join([f'*{j}'] * 10)}]\n"
            for j, k in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "5:", str(MAX_NODES),
    ),
    "too large a file": (ONE + "#" * 5_000_000, "1:1", "4 MiB"),
}  # fmt: skip  # a config a line where it fits


def refused(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    start = time.process_time()
    with pytest.raises(ConfigError) as caught:
        FrameList(load_config(path))
    return caught.value, time.process_time() - start


@pytest.mark.parametrize("name", BAD)
def test_a_bad_config_is_refused_with_its_place_and_what_would_be_right(tmp_path, name):
    text, place, words = BAD[name]
    error, seconds = refused(tmp_path, text)
    lines = str(error).splitlines()
    start = f"{tmp_path / 'bad.yaml'}:{place}"
    hits = [line for line in lines if line.startswith(start) and words in line]
    assert hits, f"{start} … {words}\n{error}"
    assert all(len(line) < 500 for line in lines)
    assert seconds < 3
    assert error.exit_status == 2


def test_there_are_fifty_bad_configs():
    assert len(BAD) >= 50


def test_all_faults_are_told_at_once_in_the_order_of_the_text(tmp_path):
    text = """\
video: {widht: 640, height: 361}
maxiter: many
keyframes:
  - {time: 0, center: [0, x], width: -1}
  - {time: 0, centre: [0, 0]}
colour: {palette: no such thing}
"""
    error, _ = refused(tmp_path, text)
    keys = [fault.key for fault in error.faults]
    assert keys == [
        "video.widht", "video.height", "maxiter", "keyframes[0].center[1]", "keyframes[0].width",
        "keyframes[1]", "keyframes[1].time", "colour.palette",
    ]  # fmt: skip  # one list


def test_bytes_that_are_no_text_are_refused(tmp_path):
    error, _ = refused(tmp_path, b"maxiter: \xff\xfe\n")
    assert "bad.yaml:1:10: is not UTF-8" in str(error)


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_path_that_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(ConfigError):
        load_config(tmp_path / name)


def loaded(tmp_path, text):
    path = tmp_path / "good.yaml"
    path.write_text(text)
    return load_config(path)


def test_defaults_make_a_still_of_one_keyframe(tmp_path):
    config = loaded(tmp_path, ONE)
    assert (config.encoding.columns, config.encoding.rows, config.encoding.fps) == (1280, 720, 30)
    assert config.encoding.codec == "h264"
    assert config.encoding.crf == 18
    assert config.look.period == DEFAULT_PERIOD[config.look.scale]
    assert config.name == "good"
    assert (config.quality.name, config.reuse, config.motion_blur) == ("good", "auto", 0)


def test_every_digit_counts_quoted_or_not(tmp_path):
    digits = "-0.7436438870371587047521915061147740000000000000000000000000000000000000000000001"
    text = (
        f"keyframes: [{{time: 0, center: [{digits}, '{digits}'], width: 1e-3}}]\n"
        "video: {fps: '29.97'}\n"
    )
    config = loaded(tmp_path, text)
    assert config.keyframes[0].center == (Decimal(digits), Decimal(digits))
    assert config.keyframes[0].width == Decimal("0.001")
    assert config.encoding.fps == Fraction(2997, 100)


def test_both_spellings_are_one(tmp_path):
    british = loaded(tmp_path, ONE.replace("center", "centre") + "colour: {palette: ember}\n")
    american = loaded(tmp_path, ONE + "color: {palette: ember}\n")
    assert (british.look, british.keyframes) == (american.look, american.keyframes)


def test_zoom_is_four_over_the_view_s_height(tmp_path):
    config = loaded(tmp_path, ONE.replace("width: 3.5", "zoom: 1e3"))
    width = config.keyframes[0].width
    assert abs(width * 720 / 1280 * 1000 / 4 - 1) < Decimal("1e-27")


def test_an_alias_is_followed(tmp_path):
    text = (
        "keyframes: [{time: 0, center: &c [-0.75, 0], width: 3}, {time: 1, center: *c, width: 1}]\n"
    )
    config = loaded(tmp_path, text)
    assert config.keyframes[0].center == config.keyframes[1].center


def test_a_fraction_of_frames_a_second_is_exact(tmp_path):
    assert loaded(tmp_path, ONE + "video: {fps: 30000/1001}\n").encoding.fps == Fraction(
        30000, 1001
    )


def test_too_few_digits_are_warned_of(tmp_path):
    text = TWO.replace("-0.7436", "-0.74364388").replace("1e-3", "1e-10")
    config = loaded(tmp_path, text)
    assert [warning.key for warning in config.warnings] == ["keyframes[1].center[0]"]
    assert "has 8 digits after the point" in config.warnings[0].message
    assert "needs 14" in config.warnings[0].message


def test_shipped_configs_have_neither_faults_nor_warnings():
    paths = sorted((ROOT / "configs").glob("*.yaml"))
    assert len(paths) >= 4
    for path in paths:
        assert load_config(path).warnings == ()


numbers = st.decimals(
    min_value=-1000, max_value=1000, allow_nan=False, allow_infinity=False
) | st.builds(
    lambda digits, exponent: Decimal(f"0.{digits}e-{exponent}"),
    st.integers(1, 10**60),
    st.integers(0, 300),
)


@given(numbers, st.sampled_from(["{}", "'{}'", '"{}"']))
@settings(max_examples=80, deadline=None)
def test_numbers_survive_the_round_trip_through_text(tmp_path_factory, number, quotes):
    folder = tmp_path_factory.mktemp("round", numbered=True)
    text = quotes.format(canonical_text(number))
    config = loaded(folder, f"keyframes: [{{time: 0, center: [{text}, 0], width: 1}}]\n")
    assert config.keyframes[0].center[0] == number


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda b: b.decode("latin-1")))
@settings(max_examples=150, deadline=None)
def test_no_text_at_all_ends_in_anything_but_a_config_or_faults(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any", numbered=True) / "any.yaml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    with contextlib.suppress(ConfigError):
        load_config(path)
