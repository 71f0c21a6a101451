"""Locations, colours and videos become configs that can be used, or nothing at all."""

import math
import subprocess
from decimal import Decimal

import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.cli.main import main
from pipeline.colour.oklab import srgb_from_linear
from pipeline.colour.palette import TURN, ramp_from_palette
from pipeline.colour.shade import Shader
from pipeline.config.load import load_config

RE = "-1.7692026523595072889383857467776111524931174128810441858206091009582682358361714060565188"
IM = "-0.0569076698576771144575618177191177937971946160499670677653396147999149822235591500415257"
KFR = f"""Re: {RE}
Im: {IM}
Zoom: 3.34676087434E46
Iterations: 275250
RotateAngle: 30.5
ImagPointsUp: 1
"""
TOML = f'real = "{RE}"\nimag = "{IM}"\nzoom = "3.34676087434E46"\niterations = 275250\n'
TOML += "rotate = -30.5\nglitch_percentage = 0.001\n"
F3 = f'location = {{real = "{RE}", imag = "{IM}", zoom = "3.34676087434E46"}}\n'
F3 += "bailout.iterations = 275250\ntransform.rotate = 390.5\n"
INI = f"[location]\nreal = {RE}\nimag = {IM}\nzoom = 3.34676087434E46\ndepth = 275250\n"


def imported(tmp_path, name, text, *options):
    source, config = tmp_path / name, tmp_path / "made.yaml"
    source.write_text(text)
    assert main(["import", str(source), str(config), *options]) == 0
    return config, load_config(config)


@pytest.mark.parametrize(
    ("name", "text", "rotation", "up"),
    [("a.kfr", KFR, "30.5", 1), ("a.toml", TOML, "30.5", -1), ("a.f3.toml", F3, "30.5", 1), ("a.ini", INI, "0", -1)],
)  # fmt: skip
def test_the_view_is_the_same_and_keeps_its_digits(tmp_path, name, text, rotation, up):
    path, config = imported(tmp_path, name, text)
    first, last = config.keyframes
    im = Decimal(IM) if up > 0 else Decimal(IM.lstrip("-"))
    assert first.center == last.center == (Decimal(RE), im)
    assert RE in path.read_text()
    assert IM.lstrip("-") in path.read_text()
    assert last.maxiter == 275250
    assert last.rotation == Decimal(rotation)
    # 4 / zoom high, in a picture of 16:9.
    assert float(last.width * 9 / 16) == pytest.approx(1.19518e-46, rel=1e-4)
    assert float(first.width * 9 / 16) == pytest.approx(4)
    # 154 octaves at two a second, and a gentle beginning and end.
    assert last.time == 79
    assert not config.warnings


def test_digits_of_the_size_are_kept(tmp_path):
    zoom = "1.23456789012345678901234567890123456789e60"
    _, config = imported(tmp_path, "a.toml", TOML.replace("3.34676087434E46", zoom))
    height = config.keyframes[-1].width * 9 / 16
    assert abs(4 / height / Decimal(zoom) - 1) < Decimal("1e-25")


@pytest.mark.parametrize("zoom", ["1e22522", "1e52465", "1E+100000", "0.001"])
def test_the_deepest_and_the_widest_views_are_zoomed_to(tmp_path, zoom):
    _, config = imported(tmp_path, "a.kfr", KFR.replace("3.34676087434E46", zoom))
    assert abs(config.keyframes[-1].width * Decimal(zoom) * 9 / 64 - 1) < Decimal("1e-20")


def test_nothing_is_overwritten_nor_left_unusable(tmp_path):
    config, _ = imported(tmp_path, "a.kfr", KFR)
    before = config.read_text()
    assert main(["import", str(tmp_path / "a.kfr"), str(config)]) == 2
    assert config.read_text() == before
    far = tmp_path / "far.kfr"
    far.write_text(KFR.replace(RE, "12345"))
    assert main(["import", str(far), str(tmp_path / "new" / "far.yaml")]) == 2
    assert not (tmp_path / "new").exists()
    assert main(["import", str(tmp_path / "nothing.kfr")]) == 2


def test_a_name_or_a_key_of_a_file_writes_no_yaml_and_no_escape_sequences(tmp_path, capsys):
    name = "a\nrender: {workers: 9}\n\x1b[31m#.kfr"
    config, loaded = imported(tmp_path, name, f"{KFR}New\x1b[2J: 1\nMore\x9b: 2\n")
    assert loaded.workers is None
    assert "\x1b" not in config.read_text()
    said = capsys.readouterr()
    assert "New" in said.err
    assert not {"\x1b", "\x9b"} & set(said.err)


# --- colours -------------------------------------------------------------------------------------

KEYS = [(16, 32, 120), (240, 250, 255), (250, 170, 20), (120, 20, 40), (10, 10, 30)]
KALLES = ",".join(f"{blue},{green},{red}" for red, green, blue in KEYS)
COLOURED = f"{KFR}Colors: {KALLES},\nInteriorColor: 30,20,10\nSmooth: 1\n"


def colour_of(look, smooth):
    """Return the colour of an even place with this count."""
    light = Shader(look).light(np.full((3, 3), smooth), 1)
    return (255 * srgb_from_linear(light[1, 1].astype(float))).round().astype(int).tolist()


@pytest.mark.parametrize(
    ("method", "counts_of"),
    [(0, lambda turns: turns), (1, lambda turns: turns**2), (3, lambda turns: math.exp(turns) - 4)],
)
@pytest.mark.parametrize(("division", "offset"), [("1.000000", 0), ("0.02", 300)])
def test_a_palette_lies_along_the_counts_as_in_kalles_fraktaler(
    tmp_path, method, counts_of, division, offset
):
    _, config = imported(
        tmp_path, "a.kfr",
        f"{COLOURED}ColorMethod: {method}\nIterDiv: {division}\nColorOffset: {offset}\n",
    )  # fmt: skip
    assert config.look.interior == (10, 20, 30)
    assert config.look.light is None
    for k, key in enumerate(KEYS):
        # The count, or what the method makes of it, at which its colour is shown.
        entry = 1024 * k / len(KEYS) - offset + (1024 if 1024 * k / len(KEYS) < offset else 0)
        value = float(division) * entry
        if method == 3 and not 3 < value < 300:
            continue
        assert colour_of(config.look, counts_of(value)) == pytest.approx(key, abs=4)


def kalles_distance_colour(method, division, differences, distance):
    """SetColor of Kalles Fraktaler for a place so many pixels of a picture 640 wide from the set."""
    weight = {7: 1.0, 0: 1.414 * 8 / math.pi / math.log(2)}.get(
        differences, 2.8284271247 / math.log(2)
    )
    change = min(weight / distance, 1024)
    value = {5: change, 7: math.log(change + 1), 8: math.sqrt(change)}[method] / division
    place = value % 1024 / 1024 * len(KEYS)
    left, part = int(place), place % 1
    wave = math.sin((part - 0.5) * math.pi) / 2 + 0.5
    return [
        (1 - wave) * a + wave * b
        for a, b in zip(KEYS[left], KEYS[(left + 1) % len(KEYS)], strict=True)
    ]


@pytest.mark.parametrize(
    ("method", "division", "differences"),
    [(7, 0.01, 3), (7, 0.03, 7), (8, 0.1, 0), (5, 0.3, 3)],
)
def test_a_palette_lies_along_the_distance_as_in_kalles_fraktaler(
    tmp_path, method, division, differences
):
    _, config = imported(
        tmp_path, "a.kfr",
        f"{COLOURED}ColorMethod: {method}\nIterDiv: {division}\nDifferences: {differences}\n",
    )  # fmt: skip
    look = config.look
    assert look.by == "distance"
    ramp = 255 * srgb_from_linear(ramp_from_palette(look.palette))
    for ours in (0.7, 2.0, 5.0, 20.0, 300.0):
        shown = ramp[int(TURN * ours / (ours + look.period))]
        # Our picture is 1280 wide.
        wanted = kalles_distance_colour(method, division, differences, ours / 2)
        assert shown == pytest.approx(wanted, abs=12)


def test_slopes_become_a_light_from_the_same_side(tmp_path, capsys):
    slopes = "Slopes: 1\nSlopePower: 50\nSlopeRatio: 30\nSlopeAngle: 45\n"
    _, config = imported(tmp_path, "a.kfr", COLOURED + slopes)
    assert (config.look.light.azimuth, config.look.light.strength) == (135, 0.3)
    assert "SlopePower" in capsys.readouterr().err


@pytest.mark.parametrize("method", [2, 4, 6, 9, 10, 11])
def test_what_has_no_like_is_told_and_still_gives_its_palette(tmp_path, capsys, method):
    more = f"ColorMethod: {method}\nFlat: 1\nMultiColor: 1\nTextureEnabled: 0\n"
    path, config = imported(tmp_path, "a.kfr", COLOURED + more)
    said = capsys.readouterr().err
    assert config.look.scale == "histogram"
    assert config.look.palette == tuple(KEYS)
    for word in (f"ColorMethod: {method}", "Flat", "MultiColor"):
        assert word in said
        assert word in path.read_text()
    assert "Texture" not in said


@pytest.mark.parametrize(
    "lines", ["IterDiv: 0", "IterDiv: 1e99", "ColorOffset: -4", "ColorMethod: 99"]
)
def test_colours_out_of_range_make_no_config_unusable(tmp_path, lines):
    imported(tmp_path, "a.kfr", f"{COLOURED}{lines}\n")


def test_a_file_without_colours_says_so(tmp_path, capsys):
    _, config = imported(tmp_path, "a.kfr", KFR)
    assert "no colours" in capsys.readouterr().err
    assert config.look.palette == "dusk"


def test_a_palette_of_rust_fractal_turns_as_there(tmp_path):
    text = f"{TOML}palette = [0, 0, 0, 250, 120, 40, 0, 0, 0]\npalette_iteration_span = 40\n"
    _, config = imported(tmp_path, "a.toml", f"{text}palette_offset = 0.25\n")
    assert colour_of(config.look, 10) == pytest.approx([250, 120, 40], abs=2)
    assert colour_of(config.look, 30) == [0, 0, 0]


# --- videos --------------------------------------------------------------------------------------

FOREIGN = """\
colour: {palette: [\"#000000\", \"#ffffff\"], interior_palette: /etc/secret.map}
render: {engine: dask, scheduler: 'tcp://203.0.113.1:8786', workers: 200, nice: 3, quality: draft}
keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]
"""


def video_with(path, comment):
    """Make a video of two frames whose comment is this text."""
    tags = path.with_suffix(".tags")
    escaped = "".join(f"\\{c}" if c in "=;#\\\n" else c for c in comment)
    tags.write_text(f";FFMETADATA1\ncomment={escaped}\n", encoding="utf-8")
    subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "color=size=16x16:rate=2:duration=1",
            "-i", str(tags), "-map", "0:v", "-map_metadata", "1", "-y", str(path),
        ],
        check=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_a_video_does_not_choose_whom_to_connect_to(tmp_path, capsys, ending):
    made = tmp_path / "made.yaml"
    assert main(["import", str(video_with(tmp_path / f"a{ending}", FOREIGN)), str(made)]) == 0
    config = load_config(made)
    assert (config.cluster, config.workers, config.nice) == (None, None, 0)
    assert config.quality.name == "draft"
    said = capsys.readouterr().err
    assert "engine, scheduler, workers, nice" in said
    assert "/etc/secret.map" in said
    text = "".join(line for line in made.read_text().splitlines(True) if not line.startswith("#"))
    assert "203.0.113.1" not in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "comment",
    [
        "no config at all",
        "keyframes: [",
        "keyframes: " + "[" * 1000,
        "keyframes: 3",
        "- keyframes",
        "keyframes: [{time: 0, center: [0, 0], width: 1, zoom: 1}]\nkeyframes: []",
        "keyframes: [{time: 0, center: [0, 0], width: '1e-9999999'}]",
        "keyframes: [{time: 0, center: [\"\\e[31m\", 0], width: 1}]\n\"\\e[2J\": 1",
        "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n"
        "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\n"
        "keyframes: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d, *d]",
    ],
)  # fmt: skip
def test_a_video_with_an_unusable_config_leaves_nothing(tmp_path, capsys, comment):
    video = video_with(tmp_path / "a.mp4", comment)
    assert main(["import", str(video), str(tmp_path / "made.yaml")]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "a.tags"}
    said = capsys.readouterr().err
    assert str(video) in said
    assert "made.yaml" not in said
    assert "\x1b" not in said


def test_a_video_is_read_whatever_its_name_means_to_ffmpeg(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = video_with(tmp_path / "other.mp4", FOREIGN.replace("-0.75", "0.125"))
    video_with(tmp_path / "own.mp4", FOREIGN).rename(tmp_path / f"concat:{other.name}")
    assert main(["import", f"concat:{other.name}", "made.yaml"]) == 0
    assert load_config(tmp_path / "made.yaml").keyframes[0].center[0] == Decimal("-0.75")
