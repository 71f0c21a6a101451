"""Palettes, the light of pixels, and the bytes of pictures."""

import subprocess
from fractions import Fraction

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.colour.look import Look
from pipeline.colour.oklab import (
    linear_from_oklab,
    linear_from_srgb,
    oklab_from_linear,
    srgb_from_linear,
)
from pipeline.colour.own_palettes import OWN_PALETTES
from pipeline.colour.palette import TURN, palette_fault, turn_from_palette
from pipeline.colour.shade import HALO_ROWS, Shader
from pipeline.drawing import picture
from pipeline.drawing.picture import draw_rows, draw_tile, left_of_tiles, rgb8_from_light
from pipeline.video.encoding import Encoding

unit = st.floats(0, 1)


def look(palette="dusk", scale="linear", period=64.0, **more):
    facts = {"offset": 0.0, "cycle": 0.0, "interior": (0, 0, 0), **more}
    return Look(palette=palette, period=period, scale=scale, **facts)


@given(st.lists(st.tuples(unit, unit, unit), min_size=1, max_size=20))
@settings(deadline=None)
def test_colour_spaces_go_there_and_back(colours):
    srgb = np.array(colours)
    linear = linear_from_srgb(srgb)
    np.testing.assert_allclose(srgb_from_linear(linear), srgb, atol=1e-6)
    np.testing.assert_allclose(linear_from_oklab(oklab_from_linear(linear)), linear, atol=1e-6)


def test_oklab_of_white_is_white():
    np.testing.assert_allclose(oklab_from_linear(np.ones(3)), [1, 0, 0], atol=1e-6)


@pytest.mark.parametrize("name", [*OWN_PALETTES, "twilight", "viridis", "cyclic_mygbm_30_95_c78"])
def test_a_turn_of_any_palette_is_closed_and_even(name):
    turn = turn_from_palette(name)
    assert turn.shape == (TURN, 3)
    assert turn.min() >= 0
    assert turn.max() <= 1
    lab = oklab_from_linear(turn)
    steps = np.linalg.norm(np.diff(np.concatenate([lab, lab[:1]]), axis=0), axis=1)
    # No jump anywhere, nor where the end meets the start.
    assert steps.max() < 0.02


def test_listed_colours_are_met_exactly_and_never_overshot():
    turn = turn_from_palette(((10, 20, 30), (200, 100, 50), (90, 90, 90), (200, 100, 50)))
    srgb = srgb_from_linear(turn) * 255
    np.testing.assert_allclose(srgb[0], [10, 20, 30], atol=0.01)
    np.testing.assert_allclose(srgb[TURN // 4], [200, 100, 50], atol=0.01)
    lightness = oklab_from_linear(turn)[:, 0]
    ends = oklab_from_linear(linear_from_srgb(np.array([[10, 20, 30], [200, 100, 50]]) / 255))[:, 0]
    assert lightness.min() > ends.min() - 1e-6
    assert lightness.max() < ends.max() + 1e-6


def test_unknown_palettes_are_told_with_the_nearest():
    assert palette_fault("magma") is None
    assert 'did you mean "magma"' in palette_fault("magmma")


def test_even_counts_show_the_palette_and_the_interior_its_own_colour():
    smooth = np.full((4, 6), 16.0)
    smooth[:, 3:] = np.nan
    light = Shader(look(interior=(255, 0, 0))).light(smooth, 1)
    np.testing.assert_allclose(light[0, 0], turn_from_palette("dusk")[TURN // 4], atol=1e-5)
    np.testing.assert_allclose(light[0, 5], [1, 0, 0], atol=1e-6)


def test_the_palette_moves_with_time_and_offset():
    smooth = np.full((2, 2), 16.0)
    still = Shader(look(offset=0.25)).light(smooth, 1)
    moving = Shader(look(cycle=0.125).at(2.0)).light(smooth, 1)
    np.testing.assert_array_equal(still, moving)


def test_samples_are_averaged_in_linear_light():
    smooth = np.array([[8.0, 40.0], [8.0, 40.0]])
    shader = Shader(look(period=1e6))
    fine = shader.light(smooth, 1)
    np.testing.assert_allclose(shader.light(smooth, 2)[0, 0], fine.mean(axis=(0, 1)), rtol=1e-6)


def test_noise_shows_the_palette_s_mean_not_noise():
    rng = np.random.default_rng(1)
    shader = Shader(look())
    light = shader.light(rng.uniform(0, 1e7, (64, 64)), 1)
    mean = turn_from_palette("dusk").mean(axis=0)
    assert np.abs(light - mean).max() < 0.02


def test_a_gentle_gradient_stays_as_sharp_as_it_is():
    smooth = np.add.outer(np.zeros(9), np.linspace(10, 12, 40))
    light = Shader(look(period=500)).light(smooth, 1)
    index = np.floor(smooth / 500 * TURN).astype(int)
    np.testing.assert_allclose(light, turn_from_palette("dusk")[index], atol=1e-4)


@pytest.mark.parametrize("supersample", [1, 2, 3])
def test_a_picture_does_not_depend_on_how_its_rows_are_cut(supersample):
    rng = np.random.default_rng(2)
    smooth = np.cumsum(rng.uniform(0, 3, (12 * supersample, 8 * supersample)), axis=0)
    shader = Shader(look())
    whole = shader.light(smooth, supersample)
    cut = 5 * supersample
    top = shader.light(smooth[: cut + HALO_ROWS], supersample, 0, HALO_ROWS)
    bottom = shader.light(smooth[cut - HALO_ROWS :], supersample, HALO_ROWS, 0)
    np.testing.assert_array_equal(np.concatenate([top, bottom]), whole)


@pytest.mark.parametrize("scale", ["linear", "sqrt", "log"])
def test_every_scale_takes_all_counts(scale):
    smooth = np.array([[-2.4, 0.0, 1.0, 2e9, np.nan]])
    light = Shader(look(scale=scale)).light(smooth, 1)
    assert np.isfinite(light).all()


def test_dither_keeps_the_mean_of_a_gradient_that_8_bits_cannot_show():
    light = linear_from_srgb(np.full((64, 64, 3), 100.3 / 255)).astype(np.float32)
    rgb = rgb8_from_light(light, 0)
    assert set(np.unique(rgb)) == {100, 101}
    assert rgb.mean() == pytest.approx(100.3, abs=0.05)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("compiled", [True, False])
def test_tiles_make_the_frame_that_rows_make(compiled, pixel_format, monkeypatch):
    monkeypatch.setattr(picture, "HAVE_NUMBA", compiled and picture.HAVE_NUMBA)
    encoding = Encoding(64, 32, Fraction(30), "h264", 18, pixel_format, "medium")
    light = np.random.default_rng(1).random((32, 3, 64), np.float32)
    whole, tiled = (np.zeros(encoding.frame_bytes, np.uint8) for _ in range(2))
    draw_tile(light, 0, 0, encoding, whole, left_of_tiles(32))
    left = left_of_tiles(32)
    for column, columns in ((0, 24), (24, 2), (26, 38)):
        for row, rows in ((0, 10), (10, 22)):
            tile = np.ascontiguousarray(light[row : row + rows, :, column : column + columns])
            draw_tile(tile, row, column, encoding, tiled, left[:, row : row + rows])
    np.testing.assert_array_equal(tiled, whole)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_planes_are_what_ffmpeg_takes_them_for(pixel_format):
    encoding = Encoding(64, 32, Fraction(30), "h264", 18, pixel_format, "medium")
    smooth = np.add.outer(np.linspace(0, 20, 32), np.linspace(0, 40, 64))
    light = Shader(look()).light(smooth, 1)
    channels = np.ascontiguousarray(light.transpose(0, 2, 1))
    frame = np.zeros(encoding.frame_bytes, np.uint8)
    draw_rows(channels[:16], 0, encoding, frame)
    draw_rows(channels[16:], 16, encoding, frame)
    decoded = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo", "-s", "64x32",
            "-pix_fmt", pixel_format, "-i", "-", "-vf",
            "scale=in_color_matrix=bt709:in_range=tv:out_range=pc:flags=accurate_rnd+full_chroma_int",
            "-pix_fmt", "rgb24", "-f", "rawvideo", "-",
        ],
        input=frame.tobytes(), capture_output=True, check=True,
    ).stdout  # fmt: skip  # the command
    rgb = np.frombuffer(decoded, np.uint8).reshape(32, 64, 3).astype(float)
    # Chroma shared by pixels, 8-bit rounding twice, and dither.
    assert np.abs(rgb - srgb_from_linear(light.astype(float)) * 255).mean() < 2
