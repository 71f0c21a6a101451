"""What kernels return: counts, why each iteration ended, traces and cycles."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, NamedTuple

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


@dataclass(slots=True)
class PointTraces:
    """Traces of points, one-dimensional; where nothing escaped they mean nothing."""

    log2_distance: NDArray[np.float64]
    """log2 of the distance estimate, in the plane."""
    direction: NDArray[np.float64]
    """Turns, 0 to 1, counterclockwise from the real axis: the way away from the set."""
    phase: NDArray[np.float64]
    """Turns, 0 to 1: where the orbit crosses the bailout."""
    stripes: NDArray[np.float64]
    """0 to 1: the stripe average; 0 where it was not asked for."""
    trap: NDArray[np.float64]
    """0 to 1: how near the orbit came to the trap."""

    @staticmethod
    def zeros(size: int) -> "PointTraces":
        """Return the traces of so many points, to be filled."""
        return PointTraces(*(np.zeros(size) for _ in fields(PointTraces)))

    def fill(self, where: NDArray[Any], other: "PointTraces", those: Any = np.s_[:]) -> None:
        """Overwrite some points' traces with others, all of them or those chosen."""
        for part in fields(self):
            getattr(self, part.name)[where] = getattr(other, part.name)[those]


class Cycles(NamedTuple):
    """The attracting cycles of interior points, one-dimensional."""

    period: NDArray[np.int64]
    """0 where none was found."""
    multiplier: NDArray[np.complex128]
    iterations: int
    """Iterations carried out to find them."""


Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Traces:
    """Traces of rows of samples, shape (rows, columns), as colours are made from them.

    Where nothing escaped, the distance is the largest there is and all else but the cycle is 0.
    """

    log2_distance: Floats
    """log2 of the distance estimate, in distances of samples, -120 to 120."""
    direction: Floats
    """Turns, 0 to 1, counterclockwise from the real axis: the way away from the set."""
    phase: Floats
    """Turns, 0 to 1: where the orbit crosses the bailout."""
    stripes: Floats
    """0 to 1: the stripe average."""
    trap: Floats
    """0 to 1: how near the orbit came to the trap."""
    period: NDArray[np.int16] | None = None
    """Period of an interior sample's attracting cycle, counted 1 to 1023 over and over; 0 where
    none was found, and where the sample escapes. None where cycles were not sought."""
    multiplier: Floats | None = None
    """0 to 1: absolute value of that cycle's multiplier."""

    def rows(self, chosen: slice) -> "Traces":
        """Return some of the rows."""
        return self._each(lambda plane: plane[chosen])

    def columns_at(self, columns: NDArray[np.intp]) -> "Traces":
        """Return some of the columns."""
        return self._each(lambda plane: plane[:, columns])

    def _each(self, choose: Callable[[NDArray[Any]], NDArray[Any]]) -> "Traces":
        planes: list[Any] = [None if plane is None else choose(plane) for plane in self._planes()]
        return Traces(*planes)

    def _planes(self) -> tuple[Any, ...]:
        return (
            self.log2_distance, self.direction, self.phase, self.stripes, self.trap,
            self.period, self.multiplier,
        )  # fmt: skip  # in order of the fields

    @staticmethod
    def joined(runs: "list[Traces]") -> "Traces":
        """Return several runs of rows as one."""
        if len(runs) == 1:
            return runs[0]
        each = zip(*(run._planes() for run in runs), strict=True)
        planes: list[Any] = [None if of[0] is None else np.concatenate(of) for of in each]
        return Traces(*planes)
