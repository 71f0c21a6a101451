"""Frames made smaller, from the bytes that the encoder takes to 8-bit sRGB."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.drawing.picture import planes_of_rows
from pipeline.drawing.transfer import LUMA_WEIGHTS, srgb_from_pq
from pipeline.video.encoding import Encoding

# Samples of a frame that are made smaller at once: a few MB, whatever the size of the frame.
_SAMPLES_AT_ONCE = 1 << 18


def rgb8_from_frame(frame: NDArray[np.uint8], encoding: Encoding, most: int) -> NDArray[np.uint8]:
    """Return a frame in the encoder's pixel format, made smaller, as 8-bit sRGB.

    Every pixel is the mean, of sRGB values, of the area of the picture that it covers, however
    pixels share chroma samples there.

    Parameters
    ----------
    most : int
        Largest length of the longer side, in pixels; nothing is made larger.

    Returns
    -------
    ndarray of uint8, shape (rows, columns, 3)
        Of the frame's aspect ratio, to the nearest pixel.
    """
    scale = min(1.0, most / max(encoding.columns, encoding.rows))
    rows, columns = (max(1, round(size * scale)) for size in (encoding.rows, encoding.columns))
    down, across = (
        np.linspace(0, encoding.rows, rows + 1),
        np.linspace(0, encoding.columns, columns + 1),
    )
    small = np.empty((rows, columns, 3), np.uint8)
    at_once = max(1, _SAMPLES_AT_ONCE * rows // (encoding.columns * encoding.rows))
    for first in range(0, rows, at_once):
        strip = down[first : first + at_once + 1]
        if encoding.white_nits is None:
            # Means of Y'CbCr are those of R'G'B': one is linear in the other.
            rgb = _rgb_from_frame(frame, encoding, strip, across)
        else:
            # Means of PQ are not: they are far too dark.
            own = np.arange(math.floor(strip[0]), math.ceil(strip[-1]) + 1.0)
            pq = _rgb_from_frame(frame, encoding, own, np.arange(encoding.columns + 1.0))
            srgb = srgb_from_pq(pq, encoding.white_nits)
            rgb = _means_across(_means(srgb, strip - own[0]), across)
        small[first : first + at_once] = np.clip(np.rint(255 * rgb), 0, 255)
    return small


def _rgb_from_frame(
    frame: NDArray[np.uint8],
    encoding: Encoding,
    down: NDArray[np.float64],
    across: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean R'G'B', 0 to 1, of areas of a frame in the encoder's pixel format.

    `down` and `across` are the edges of the areas, in pixels.

    Notes
    -----
    A chroma sample that is sited left is centred on the first of the pixels of a row that share it;
    vertically it is centred between the rows that share it.
    """
    wide, high = encoding.chroma_step
    chroma = down / high, (across + (wide - 1) / 2) / wide
    edges = (down, across), chroma, chroma
    planes = planes_of_rows(0, encoding.rows, encoding, frame)
    first, second, third = (
        _means_across(_means(plane, rows), columns)
        for plane, (rows, columns) in zip(planes, edges, strict=True)
    )
    if encoding.signal == "rgb":
        # ffmpeg's order: green, blue, red.
        return np.stack([third, first, second], axis=-1) / ((1 << encoding.bits) - 1)
    red_weight, blue_weight = LUMA_WEIGHTS[encoding.signal]
    scale = 1 << (encoding.bits - 8)
    luma = (first / scale - 16) / 219
    blue, red = ((samples / scale - 128) / 224 for samples in (second, third))
    r = luma + 2 * (1 - red_weight) * red
    b = luma + 2 * (1 - blue_weight) * blue
    g = (luma - red_weight * r - blue_weight * b) / (1 - red_weight - blue_weight)
    return np.stack([r, g, b], axis=-1)


def _means(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of values between neighbouring edges along the first axis.

    A value that an edge divides counts by its fraction; beyond the last value nothing counts.
    """
    edges = np.minimum(edges, len(values))
    first = int(edges[0])
    covered = values[first : math.ceil(edges[-1])]
    sums = np.zeros((len(covered) + 1, *covered.shape[1:]))
    np.cumsum(covered, axis=0, out=sums[1:])
    whole = np.minimum((edges - first).astype(np.intp), len(covered) - 1)
    along_first = (-1, *(1 for _ in covered.shape[1:]))
    at_edges = sums[whole] + (edges - first - whole).reshape(along_first) * covered[whole]
    return np.asarray(np.diff(at_edges, axis=0) / np.diff(edges).reshape(along_first))


def _means_across(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of values between neighbouring edges along the second axis."""
    return _means(values.swapaxes(0, 1), edges).swapaxes(0, 1)
