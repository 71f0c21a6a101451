"""From light to the bytes of a picture: RGB for PNG, Y'CbCr planes for the encoder."""

import math
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
# Samples of a frame that are made smaller at once: a few MB, whatever its size.
_SHRUNK_AT_ONCE = 1 << 18

# Weights of red and blue in luma: ITU-R BT.709-6, item 3.2; BT.2020-2, table 4.
_LUMA_WEIGHTS = {"bt709": (0.2126, 0.0722), "hdr10": (0.2627, 0.0593)}
# From BT.709's primaries to BT.2020's, in linear light: BT.2087-0, annex 1.
_BT2020_FROM_BT709 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32
)
# SMPTE ST 2084, in the words of BT.2100-2, table 4.
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_PQ_NITS = 10_000.0


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
    """Draw some rows of a frame as the encoder takes it, see `draw_tile`."""
    draw_tile(light, first_row, 0, encoding, frame, left_of_tiles(light.shape[0]))


def left_of_tiles(rows: int) -> NDArray[np.float32]:
    """Return what `draw_tile` is told of the column left of a picture's first one: nothing."""
    return np.full((2, rows), np.nan, np.float32)


def draw_tile(
    light: NDArray[np.float32],
    first_row: int,
    first_column: int,
    encoding: Encoding,
    frame: NDArray[np.uint8],
    left: NDArray[np.float32],
) -> None:
    """Draw a part of a frame as the encoder takes it: Y', Cb and Cr, plane after plane.

    Parameters
    ----------
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light, 0 to 1; an even number of rows and of columns.
    first_row, first_column : int
        The place of the part in the picture.
    frame : ndarray of uint8, shape (encoding.frame_bytes,)
        Filled where the part lies.
    left : ndarray of float32, shape (2, rows)
        The colour differences in the column left of the part, NaN where there is none. Is brought
        to the part's last column.

    Notes
    -----
    BT.709, limited range; chroma of 4:2:0 and 4:2:2 is sited left, as MPEG-2 and H.264 take it
    unless told otherwise. Y' is dithered, so that no gradient breaks into bands.
    """
    draw = _draw_tile_numba if HAVE_NUMBA else draw_tile_numpy
    planes = _planes(first_row, light.shape[0], encoding, frame)
    draw(light, first_row, first_column, encoding, planes, left)


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


def _draw_tile_numba(
    light: NDArray[np.float32],
    first_row: int,
    first_column: int,
    encoding: Encoding,
    planes: list[NDArray[Any]],
    left: NDArray[np.float32],
) -> None:
    # Its code needs numba, which takes a fifth of a second to load: only workers do.
    from pipeline.drawing.picture_numba import chroma_rows, luma_rows, signal_rows, value_rows

    rows, _, columns = light.shape
    signal = np.empty((3, rows, columns), np.float32)
    dither = _dither_rows(encoding.columns)
    if encoding.signal == "rgb":
        value_rows(light, _values_of_roots(None), signal)
        largest = np.float32((1 << encoding.bits) - 1)
        # ffmpeg's order: green, blue, red.
        for plane, channel in zip(planes, (1, 2, 0), strict=True):
            luma_rows(
                signal[channel], dither, first_row, first_column, largest, np.float32(0),
                np.float32(0), largest, plane,
            )  # fmt: skip  # in signature order
        return
    red_weight, blue_weight = _LUMA_WEIGHTS[encoding.signal]
    if encoding.white_nits is not None:
        light = _in_bt2020(light)
    signal_rows(
        light, _values_of_roots(encoding.white_nits), np.float32(red_weight),
        np.float32(blue_weight), _scale(blue_weight), _scale(red_weight), *signal,
    )  # fmt: skip  # in signature order
    scale = np.float32(1 << (encoding.bits - 8))
    auto_maxiter = scale, 255 * scale - 1
    luma_rows(
        signal[0],
        dither,
        first_row,
        first_column,
        219 * scale,
        16 * scale,
        *auto_maxiter,
        planes[0],
    )
    across, down = encoding.chroma_step
    before = np.where(np.isnan(left), signal[1:, :, 0], left)
    left[:] = signal[1:, :, -1]
    for difference, beside, plane in zip(signal[1:], before, planes[1:], strict=True):
        chroma_rows(
            difference, beside, across, down, first_column // across, scale, np.float32(128),
            *auto_maxiter, plane,
        )  # fmt: skip  # in signature order


def _scale(weight: float) -> np.float32:
    """Return what brings a colour difference to 224 of 255."""
    return np.float32(224 / (2 * (1 - weight)))


def _in_bt2020(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return light of shape (rows, 3, columns) in BT.2020's primaries."""
    return np.ascontiguousarray(np.einsum("ij,rjc->ric", _BT2020_FROM_BT709, light))


def draw_tile_numpy(
    light: NDArray[np.float32],
    first_row: int,
    first_column: int,
    encoding: Encoding,
    planes: list[NDArray[Any]],
    left: NDArray[np.float32],
) -> None:
    """Do the same with numpy alone; samples may differ by one."""
    if encoding.white_nits is not None:
        light = _in_bt2020(light)
    values = _values(light.transpose(0, 2, 1), encoding.white_nits)
    dither = _dither(first_row, values.shape[0], encoding.columns)
    dither = dither[:, first_column : first_column + values.shape[1]]
    if encoding.signal == "rgb":
        largest = (1 << encoding.bits) - 1
        columns = np.s_[:, first_column : first_column + values.shape[1]]
        for plane, channel in zip(planes, (1, 2, 0), strict=True):
            sample = np.rint(values[..., channel] * np.float32(largest) + dither)
            plane[columns] = np.clip(sample, 0, largest)
        return
    red_weight, blue_weight = _LUMA_WEIGHTS[encoding.signal]
    weights = np.array([red_weight, 1 - red_weight - blue_weight, blue_weight], np.float32)
    scale = np.float32(1 << (encoding.bits - 8))
    luma = values @ weights
    blue = (values[..., 2] - luma) * _scale(blue_weight)
    red = (values[..., 0] - luma) * _scale(red_weight)
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


def rgb8_from_frame(frame: NDArray[np.uint8], encoding: Encoding, most: int) -> NDArray[np.uint8]:
    """Return a frame as the encoder takes it, made smaller, as 8-bit sRGB.

    Every pixel is the mean, of sRGB values, of the part of the picture that it covers, whatever
    shares chroma samples there.

    Parameters
    ----------
    most : int
        The longer side has at most so many pixels; nothing is made larger.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)
        Its sides are to each other as the frame's, to the nearest pixel.
    """
    part = min(1.0, most / max(encoding.columns, encoding.rows))
    rows, columns = (max(1, round(size * part)) for size in (encoding.rows, encoding.columns))
    down, across = (
        np.linspace(0, encoding.rows, rows + 1),
        np.linspace(0, encoding.columns, columns + 1),
    )
    small = np.empty((rows, columns, 3), np.uint8)
    at_once = max(1, _SHRUNK_AT_ONCE * rows // (encoding.columns * encoding.rows))
    for first in range(0, rows, at_once):
        strip = down[first : first + at_once + 1]
        if encoding.white_nits is None:
            # Means of Y'CbCr are those of R'G'B': one is linear in the other.
            rgb = _rgb_from_frame(frame, encoding, strip, across)
        else:
            # Those of PQ are not: they are far too dark.
            own = np.arange(math.floor(strip[0]), math.ceil(strip[-1]) + 1.0)
            pq = _rgb_from_frame(frame, encoding, own, np.arange(encoding.columns + 1.0))
            rgb = _means_across(_means(_srgb_from_pq(pq, encoding), strip - own[0]), across)
        small[first : first + at_once] = np.clip(np.rint(255 * rgb), 0, 255)
    return small


def _rgb_from_frame(
    frame: NDArray[np.uint8],
    encoding: Encoding,
    down: NDArray[np.float64],
    across: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean R'G'B', 0 to 1, of parts of a frame as the encoder takes it.

    `down` and `across` are the parts' edges, in pixels.

    Notes
    -----
    A chroma sample that is sited left stands for as much on either side of the first of the pixels
    that share it; down, for the rows that share it.
    """
    wide, high = encoding.chroma_step
    chroma = down / high, (across + (wide - 1) / 2) / wide
    edges = (down, across), chroma, chroma
    planes = _planes(0, encoding.rows, encoding, frame)
    first, second, third = (
        _means_across(_means(plane, rows), columns)
        for plane, (rows, columns) in zip(planes, edges, strict=True)
    )
    if encoding.signal == "rgb":
        # ffmpeg's order: green, blue, red.
        return np.stack([third, first, second], axis=-1) / ((1 << encoding.bits) - 1)
    red_weight, blue_weight = _LUMA_WEIGHTS[encoding.signal]
    scale = 1 << (encoding.bits - 8)
    luma = (first / scale - 16) / 219
    blue, red = ((part / scale - 128) / 224 for part in (second, third))
    r = luma + 2 * (1 - red_weight) * red
    b = luma + 2 * (1 - blue_weight) * blue
    g = (luma - red_weight * r - blue_weight * b) / (1 - red_weight - blue_weight)
    return np.stack([r, g, b], axis=-1)


def _means(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of values between neighbouring edges along the first axis.

    Of a value with an edge within, its part counts; beyond the last value nothing does.
    """
    edges = np.minimum(edges, len(values))
    first = int(edges[0])
    part = values[first : math.ceil(edges[-1])]
    sums = np.zeros((len(part) + 1, *part.shape[1:]))
    np.cumsum(part, axis=0, out=sums[1:])
    whole = np.minimum((edges - first).astype(np.intp), len(part) - 1)
    alone = (-1, *(1 for _ in part.shape[1:]))
    at_edges = sums[whole] + (edges - first - whole).reshape(alone) * part[whole]
    return np.asarray(np.diff(at_edges, axis=0) / np.diff(edges).reshape(alone))


def _means_across(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of values between neighbouring edges along the second axis."""
    return _means(values.swapaxes(0, 1), edges).swapaxes(0, 1)


def _srgb_from_pq(rgb: NDArray[np.float64], encoding: Encoding) -> NDArray[np.float32]:
    """Return sRGB, 0 to 1, of an HDR picture's R'G'B': white is as bright as its white."""
    assert encoding.white_nits is not None
    index = np.rint(np.clip(rgb, 0, 1) * (_STEPS - 1)).astype(np.uint16)
    light = np.take(_light_of_pq(encoding.white_nits), index)
    linear = light @ np.linalg.inv(_BT2020_FROM_BT709).T.astype(np.float32)
    return _srgb(np.clip(linear, 0, 1))


def _srgb(light: NDArray[np.float32]) -> NDArray[np.float32]:
    index = (light * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.uint16)
    return np.take(_srgb_table(), index)


def _values(light: NDArray[np.float32], white_nits: int | None) -> NDArray[np.float32]:
    """Return what a signal holds for light: sRGB's curve, or PQ's for a white so bright."""
    if white_nits is None:
        return _srgb(light)
    return _pq_from_nits(np.clip(light, 0, 1).astype(np.float64) * white_nits).astype(np.float32)


def _pq_from_nits(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    part = (nits / _PQ_NITS) ** _PQ_M1
    return np.asarray(((_PQ_C1 + _PQ_C2 * part) / (1 + _PQ_C3 * part)) ** _PQ_M2)


def _nits_from_pq(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    part = np.asarray(values, np.float64) ** (1 / _PQ_M2)
    return np.asarray(
        _PQ_NITS * (np.maximum(part - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * part)) ** (1 / _PQ_M1)
    )


@lru_cache(maxsize=2)
def _values_of_roots(white_nits: int | None) -> NDArray[np.float32]:
    """Return a signal's values by the square root of light, in equal steps."""
    from pipeline.drawing.picture_numba import ROOT_STEPS

    light = (np.arange(ROOT_STEPS + 1) / ROOT_STEPS) ** 2
    if white_nits is None:
        return srgb_from_linear(light).astype(np.float32)
    return _pq_from_nits(light * white_nits).astype(np.float32)


@lru_cache(maxsize=2)
def _light_of_pq(white_nits: int) -> NDArray[np.float32]:
    """Return light, 1 where it is as bright as white, by PQ's value, in equal steps."""
    return (_nits_from_pq(np.arange(_STEPS) / (_STEPS - 1)) / white_nits).astype(np.float32)


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
