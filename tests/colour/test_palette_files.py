"""Palettes in the files of other programs, small ones by their documented formats."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.colour.palette_files import (
    FILE_ENDINGS,
    MOST_COLOURS,
    PaletteFile,
    PaletteFileError,
    palette_from_file,
)
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config

GGR = """GIMP Gradient
Name: Sunset
2
0.000000 0.250000 0.500000 0.000000 0.000000 0.000000 1.0 1.000000 0.000000 0.000000 1.0 0 0
0.500000 0.750000 1.000000 1.000000 0.000000 0.000000 1.0 1.000000 1.000000 0.000000 1.0 0 0
"""
UGR = """sunset {
gradient:
  title="Sunset" smooth=no
  index=0 color=255
  index=200 color=16711680
opacity:
  smooth=no index=0 opacity=255
}
"""
KFP = "Re: 0\nColors: 0,0,255,0,255,0,255,0,0,\nSmooth: 1\n"

rgb = st.tuples(*[st.integers(0, 255)] * 3)


def colours_from_file(path):
    return palette_from_file(path).colours


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_fractint_maps(tmp_path):
    path = write(tmp_path, "a.map", "0 0 0 black\n 255 128 0\n; a remark\n10 20 30\n")
    assert colours_from_file(path) == ((0, 0, 0), (255, 128, 0), (10, 20, 30))


def test_gimp_palettes(tmp_path):
    text = "GIMP Palette\nName: Two\nColumns: 4\n#\n  1   2   3\tUntitled\n255 254 253\n"
    assert colours_from_file(write(tmp_path, "a.gpl", text)) == ((1, 2, 3), (255, 254, 253))


def test_kalles_fraktaler_s_blue_comes_first(tmp_path):
    for ending in ("kfp", "kfr"):
        path = write(tmp_path, f"a.{ending}", KFP)
        assert colours_from_file(path) == ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def test_ultra_fractal_s_gradients_go_round(tmp_path):
    colours = colours_from_file(write(tmp_path, "a.ugr", UGR))
    assert len(colours) == 400
    assert colours[0] == (255, 0, 0)
    assert colours[200] == (0, 0, 255)
    assert colours[100] == (128, 0, 127)


def test_gimp_gradients_go_there_and_back_where_their_ends_differ(tmp_path):
    colours = colours_from_file(write(tmp_path, "a.ggr", GGR))
    assert len(colours) == 510
    assert colours[0] == (0, 0, 0)
    assert colours[255] == (255, 255, 0)
    assert colours[1:255] == colours[:255:-1]


@pytest.mark.parametrize("blending", range(6))
@pytest.mark.parametrize("model", range(3))
def test_every_blending_of_gimp_starts_and_ends_with_its_colours(tmp_path, blending, model):
    line = f"0 0.3 1 0.2 0.4 0.6 1 0.6 0.2 0.2 1 {blending} {model}"
    path = write(tmp_path, "a.ggr", f"GIMP Gradient\nName: one\n1\n{line}\n")
    colours = colours_from_file(path)
    assert colours[0] == (51, 102, 153)
    assert colours[255] == (153, 51, 51)


def test_a_row_of_pixels(tmp_path):
    row = np.array([[[1, 2, 3], [40, 50, 60], [200, 100, 0]], [[9, 9, 9]] * 3], np.uint8)
    iio.imwrite(tmp_path / "a.png", row)
    assert colours_from_file(tmp_path / "a.png") == ((1, 2, 3), (40, 50, 60), (200, 100, 0))
    iio.imwrite(tmp_path / "b.png", np.zeros((2, 5000), np.uint8))
    assert len(colours_from_file(tmp_path / "b.png")) == MOST_COLOURS


@given(st.lists(rgb, min_size=2, max_size=300))
def test_a_map_holds_what_was_written(tmp_path_factory, colours):
    path = tmp_path_factory.mktemp("map") / "a.map"
    path.write_text("".join(f"{r} {g} {b}\n" for r, g, b in colours))
    assert colours_from_file(path) == tuple(colours)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.map", "0 0 0\n0 300 0\n", "line 2"),
        ("a.map", "1 2 3\n", "1 colours"),
        ("a.gpl", "JASC-PAL\n", "GIMP Palette"),
        ("a.ggr", "GIMP Gradient\nName: x\n1\n0 1 2\n", "line 4"),
        ("a.ggr", "GIMP Gradient\n", "no segments"),
        ("a.ugr", "nothing { }", "gradient"),
        ("a.kfp", "Re: 0\n", "Colors:"),
        ("a.kfp", "Colors: 1,2,x\n", "line 1"),
        ("a.png", "no picture", "no PNG"),
    ],
)
def test_a_malformed_file_is_told_where(tmp_path, name, text, said):
    path = write(tmp_path, name, text)
    with pytest.raises(PaletteFileError, match=said):
        colours_from_file(path)
    config = tmp_path / "zoom.yaml"
    config.write_text(
        f"colour: {{palette: {name}}}\nkeyframes: [{{time: 0, center: [0, 0], width: 4}}]\n"
    )
    with pytest.raises(ConfigError) as error:
        load_config(config)
    assert "zoom.yaml:1:19: colour.palette" in str(error.value)
    assert said in str(error.value)


@given(name=st.sampled_from(FILE_ENDINGS), data=st.binary(max_size=400))
def test_no_bytes_are_more_than_refused(tmp_path_factory, name, data):
    path = tmp_path_factory.mktemp("bytes") / f"a{name}"
    path.write_bytes(data)
    try:
        colours = colours_from_file(path)
    except PaletteFileError:
        return
    assert 2 <= len(colours) <= MOST_COLOURS


def test_a_config_finds_its_palette_beside_itself(tmp_path):
    write(tmp_path, "sunset.ugr", UGR)
    config = tmp_path / "zoom.yaml"
    text = "keyframes: [{time: 0, center: [0, 0], width: 4}]\n"
    config.write_text(f"colour: {{palette: sunset.ugr}}\n{text}")
    assert load_config(config).look.palette == colours_from_file(tmp_path / "sunset.ugr")
    config.write_text(f"colour: {{palette: missing.map}}\n{text}")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(config)
    config.write_text(f"colour: {{palette: cmo.thermal}}\n{text}")
    assert load_config(config).look.palette == "cmo.thermal"


CASES = Path(__file__).parent / "palettes"
THREE = ((0, 0, 0), (120, 40, 200), (255, 255, 255))


@pytest.mark.parametrize("name", ["palette-bom.map", "palette-dos-end.map", "palette-commas.map"])
def test_maps_as_windows_dos_and_spreadsheets_write_them(name):
    assert palette_from_file(CASES / name) == PaletteFile(THREE)


def test_256_is_taken_as_255_and_said(tmp_path):
    (tmp_path / "palette-256.map").write_bytes((CASES / "palette-256.map").read_bytes())
    found = palette_from_file(tmp_path / "palette-256.map")
    assert found.colours == ((0, 0, 0), (120, 40, 255), (255, 255, 255))
    config = write(
        tmp_path, "zoom.yaml",
        "keyframes: [{time: 0, center: [0, 0], width: 4}]\n"
        "colour: {palette: palette-256.map, layers: [{by: stripes, palette: palette-256.map}]}\n",
    )  # fmt: skip  # one file
    (warning,) = load_config(config).warnings
    assert (warning.key, warning.position.line) == ("colour.palette", 2)
    assert "palette-256.map, line 2: 256 is taken as 255" in warning.message
    write(tmp_path, "many.map", "256 0 0\n" * 500)
    assert len(palette_from_file(tmp_path / "many.map").remarks) < 6


def test_an_ultra_fractal_file_of_several_offers_its_gradients(tmp_path):
    path = tmp_path / "several.ugr"
    path.write_bytes((CASES / "several.ugr").read_bytes())
    with pytest.raises(PaletteFileError, match=r"several\.ugr: holds 2 gradients.*first, second"):
        colours_from_file(path)
    first = colours_from_file(tmp_path / "several.ugr#first")
    second = colours_from_file(tmp_path / "several.ugr#second")
    assert (first[0], first[200]) == ((0, 0, 0), (255, 255, 255))
    assert (second[0], second[200]) == ((255, 0, 0), (0, 255, 0))
    with pytest.raises(PaletteFileError, match='no gradient "secnd"; did you mean "second"'):
        colours_from_file(tmp_path / "several.ugr#secnd")


def test_a_gradient_is_named_wherever_a_palette_is(tmp_path):
    (tmp_path / "several.ugr").write_bytes((CASES / "several.ugr").read_bytes())
    text = """\
keyframes: [{time: 0, center: [0, 0], width: 4}, {time: 1, center: [0, 0], width: 1}]
colour:
  palette: several.ugr#second
  interior_palette: "several.ugr#first"
  layers: [{by: distance, palette: several.ugr#first}]
  keyframes: [{time: 0}, {time: 1, palette: several.ugr#first}]
"""
    config = load_config(write(tmp_path, "zoom.yaml", text))
    first = colours_from_file(tmp_path / "several.ugr#first")
    second = colours_from_file(tmp_path / "several.ugr#second")
    look = config.look
    assert (look.palette, look.interior_palette, look.layers[0].palette) == (second, first, first)
    assert [moment.palette for moment in look.moments] == [second, first]
    # A video holds the colours themselves.
    again = tmp_path / "elsewhere"
    again.mkdir()
    assert load_config(write(again, "zoom.yaml", config.text)).look == look
    for name in ("several.ugr", "several.ugr#third"):
        bad = write(tmp_path, "bad.yaml", text.replace("several.ugr#second", name))
        with pytest.raises(ConfigError, match=r"bad\.yaml:3:12: colour\.palette: .*first, second"):
            load_config(bad)


def test_ultra_fractal_s_remarks_texts_and_continued_lines_are_no_colours(tmp_path):
    text = """; gradient: index=1 color=2 } {
one {
gradient:
  title="gradient: { index=7 color=9 }" comments="a; b" smooth=no rotation=-3
  index=-400 color=255 ; index=5 color=5
  index=2\\
00 color=16711680
opacity:
  index=3 opacity=255 index=4 color=4
}
other {
  something=1
}
"""
    assert colours_from_file(write(tmp_path, "a.ugr", text)) == colours_from_file(
        write(tmp_path, "b.ugr", UGR)
    )


def test_a_smooth_gradient_goes_through_its_colours_and_never_beyond(tmp_path):
    knots = {0: 10, 40: 200, 100: 190, 250: 0, 300: 255}
    listed = " ".join(f"index={at} color={value}" for at, value in knots.items())
    colours = {}
    for smooth in ("yes", "no"):
        text = f"a {{\ngradient:\n smooth={smooth} {listed}\n}}\n"
        colours[smooth] = [c[0] for c in colours_from_file(write(tmp_path, "a.ugr", text))]
        assert all(colours[smooth][at] == value for at, value in knots.items())
    assert colours["yes"] != colours["no"]
    assert sorted(colours["yes"][40:101], reverse=True) == colours["yes"][40:101]


@pytest.mark.parametrize(
    ("name", "data", "colours"),
    [
        ("a.map", "0 0 0 schwarz\n1 2 3 grün\n".encode("cp1252"), ((0, 0, 0), (1, 2, 3))),
        ("a.map", "0 0 0\r120 40 200\r255 255 255\r\x1a".encode("utf-16"), THREE),
        ("a.map", b"#000000\n7828c8 violet\n0xff 0xff 0xff\n", THREE),
        ("a.map", b"0\t0\t0;black\r\n120 40 200;1\r\n# 1 1 1\r\n255 255 255 255\r\n\x1a\x1a", THREE),
        ("a.gpl", b"GIMP Palette\nChannels: RGBA\n0 0 0 255 a\n120 40 200 0 b\n255 255 255 9\n", THREE),
        ("a.gpl", b"\xef\xbb\xbfGIMP Palette\r\nName: x\r\n#\r\n0,0,0\r\n120 40 200\r\n255 255 255", THREE),
        ("a.kfr", b"\xef\xbb\xbfRe: 0\r\nColors: 0,0,0,200,40,120,255,255,255,\r\nSmooth: 1\r\n", THREE),
    ],
)  # fmt: skip  # a file a line
def test_palettes_of_many_hands(tmp_path, name, data, colours):
    (tmp_path / name).write_bytes(data)
    assert colours_from_file(tmp_path / name) == colours


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", ((255, 255, 255), (0, 0, 0))),
        ("L", ((200, 200, 200), (10, 10, 10))),
        ("LA", ((200, 200, 200), (10, 10, 10))),
        ("P", ((200, 100, 50), (1, 2, 3))),
        ("RGB", ((200, 100, 50), (1, 2, 3))),
        ("RGBA", ((200, 100, 50), (1, 2, 3))),
        ("I;16", ((200, 200, 200), (10, 10, 10))),
    ],
)  # fmt: skip  # a mode a line
def test_pictures_of_every_kind_of_png(tmp_path, mode, expected):
    values = {
        "1": [1, 0], "L": [200, 10], "LA": [(200, 0), (10, 255)], "P": [1, 0],
        "RGB": [(200, 100, 50), (1, 2, 3)], "RGBA": [(200, 100, 50, 0), (1, 2, 3, 128)],
        "I;16": [200 * 257, 10 * 257],
    }[mode]  # fmt: skip  # a table
    picture = Image.new(mode, (2, 2))
    options = {}
    if mode == "P":
        picture.putpalette([1, 2, 3, 200, 100, 50])
        options = {"transparency": b"\0\x80"}
    for column, value in enumerate(values):
        picture.putpixel((column, 0), value)
    picture.save(tmp_path / "a.png", **options)
    assert colours_from_file(tmp_path / "a.png") == expected


def test_a_png_that_moves_is_its_first_picture(tmp_path):
    pictures = [Image.new("RGB", (3, 1), colour) for colour in ("red", "blue")]
    pictures[0].save(tmp_path / "a.png", save_all=True, append_images=pictures[1:])
    assert colours_from_file(tmp_path / "a.png") == ((255, 0, 0),) * 3
