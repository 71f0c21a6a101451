"""Bloom: a part of the light spreads over its surroundings, as it does in a lens and in the eye.

The light that spreads is taken from a small picture of the whole frame, drawn before the frame.

Notes
-----
The frame becomes a mix of itself and of the small picture after blurring, so that no light is lost
or won and no threshold shows. The blur is the mean of Gaussians, each twice as wide as the one
before, which falls about as the square of the distance, as glare in the eye does: G. Spencer,
P. Shirley, K. Zimmerman, D. Greenberg, "Physically-based glare effects for digital images",
SIGGRAPH 1995.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.choice import HAVE_NUMBA

Floats = NDArray[np.float32]

# The smaller side of the small picture has at most this many pixels. Few enough that of textures
# that are cut only pieces are looked up that every frame has: see `texture.pieces`.
_MOST_PX = 90
# Standard deviations of the Gaussians, in fractions of the picture's smaller side.
_WIDTHS = (0.0125, 0.025, 0.05, 0.1)
_REACH = 2.5


def reduction(rows: int, columns: int) -> int:
    """Return how many pixels along each side one of the small picture covers: a power of two."""
    return 1 << max(0, math.ceil(math.log2(min(rows, columns) / _MOST_PX)))


@dataclass(frozen=True, slots=True)
class Bloom:
    """The light that spreads over a frame."""

    spread: Floats
    """Linear light of the small picture after blurring, with an edge of one pixel around it, shape
    (3, rows + 2, columns + 2)."""
    factor: int
    """Pixels of the frame along each side of one of `spread`."""
    part: float
    """Part of the light that spreads, 0 to 1."""

    @classmethod
    def of(cls, small: Floats, factor: int, part: float, wraps: bool = False) -> "Bloom":
        """Blur a small picture of the frame, of shape (rows, 3, columns).

        `wraps` says whether the last column is the first one's neighbour.
        """
        planes = np.ascontiguousarray(small.transpose(1, 0, 2))
        side = min(planes.shape[1:])
        spread = np.zeros_like(planes)
        for width in _WIDTHS:
            weights = _gaussian(width * side)
            spread += _blurred(_blurred(planes, weights, 1), weights, 2, wraps)
        spread = np.pad(spread, ((0, 0), (1, 1), (0, 0)), mode="edge")
        spread = np.pad(spread, ((0, 0), (0, 0), (1, 1)), mode="wrap" if wraps else "edge")
        return cls(spread / np.float32(len(_WIDTHS)), factor, part)

    def add(self, light: Floats, first_row: int, first_column: int) -> None:
        """Let the light of a tile of the frame bloom, in place; of shape (rows, 3, columns)."""
        add: Callable[..., None] = add_spread_numpy
        if HAVE_NUMBA:
            # Imported here: it loads numba, and only workers draw.
            from pipeline.drawing.bloom_numba import add_spread as add
        add(self.spread, self.factor, np.float32(self.part), first_row, first_column, light)


def add_spread_numpy(
    spread: Floats, factor: int, part: np.float32, first_row: int, first_column: int, light: Floats
) -> None:
    """Do the work of `bloom_numba.add_spread` with numpy alone."""
    rows, _, columns = light.shape
    above, down = _between(first_row, rows, factor)
    left, across = _between(first_column, columns, factor)
    between = spread[:, above] + down[:, None] * (spread[:, above + 1] - spread[:, above])
    between = between[:, :, left] + across * (between[:, :, left + 1] - between[:, :, left])
    light += part * (between.transpose(1, 0, 2) - light)


def _between(first: int, count: int, factor: int) -> tuple[NDArray[np.intp], Floats]:
    """Return the small pixels before some pixels, and the weights of those after, with the edge."""
    position = (np.arange(first, first + count) + 0.5) / factor + 0.5
    before = position.astype(np.intp)
    return before, (position - before).astype(np.float32)


def _blurred(planes: Floats, weights: Floats, axis: int, wraps: bool = False) -> Floats:
    """Return planes averaged with weights along an axis, mirrored at its ends or wrapped."""
    reach, size = len(weights) // 2, planes.shape[axis]
    # As often as need be: a narrow picture is smaller than the widest Gaussian.
    at = np.arange(-reach, size + reach) % (size if wraps else 2 * size)
    padded = np.take(planes, np.minimum(at, 2 * size - 1 - at), axis=axis)
    total = np.zeros_like(planes)
    window = [slice(None)] * 3
    for offset, weight in enumerate(weights):
        window[axis] = slice(offset, offset + size)
        total += weight * padded[tuple(window)]
    return total


@lru_cache(maxsize=16)
def _gaussian(deviation_px: float) -> Floats:
    reach = math.ceil(_REACH * deviation_px)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(deviation_px, 1e-6)) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)


class Small:
    """A small picture of a frame, made of its rows from top to bottom."""

    def __init__(self, rows: int, columns: int) -> None:
        self.factor = reduction(rows, columns)
        self._starts = np.arange(0, columns, self.factor)
        self._widths = np.diff(self._starts, append=columns).astype(np.float32)
        self.light = np.zeros((-(-rows // self.factor), 3, len(self._starts)), np.float32)
        """Linear light; whole once all rows are added."""
        self._heights = np.diff(np.arange(0, rows, self.factor), append=rows)

    def add(self, light: Floats, first_row: int) -> None:
        """Add some rows of the frame, of shape (rows, 3, columns)."""
        means = np.add.reduceat(light, self._starts, axis=2) / self._widths
        for row, mean in enumerate(means, first_row):
            own = row // self.factor
            self.light[own] += mean / np.float32(self._heights[own])
