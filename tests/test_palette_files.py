"""Palettes in the files of other programs, small ones by their documented formats."""

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.colour.palette_files import (
    FILE_ENDINGS,
    MOST_COLOURS,
    PaletteFileError,
    colours_from_file,
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
