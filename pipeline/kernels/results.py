"""What kernels return for the points of a row block: counts, and why each iteration ended."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The article's disc of radius 2, which the count refers to, and the larger bailout of the smooth
# count: at |z| > 2**16 the normalisation is continuous to about 2**-30 of an iteration.
RADIUS_SQUARED = 4.0
BAILOUT_SQUARED = 2.0**32

# When a float64 orbit is looked at for an exact repeat (Brent), the same in every kernel so that
# all prove the same points interior: the first HEAD_STEPS are not, then after every BLOCK_STEPS,
# and what it must come back to is renewed after FIRST_CYCLE_BLOCKS, then 2, 4, 8… times as many.
HEAD_STEPS = 16
BLOCK_STEPS = 16
FIRST_CYCLE_BLOCKS = 16


class Outcome(IntEnum):
    """Why a pixel's iteration ended; the values are what the store and `--raw` files hold."""

    ESCAPED = 0
    """The orbit left the disc of radius 2 within `maxiter` checks."""
    INTERIOR = 1
    """Proved never to escape."""
    UNRESOLVED = 2
    """`maxiter` was reached; a larger one may free it."""


@dataclass(slots=True)
class Counts:
    """Escape counts of points, all arrays of one shape."""

    n: NDArray[np.integer[Any]]
    """Steps before \\|z\\| first exceeds 2, from z₁ = c; `maxiter` where it does not."""
    smooth: NDArray[np.float64]
    """The normalised count, NaN where nothing escaped; empty where it was not asked for."""
    outcome: NDArray[np.uint8]
    """Values of :class:`Outcome`."""
    iterations: int
    """Iterations carried out to get these."""
