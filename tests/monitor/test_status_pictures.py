"""Pictures of the status page: the colours of the frame, at every size and in every format."""

from fractions import Fraction

import imageio.v3 as iio
import numpy as np
import pytest

from pipeline.colour.oklab import linear_from_srgb
from pipeline.drawing.picture import draw_rows
from pipeline.drawing.thumbnail import rgb8_from_frame
from pipeline.video.encoding import PIXEL_FORMATS, Encoding
from pipeline.video.ffmpeg import FrameWriter, frame_at

SIZES = [
    (1920, 1080), (1440, 1080), (1440, 810), (1600, 900), (960, 540), (854, 480), (640, 360),
    (642, 362), (100, 642),
]  # fmt: skip  # odd steps, even ones, fractions, upright
FORMATS = sorted({name for names in PIXEL_FORMATS.values() for name in names})
COLOURS = ([1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 0], [1, 0.55, 0.1], [0.1, 0.4, 0.9])


def edged(columns, rows):
    """A picture with hard coloured edges, upright, level and slanting, sRGB 0 to 1."""
    x = (np.arange(columns) + 0.5)[None, :] / columns
    y = (np.arange(rows) + 0.5)[:, None] / rows
    fields = np.floor(x * 5).astype(int) + 2 * np.floor(y * 3).astype(int) + (x + y > 0.9) * 3
    return np.array(COLOURS)[fields % len(COLOURS)]


def encoding_of(columns, rows, pixel_format, white_nits=None):
    codec = next(name for name, formats in PIXEL_FORMATS.items() if pixel_format in formats)
    codec = "h265" if white_nits else codec
    return Encoding(columns, rows, Fraction(10), codec, 18, pixel_format, "faster", white_nits)


def drawn(srgb, encoding):
    frame = np.empty(encoding.frame_bytes, np.uint8)
    light = linear_from_srgb(srgb).astype(np.float32).transpose(0, 2, 1)
    draw_rows(np.ascontiguousarray(light), 0, encoding, frame)
    return frame


def shares(size, parts):
    """Return what each of `size` pixels gives to each of `parts` means of equal length."""
    edges = np.arange(parts + 1) * size / parts
    own = np.arange(size)
    covered = np.minimum(edges[1:, None], own + 1) - np.maximum(edges[:-1, None], own)
    return np.maximum(covered, 0) * parts / size


def mean_picture(srgb, rows, columns):
    down, across = shares(srgb.shape[0], rows), shares(srgb.shape[1], columns)
    return 255 * np.einsum("ri,ijc,kj->rkc", down, srgb, across, optimize=True)


def check(srgb, encoding, most):
    small = rgb8_from_frame(drawn(srgb, encoding), encoding, most)
    part = min(1, most / max(srgb.shape[:2]))
    assert small.shape == (*(round(size * part) for size in srgb.shape[:2]), 3)
    error = np.abs(small - mean_picture(srgb, *small.shape[:2]))
    # What shares chroma is smeared by a pixel of the frame on either side of an edge: the more, the
    # less a picture is shrunk. Elsewhere nothing but dither and rounding remains.
    if encoding.chroma_step == (1, 1):
        assert error.max() <= 2
        return
    shrunk = max(srgb.shape[:2]) / max(small.shape[:2])
    assert error.max() <= 240 / shrunk
    if min(srgb.shape[:2]) >= 100:
        assert np.median(error) <= 1
        assert error.mean() <= 6
        # On neither side: left and right, above and below are smeared alike.
        assert np.abs((small - mean_picture(srgb, *small.shape[:2])).mean(axis=(0, 1))).max() <= 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("most", [320])
def test_a_picture_of_the_page_is_the_mean_of_the_frame_at_every_size(size, most):
    check(edged(*size), encoding_of(*size, "yuv420p"), most)


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", [(462, 270)])
def test_so_it_is_in_every_pixel_format(size, pixel_format):
    check(edged(*size), encoding_of(*size, pixel_format), 320)


@pytest.mark.parametrize("white_nits", [100, 203, 1000])
@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p10le"])
def test_an_hdr_video_is_shown_in_the_tones_of_any_other(pixel_format, white_nits):
    srgb = edged(854, 480)
    encoding = encoding_of(854, 480, pixel_format, white_nits)
    small = rgb8_from_frame(drawn(srgb, encoding), encoding, 320)
    error = np.abs(small - mean_picture(srgb, *small.shape[:2]))
    assert np.median(error) <= 2
    assert error.mean() < 3


def test_a_sweep_of_colours_is_shown_as_it_is_though_no_size_divides_the_other():
    across = np.linspace(0, 1, 1440)
    srgb = np.stack([across, np.abs(1 - 2 * across), 1 - across], axis=-1)[None].repeat(810, axis=0)
    encoding = encoding_of(1440, 810, "yuv420p")
    small = rgb8_from_frame(drawn(srgb, encoding), encoding, 640)
    assert np.abs(small - mean_picture(srgb, 360, 640)).max() <= 2


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_a_frame_of_the_video_comes_back_as_it_went_in(tmp_path, codec):
    encoding = Encoding(
        320, 180, Fraction(3), codec, 4 if codec == "h264" else None,
        "yuv420p" if codec == "h264" else "gbrp", "faster" if codec == "h264" else None,
    )  # fmt: skip  # in signature order
    frames = [drawn(np.full((180, 320, 3), colour), encoding) for colour in COLOURS]
    path = tmp_path / f"video{encoding.segment_ending}"
    writer = FrameWriter(path, encoding)
    for frame in frames:
        writer.write(frame)
    writer.close()
    for index in (0, 2, len(frames) - 1):
        back = frame_at(path, index, encoding)
        small = rgb8_from_frame(back, encoding, 32)
        assert np.abs(small - 255 * np.array(COLOURS[index])).max() <= 4
    assert frame_at(path, len(frames), encoding) is None


def test_frames_of_a_folder_of_pictures_are_shown_too(tmp_path):
    encoding = encoding_of(64, 48, "gbrp16le")
    srgb = edged(64, 48)
    iio.imwrite(tmp_path / "000003.png", np.rint(srgb * 255).astype(np.uint8))
    back = rgb8_from_frame(frame_at(tmp_path, 3, encoding), encoding, 64)
    assert np.abs(back - srgb * 255).max() <= 2
    assert frame_at(tmp_path, 4, encoding) is None


def test_a_tiny_video_is_shown_as_it_is():
    srgb = np.zeros((16, 16, 3)) + np.array([1, 0.55, 0.1])
    srgb[:, 8:] = [0.1, 0.4, 0.9]
    encoding = encoding_of(16, 16, "yuv420p")
    small = rgb8_from_frame(drawn(srgb, encoding), encoding, 640)
    assert small.shape == (16, 16, 3)
    away = np.r_[0:6, 10:16]
    assert np.abs(small - 255 * srgb)[:, away].max() <= 3
