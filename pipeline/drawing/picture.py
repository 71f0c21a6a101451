"""From light to the bytes of a picture: RGB for PNG, Y'CbCr planes for the encoder."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.drawing.transfer import (
    LUMA_WEIGHTS,
    bt2020_from_bt709,
    signal_from_light,
    signal_table,
    srgb_from_light,
)
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.video.encoding import Encoding

# Samples whose light is in memory at once, so that it stays in a core's cache.
_SAMPLES_AT_ONCE = 1 << 15
# Rows after which the dither repeats.
_DITHER_ROWS = 64


def rows_at_once(samples: int) -> int:
    """Return how many rows to draw at once, for a number of samples per row.

    It is even, because two rows may share chroma samples.
    """
    return max(2, _SAMPLES_AT_ONCE // samples // 2 * 2)


def rgb8_from_light(light: NDArray[np.float32], first_row: int) -> NDArray[np.uint8]:
    """Return dithered 8-bit sRGB from linear light, 0 to 1; both of shape (rows, columns, 3)."""
    srgb = srgb_from_light(light) * np.float32(255.0)
    srgb += _dither(first_row, *light.shape[:2])[..., None]
    return np.asarray(np.clip(np.rint(srgb), 0, 255), np.uint8)


def draw_rows(
    light: NDArray[np.float32], first_row: int, encoding: Encoding, frame: NDArray[np.uint8]
) -> None:
    """Draw whole rows of a frame in the encoder's pixel format, see `draw_tile`."""
    draw_tile(light, first_row, 0, encoding, frame, left_of_tiles(light.shape[0]))


def left_of_tiles(rows: int) -> NDArray[np.float32]:
    """Return the argument `left` of `draw_tile` for a tile at the left edge: NaN for none."""
    return np.full((2, rows), np.nan, np.float32)


def draw_tile(
    light: NDArray[np.float32],
    first_row: int,
    first_column: int,
    encoding: Encoding,
    frame: NDArray[np.uint8],
    left: NDArray[np.float32],
) -> None:
    """Draw a tile of a frame in the encoder's pixel format: Y', Cb and Cr, plane after plane.

    Parameters
    ----------
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light, 0 to 1; an even number of rows and of columns.
    first_row, first_column : int
        Position of the tile in the picture; even.
    frame : ndarray of uint8, shape (encoding.frame_bytes,)
        Filled where the tile is.
    left : ndarray of float32, shape (2, rows)
        Colour differences, blue and red, in the column left of the tile; NaN where there is none.
        Overwritten with those of the tile's last column.

    Notes
    -----
    BT.709, limited range, or BT.2020 with PQ for HDR10, or RGB with full range. Chroma of 4:2:0 and
    4:2:2 is sited left, which is the default of MPEG-2 and H.264. Y' is dithered, so that no
    gradient breaks into bands.
    """
    draw = _draw_tile_numba if HAVE_NUMBA else draw_tile_numpy
    planes = planes_of_rows(first_row, light.shape[0], encoding, frame)
    draw(light, first_row, first_column, encoding, planes, left)


def planes_of_rows(
    first_row: int, rows: int, encoding: Encoding, frame: NDArray[np.uint8]
) -> list[NDArray[Any]]:
    """Return views of a frame's three planes, cut to some rows of the picture."""
    across, down = encoding.chroma_step
    samples = frame if encoding.bits == 8 else frame.view("<u2")
    columns, height = encoding.columns // across, encoding.rows // down
    luma = encoding.columns * encoding.rows
    chroma = columns * height
    chroma_rows = np.s_[first_row // down : (first_row + rows) // down]
    return [
        samples[:luma].reshape(encoding.rows, -1)[first_row : first_row + rows],
        samples[luma : luma + chroma].reshape(height, -1)[chroma_rows],
        samples[luma + chroma :].reshape(height, -1)[chroma_rows],
    ]


def _draw_tile_numba(
    light: NDArray[np.float32],
    first_row: int,
    first_column: int,
    encoding: Encoding,
    planes: list[NDArray[Any]],
    left: NDArray[np.float32],
) -> None:
    # Imported here: it loads numba, which takes a fifth of a second, and only workers draw.
    from pipeline.drawing.picture_numba import chroma_rows, luma_rows, signal_rows, value_rows

    rows, _, columns = light.shape
    signal = np.empty((3, rows, columns), np.float32)
    dither = _dither_rows(encoding.columns)
    if encoding.signal == "rgb":
        value_rows(light, signal_table(None), signal)
        largest = np.float32((1 << encoding.bits) - 1)
        # ffmpeg's order: green, blue, red.
        for plane, channel in zip(planes, (1, 2, 0), strict=True):
            luma_rows(
                signal[channel], dither, first_row, first_column, largest, np.float32(0),
                np.float32(0), largest, plane,
            )  # fmt: skip  # in signature order
        return
    red_weight, blue_weight = LUMA_WEIGHTS[encoding.signal]
    if encoding.white_nits is not None:
        light = bt2020_from_bt709(light)
    signal_rows(
        light, signal_table(encoding.white_nits), np.float32(red_weight),
        np.float32(blue_weight), _chroma_scale(blue_weight), _chroma_scale(red_weight), *signal,
    )  # fmt: skip  # in signature order
    scale = np.float32(1 << (encoding.bits - 8))
    bounds = scale, 255 * scale - 1
    luma_rows(
        signal[0], dither, first_row, first_column, 219 * scale, 16 * scale, *bounds, planes[0]
    )
    across, down = encoding.chroma_step
    before = np.where(np.isnan(left), signal[1:, :, 0], left)
    left[:] = signal[1:, :, -1]
    for difference, beside, plane in zip(signal[1:], before, planes[1:], strict=True):
        chroma_rows(
            difference, beside, across, down, first_column // across, scale, np.float32(128),
            *bounds, plane,
        )  # fmt: skip  # in signature order


def _chroma_scale(weight: float) -> np.float32:
    """Return the factor that brings a colour difference to chroma's range, 224 of 255 values."""
    return np.float32(224 / (2 * (1 - weight)))


def draw_tile_numpy(
    light: NDArray[np.float32],
    first_row: int,
    first_column: int,
    encoding: Encoding,
    planes: list[NDArray[Any]],
    left: NDArray[np.float32],
) -> None:
    """Draw a tile as `draw_tile` does with numba, with numpy alone; samples may differ by one."""
    if encoding.white_nits is not None:
        light = bt2020_from_bt709(light)
    values = signal_from_light(light.transpose(0, 2, 1), encoding.white_nits)
    dither = _dither(first_row, values.shape[0], encoding.columns)
    dither = dither[:, first_column : first_column + values.shape[1]]
    if encoding.signal == "rgb":
        largest = (1 << encoding.bits) - 1
        columns = np.s_[:, first_column : first_column + values.shape[1]]
        for plane, channel in zip(planes, (1, 2, 0), strict=True):
            sample = np.rint(values[..., channel] * np.float32(largest) + dither)
            plane[columns] = np.clip(sample, 0, largest)
        return
    red_weight, blue_weight = LUMA_WEIGHTS[encoding.signal]
    weights = np.array([red_weight, 1 - red_weight - blue_weight, blue_weight], np.float32)
    scale = np.float32(1 << (encoding.bits - 8))
    luma = values @ weights
    blue = (values[..., 2] - luma) * _chroma_scale(blue_weight)
    red = (values[..., 0] - luma) * _chroma_scale(red_weight)
    across, down = encoding.chroma_step
    luma = luma * (219 * scale) + dither
    signals = [luma + 16 * scale]
    for chroma, beside in zip((blue, red), left, strict=True):
        before = np.where(np.isnan(beside), chroma[:, 0], beside)[:, None]
        beside[:] = chroma[:, -1]
        if across == 2:
            odd = np.concatenate([before, chroma[:, 1:-1:2]], axis=1)
            chroma = (odd + 2 * chroma[:, ::2] + chroma[:, 1::2]) * np.float32(0.25)
        if down == 2:
            chroma = (chroma[::2] + chroma[1::2]) * np.float32(0.5)
        signals.append((chroma + 128) * scale)
    for signal, plane, step in zip(signals, planes, (1, across, across), strict=True):
        first = first_column // step
        plane[:, first : first + signal.shape[1]] = np.clip(np.rint(signal), scale, 255 * scale - 1)


def _dither(first_row: int, rows: int, columns: int) -> NDArray[np.float32]:
    """Return a fine pattern, -½ to ½, shape (rows, columns), that is the same in every frame."""
    return _dither_rows(columns)[np.arange(first_row, first_row + rows) % _DITHER_ROWS]


@lru_cache(maxsize=2)
def _dither_rows(columns: int) -> NDArray[np.float32]:
    """Return the rows of the pattern, shape (_DITHER_ROWS, columns), which repeat.

    Notes
    -----
    Interleaved gradient noise: J. Jimenez, "Next generation post processing in Call of Duty:
    Advanced Warfare", SIGGRAPH 2014.
    """
    across = 0.06711056 * np.arange(columns)
    down = 0.00583715 * np.arange(_DITHER_ROWS)
    inner = np.add.outer(down, across) % 1.0
    return np.asarray((52.9829189 * inner) % 1.0 - 0.5, np.float32)
