"""Transfer functions of video signals, sRGB and PQ, and the constants of their colour spaces."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.oklab import srgb_from_linear
from pipeline.video.pq import nits_from_pq, pq_from_nits

# Entries of the tables over a signal's or light's values.
_STEPS = 1 << 16

LUMA_WEIGHTS = {"bt709": (0.2126, 0.0722), "hdr10": (0.2627, 0.0593)}
"""Weights of red and blue in luma: ITU-R BT.709-6, item 3.2; BT.2020-2, table 4."""
# From BT.709's primaries to BT.2020's, in linear light: BT.2087-0, annex 1.
_BT2020_FROM_BT709 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32
)


def bt2020_from_bt709(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return linear light, shape (rows, 3, columns), in BT.2020's primaries."""
    return np.ascontiguousarray(np.einsum("ij,rjc->ric", _BT2020_FROM_BT709, light))


def srgb_from_light(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return sRGB values from linear light, both 0 to 1, by a table."""
    index = (light * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.uint16)
    return np.take(_srgb_table(), index)


def signal_from_light(light: NDArray[np.float32], white_nits: int | None) -> NDArray[np.float32]:
    """Return a signal's values, 0 to 1, by sRGB's curve, or by PQ's with a brightness of white."""
    if white_nits is None:
        return srgb_from_light(light)
    return pq_from_nits(np.clip(light, 0, 1).astype(np.float64) * white_nits).astype(np.float32)


@lru_cache(maxsize=2)
def signal_table(white_nits: int | None) -> NDArray[np.float32]:
    """Return a signal's values for equal steps of the square root of light, 0 to 1."""
    # It needs numba, see `picture.draw_tile`.
    from pipeline.drawing.picture_numba import ROOT_STEPS

    light = (np.arange(ROOT_STEPS + 1) / ROOT_STEPS) ** 2
    if white_nits is None:
        return srgb_from_linear(light).astype(np.float32)
    return pq_from_nits(light * white_nits).astype(np.float32)


def srgb_from_pq(rgb: NDArray[np.float64], white_nits: int) -> NDArray[np.float32]:
    """Return sRGB values, 0 to 1, of HDR10's R'G'B', shape (…, 3), with white as white."""
    index = np.rint(np.clip(rgb, 0, 1) * (_STEPS - 1)).astype(np.uint16)
    light = np.take(_light_from_pq_table(white_nits), index)
    linear = light @ np.linalg.inv(_BT2020_FROM_BT709).T.astype(np.float32)
    return srgb_from_light(np.clip(linear, 0, 1))


@lru_cache(maxsize=2)
def _light_from_pq_table(white_nits: int) -> NDArray[np.float32]:
    """Return light, 1 at the brightness of white, for equal steps of PQ's value, 0 to 1."""
    return (nits_from_pq(np.arange(_STEPS) / (_STEPS - 1)) / white_nits).astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_table() -> NDArray[np.float32]:
    return srgb_from_linear(np.arange(_STEPS) / (_STEPS - 1)).astype(np.float32)
