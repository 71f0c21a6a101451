"""From light to the bytes of a picture: RGB for PNG, Y'CbCr planes for the encoder."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.oklab import srgb_from_linear
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.video.encoding import Encoding

_STEPS = 1 << 16
_SAMPLES_AT_ONCE = 1 << 15
_DITHER_ROWS = 64

# ITU-R BT.709-6, item 3.2.
_KR, _KB = 0.2126, 0.0722
_BLUE_SCALE = np.float32(224 / (2 * (1 - _KB)))
_RED_SCALE = np.float32(224 / (2 * (1 - _KR)))


def rows_at_once(samples: int) -> int:
    """Return how many rows of so many samples are drawn at once: their light stays in the cache.

    An even number, for the chroma of neighbouring rows.
    """
    return max(2, _SAMPLES_AT_ONCE // samples // 2 * 2)


def rgb8_from_light(light: NDArray[np.float32], first_row: int) -> NDArray[np.uint8]:
    """Return 8-bit sRGB, dithered, of light of shape (rows, columns, 3), values 0 to 1."""
    srgb = _srgb(light) * np.float32(255.0)
    srgb += _dither(first_row, *light.shape[:2])[..., None]
    return np.asarray(np.clip(np.rint(srgb), 0, 255), np.uint8)


def draw_rows(
    light: NDArray[np.float32], first_row: int, encoding: Encoding, frame: NDArray[np.uint8]
) -> None:
    """Draw some rows of a frame as the encoder takes it: Y', Cb and Cr, plane after plane.

    Parameters
    ----------
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light, 0 to 1; an even number of rows.
    first_row : int
        The place of the first row in the picture.
    frame : ndarray of uint8, shape (encoding.frame_bytes,)
        Filled where these rows lie.

    Notes
    -----
    BT.709, limited range; chroma of 4:2:0 and 4:2:2 is sited left, as MPEG-2 and H.264 take it
    unless told otherwise. Y' is dithered, so that no gradient breaks into bands.
    """
    draw = _draw_rows_lanes if HAVE_NUMBA else draw_rows_numpy
    draw(light, first_row, encoding, _planes(first_row, light.shape[0], encoding, frame))


def _planes(
    first_row: int, rows: int, encoding: Encoding, frame: NDArray[np.uint8]
) -> list[NDArray[Any]]:
    """Return the parts of a frame's planes where some rows lie."""
    across, down = encoding.chroma_step
    samples = frame if encoding.bits == 8 else frame.view("<u2")
    columns, height = encoding.columns // across, encoding.rows // down
    luma = encoding.columns * encoding.rows
    chroma = columns * height
    part = np.s_[first_row // down : (first_row + rows) // down]
    return [
        samples[:luma].reshape(encoding.rows, -1)[first_row : first_row + rows],
        samples[luma : luma + chroma].reshape(height, -1)[part],
        samples[luma + chroma :].reshape(height, -1)[part],
    ]


def _draw_rows_lanes(
    light: NDArray[np.float32], first_row: int, encoding: Encoding, planes: list[NDArray[Any]]
) -> None:
    # Its code needs numba, which takes a fifth of a second to load: only workers do.
    from pipeline.picture_lanes import chroma_rows, luma_rows, signal_rows

    rows, _, columns = light.shape
    signal = np.empty((3, rows, columns), np.float32)
    signal_rows(
        light, _srgb_of_roots(), np.float32(_KR), np.float32(_KB), _BLUE_SCALE, _RED_SCALE, *signal
    )
    scale = np.float32(1 << (encoding.bits - 8))
    limits = scale, 255 * scale - 1
    dither = _dither(first_row, rows, columns)
    luma_rows(signal[0], dither, 219 * scale, 16 * scale, *limits, planes[0])
    across, down = encoding.chroma_step
    for difference, plane in zip(signal[1:], planes[1:], strict=True):
        chroma_rows(difference, across, down, scale, np.float32(128), *limits, plane)


def draw_rows_numpy(
    light: NDArray[np.float32], first_row: int, encoding: Encoding, planes: list[NDArray[Any]]
) -> None:
    """Do the same with numpy alone; samples may differ by one."""
    srgb = _srgb(light.transpose(0, 2, 1))
    scale = np.float32(1 << (encoding.bits - 8))
    luma = srgb @ np.array([_KR, 1 - _KR - _KB, _KB], np.float32)
    blue = (srgb[..., 2] - luma) * _BLUE_SCALE
    red = (srgb[..., 0] - luma) * _RED_SCALE
    across, down = encoding.chroma_step
    luma *= 219 * scale
    luma += _dither(first_row, *luma.shape)
    signals = [luma + 16 * scale]
    for chroma in (blue, red):
        if across == 2:
            left = np.concatenate([chroma[:, :1], chroma[:, 1:-1:2]], axis=1)
            chroma = (left + 2 * chroma[:, ::2] + chroma[:, 1::2]) * np.float32(0.25)
        if down == 2:
            chroma = (chroma[::2] + chroma[1::2]) * np.float32(0.5)
        signals.append((chroma + 128) * scale)
    for signal, plane in zip(signals, planes, strict=True):
        plane[:] = np.clip(np.rint(signal), scale, 255 * scale - 1)


def _srgb(light: NDArray[np.float32]) -> NDArray[np.float32]:
    index = (light * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.uint16)
    return np.take(_srgb_table(), index)


@lru_cache(maxsize=1)
def _srgb_of_roots() -> NDArray[np.float32]:
    from pipeline.picture_lanes import ROOT_STEPS

    return srgb_from_linear((np.arange(ROOT_STEPS + 1) / ROOT_STEPS) ** 2).astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_table() -> NDArray[np.float32]:
    return srgb_from_linear(np.arange(_STEPS) / (_STEPS - 1)).astype(np.float32)


def _dither(first_row: int, rows: int, columns: int) -> NDArray[np.float32]:
    """Return a fine pattern from -½ to ½, the same in every frame, so that it never crawls."""
    return _dither_rows(columns)[np.arange(first_row, first_row + rows) % _DITHER_ROWS]


@lru_cache(maxsize=2)
def _dither_rows(columns: int) -> NDArray[np.float32]:
    """Return the rows after which the pattern repeats.

    Notes
    -----
    Interleaved gradient noise: J. Jimenez, "Next generation post processing in Call of Duty:
    Advanced Warfare", SIGGRAPH 2014.
    """
    across = 0.06711056 * np.arange(columns)
    down = 0.00583715 * np.arange(_DITHER_ROWS)
    inner = np.add.outer(down, across) % 1.0
    return np.asarray((52.9829189 * inner) % 1.0 - 0.5, np.float32)
