"""Film grain: brightness that varies from pixel to pixel, anew in each frame.

Notes
-----
Light is multiplied, all colours alike, so that black stays black and hues stay as they are. The
pattern is Gaussian noise without its slow part, which would be clouds, and without its fastest,
which an encoder drops: it repeats where nobody sees it.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_SIDE = 256
# Size of a grain, as the standard deviation of a Gaussian: in pixels of a picture whose smaller
# side has so many, so that it looks alike in all sizes.
_GRAIN_PX = 0.75
_PICTURE_PX = 1080
# The slow part is what is left by a blur so many times as wide.
_SLOW = 3.0


def add_grain(
    light: Floats, grain: float, frame: int, first_row: int, first_column: int, smaller_side: int
) -> None:
    """Multiply the light of a tile of a frame by the frame's grain, in place.

    Parameters
    ----------
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light.
    grain : float
        Standard deviation of brightness, as a fraction of it.
    frame : int
        Index of the frame, by which the pattern is shifted.
    first_row, first_column : int
        Position of the tile in the frame.
    smaller_side : int
        Number of rows or columns of the picture, whichever are fewer.
    """
    rows, _, columns = light.shape
    # Additive recurrences, so that shifts soon after each other are far apart: M. Roberts, "The
    # unreasonable effectiveness of quasirandom sequences", 2018.
    shift = [int(frame * step * _SIDE) % _SIDE for step in (0.7548776662466927, 0.5698402909980532)]
    down = (np.arange(first_row, first_row + rows) + shift[0]) % _SIDE
    across = (np.arange(first_column, first_column + columns) + shift[1]) % _SIDE
    pattern = _pattern(smaller_side)[down[:, None], across]
    light *= np.maximum(1 + np.float32(grain) * pattern, 0)[:, None]


@lru_cache(maxsize=4)
def _pattern(smaller_side: int) -> Floats:
    """Return noise of mean 0 and standard deviation 1, shape (_SIDE, _SIDE), that tiles."""
    noise = np.random.default_rng(1).standard_normal((_SIDE, _SIDE))
    deviation = _GRAIN_PX * smaller_side / _PICTURE_PX
    cycles = np.hypot(*np.meshgrid(np.fft.fftfreq(_SIDE), np.fft.rfftfreq(_SIDE), indexing="ij"))
    kept = np.exp(-2 * (math.pi * cycles * deviation) ** 2)
    kept *= 1 - np.exp(-2 * (math.pi * cycles * deviation * _SLOW) ** 2)
    grain = np.fft.irfft2(np.fft.rfft2(noise) * kept, s=noise.shape)
    return np.asarray((grain - grain.mean()) / grain.std(), np.float32)
