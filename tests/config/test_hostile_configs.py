"""Configs that were made to do harm: refused at once, in words, at their place."""

import os
import socket
import time
import tracemalloc

import pytest

from pipeline.config.fault import MOST_TOLD, ConfigError
from pipeline.config.load import load_config
from pipeline.timeline.frames import FrameList
from tests.config.test_config import ONE, TWO, refused

NINES = "9" * 5000

# Each: the config, where the fault stands, and words that its message must hold.
HOSTILE = {
    "a later time that is nan": (TWO.replace("time: 4", "time: nan"), "3:12", "not a number"),
    "a later time that is .nan": (TWO.replace("time: 4", "time: .nan"), "3:12", "not a number"),
    "a later time that signals": (TWO.replace("time: 4", "time: sNaN"), "3:12", "not a number"),
    "a later time that is infinite": (TWO.replace("time: 4", "time: -inf"), "3:12", "not a number"),
    "a time in between that is nan": (
        TWO.replace("time: 4", "time: nan") + "  - {time: 2, center: [0, 0], width: 1}\n",
        "3:12", "not a number",
    ),
    "a colour keyframe at nan": (
        ONE + "colour: {keyframes: [{time: 0}, {time: nan}]}\n", "2:40", "not a number",
    ),
    "a time too fine": (TWO.replace("time: 4", "time: 1e-5000"), "3:12", "after the point"),
    "a time of many digits": (TWO.replace("4,", f"4.{NINES},"), "3:12", "after the point"),
    "a time in a list": (TWO.replace("time: 4", "time: [4]"), "3:12", "is a list"),
    "a codec in a list": (ONE + "video: {codec: [h264]}\n", "2:16", "is a list"),
    "a codec that is a mapping": (ONE + "video: {codec: {h264: 1}}\n", "2:16", "is a mapping"),
    "a pixel format in a list": (ONE + "video: {pixel_format: [gbrp]}\n", "2:23", "is a list"),
    "a preset in a list": (ONE + "video: {preset: [slow]}\n", "2:17", "is a list"),
    "a crf of digits": (ONE + f"video: {{crf: {NINES}}}\n", "2:14", "0 to 63"),
    "a width of digits": (ONE + f"video: {{width: {NINES}}}\n", "2:16", "16 to 16384"),
    "a rate over a billion": (ONE + "video: {fps: 1/1e9}\n", "2:14", "not a number"),
    "a rate of tiny parts": (ONE + "video: {fps: 1/999999999}\n", "2:14", "0.1 to 240"),
    "a rate of many digits": (ONE + f"video: {{fps: 24.{NINES}}}\n", "2:14", "after the point"),
    "a rotation without end": (ONE.replace("width", "rotation: .inf, width"), "1:53", "not a number"),
    "a rotation of an exponent": (
        ONE.replace("width", "rotation: 1e999999999, width"), "1:53", "outside",
    ),
    "a rotation beyond digits": (
        ONE.replace("width", "rotation: 1e9999999999, width"), "1:53", "not a number",
    ),
    "a center of 100001 digits": (
        ONE.replace("-0.75", "0." + "7" * 100_001), "1:32", "more than 100000 digits",
    ),
    "a center of an exponent": (ONE.replace("-0.75", "1e-999999999"), "1:32", "outside"),
    "a maxiter of an exponent": (ONE + "maxiter: 1e999999999\n", "2:10", "outside"),
    "a colour of an exponent": (
        ONE + "colour: {palette: [" + "[1e99999, 0, 0], " * 1000 + "]}\n", "2:19", "up to 255",
    ),
    "NUL in a palette": (ONE + 'colour: {palette: "a\\0.map"}\n', "2:19", "no file's name has"),
    "a long name": (ONE + f"colour: {{palette: {'a' * 5000}.map}}\n", "2:19", "name too long"),
    "a long certificate": (
        ONE + f"render: {{security: {{ca: {'a' * 5000}, certificate: a, key: b}}}}\n", "2:25", "is no file",
    ),
    "a surrogate": (ONE + 'colour: {palette: "\\ud800.map"}\n', "2:22", "this is not YAML"),
    "a boolean": (ONE + "video: {fps: yes}\n", "2:14", "not a number"),
    "a boolean for a section": (ONE + "colour: off\n", "2:9", "keys and values"),
    "null": (ONE + "video: {width: null}\n", "2:16", "not a number"),
    "null for a list": ("keyframes: ~\n", "1:12", "list of keyframes"),
    "a date": (ONE + "maxiter: 2001-01-01\n", "2:10", "not a number"),
    "a sexagesimal": (ONE + "maxiter: 1:30\n", "2:10", "not a number"),
    "hexadecimal": (ONE + "maxiter: 0x10\n", "2:10", "not a number"),
    "octal": (ONE + "maxiter: 0o17\n", "2:10", "not a number"),
    "other digits": (ONE + "maxiter: ٣٠\n", "2:10", "not a number"),
    "a merge key": ("<<: {maxiter: 3}\n" + ONE, "1:1", "is not a key here"),
    "a tag": (ONE + "maxiter: !!python/object/apply:os.system [ls]\n", "2:10", "leave it out"),
    "two documents": (ONE + "---\n" + ONE, "2:1", "a second document"),
    "a key that is a list": ("? [a]\n: 1\n" + ONE, "1:3", "must be a word"),
    "an alias of itself": ("a: &a [*a]\n" + ONE, "1:8", "stands for nothing"),
    "an alias of nothing": (ONE + "maxiter: *a\n", "2:10", "stands for nothing"),
    "a BOM within": (ONE.replace("0, center", "0\ufeff, center"), "1:20", "not a number"),
    "a control character": (ONE + "maxiter: 1\x07\n", "2:11", "U+0007 is not allowed"),
    "NUL": (ONE + "maxiter: 1\x00\n", "2:11", "not YAML"),
    "carriage returns alone": ("maxiter: 3\rvideo: {wdth: 3}\r" + ONE, "2:9", '"width"'),
    "UTF-16": (ONE.encode("utf-16"), "1:1", "not UTF-8"),
    "half a character": (ONE.encode() + b"maxiter: \xe2\x82\n", "2:10", "not UTF-8"),
    "a mapping for keyframes": ("keyframes: {time: 0}\n", "1:12", "list of keyframes"),
    "a list for a section": (ONE + "video: [1]\n", "2:8", "keys and values"),
    "a mapping for layers": (ONE + "colour: {layers: {by: trap}}\n", "2:18", "list of layers"),
    "a list for a layer": (ONE + "colour: {layers: [[1]]}\n", "2:19", "keys and values"),
    "a list for a light": (ONE + "colour: {light: [1]}\n", "2:17", "keys and values"),
    "a version to come": ("%YAML 9.9\n---\n" + ONE, "1:1", "not YAML"),
    "a million deep frames": (
        ONE.replace("}]", "}, {time: 4000, center: [0, 1], width: 1e-9000}]")
        + "video: {fps: 240}\nrender: {reuse: frames}\n", "3:17", "take bands",
    ),
    "a palette elsewhere": (ONE + "colour: {palette: ../../../../dev/null.map}\n", "2:19", "No such file"),
}  # fmt: skip  # a config a line where it fits


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_config_holds_is_refused_at_its_place(tmp_path, name):
    text, place, words = HOSTILE[name]
    error, _ = refused(tmp_path, text)
    start = f"{tmp_path / 'bad.yaml'}:{place}"
    lines = str(error).splitlines()
    assert [line for line in lines if line.startswith(start) and words in line], str(error)
    assert all(len(line) < 600 for line in lines)
    assert error.exit_status == 2


def written(tmp_path, text):
    path = tmp_path / "good.yaml"
    path.write_text(text)
    return path


def test_a_zero_with_an_exponent_is_zero(tmp_path):
    # As an exact number it would have a billion digits beside any other.
    for zero in ("0e-999999999", "0e999999999", "-0.0e-99999999"):
        text = TWO.replace("[-0.7436, 0.1318]", f"[{zero}, {zero}]")
        frames = FrameList(load_config(written(tmp_path, text)))
        assert frames[len(frames) - 1].view.center[0] == 0


@pytest.mark.parametrize(
    "text",
    [
        # Twenty lines that stand for 1e20 values.
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"b{k}: &a [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n" for k in range(20)) + ONE,
        # A few values, each of a tenth of a megabyte.
        f'x: &x "0.{"7" * 99_000}"\nkeyframes:\n'
        + "".join(f"  - {{time: {k}, center: [*x, *x], width: 1}}\n" for k in range(5000)),
        "[" * 500_000,
        "{a: " * 500_000,
        "- " * 500_000,
        "? " * 500_000,
        ONE + "".join(f"k{k}: 1\n" for k in range(45_000)),
        "keyframes:\n" + "  - {time: 0, cnter: [0, 0], wdth: 1}\n" * 9000,
        ONE + "colour: {layers: [" + "{by: x}, " * 20_000 + "]}\n",
        ONE + "colour: {palette: [" + "x, " * 90_000 + "]}\n",
        ONE + "x: " + "&a " * 100_000 + "1\n",
        ONE + "#" * 5_000_000,
    ],
)  # fmt: skip  # a config a line
def test_a_large_config_costs_little_and_says_little(tmp_path, text):
    path = written(tmp_path, text)
    start = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    # A second on the machine where it was measured; the bound is for slower ones.
    assert time.process_time() - start < 6
    assert len(str(caught.value).splitlines()) <= MOST_TOLD + 1
    assert len(str(caught.value)) < 100_000


def test_aliases_do_not_multiply_memory(tmp_path):
    text = f'x: &x "0.{"7" * 99_000}"\nkeyframes:\n' + "".join(
        f"  - {{time: {k}, center: [*x, *x], width: 1}}\n" for k in range(5000)
    )
    path = written(tmp_path, text)
    tracemalloc.start()
    with pytest.raises(ConfigError, match="aliases followed"):
        load_config(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


def test_a_config_that_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "file").write_text("")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(tmp_path / "socket.yaml"))
        for name, said in (
            ("pipe.yaml", "is a pipe"), ("device.yaml", "is a device"), ("socket.yaml", "is a socket"),
            ("folder.yaml", "is a folder"), ("loop.yaml", "cannot be read"),
            ("file/a.yaml", "cannot be read"), ("a" * 5000 + ".yaml", "cannot be read"),
            ("a\0b.yaml", "cannot be read"), ("none.yaml", "no such file"),
        ):  # fmt: skip  # a file a line
            with pytest.raises(ConfigError, match=said) as caught:
                load_config(tmp_path / name)
            assert caught.value.exit_status == 2


def test_a_palette_that_changes_while_it_is_read_is_read_once(tmp_path, monkeypatch):
    # As a pipe can be read only once; the file stands for one that is being saved.
    (tmp_path / "a.map").write_text("0 0 0\n1 2 3\n")
    path = written(tmp_path, ONE + "colour: {palette: a.map}\n")
    reads = []
    real = os.open
    monkeypatch.setattr(os, "open", lambda *a, **k: (reads.append(str(a[0])), real(*a, **k))[1])
    config = load_config(path)
    assert reads.count(str(tmp_path / "a.map")) == 1
    assert '"#010203"' in config.text.replace("'", '"')
