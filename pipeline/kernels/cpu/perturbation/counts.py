"""Count escapes at any depth: perturbation of one reference orbit, by stretches, in lane groups."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.float64.smooth import fill_smooth_counts
from pipeline.kernels.cpu.perturbation.arguments import Results, orbit_arrays, table_arrays
from pipeline.kernels.cpu.perturbation.lane_groups import iterate_tile
from pipeline.kernels.jit import compiled
from pipeline.kernels.reference import Approximation, Reference
from pipeline.kernels.results import BAILOUT_SQUARED, Counts, Outcome

_ESCAPED = np.uint8(Outcome.ESCAPED)

# Pixels across and down that share lane groups: near enough to go alike, enough to fill the lanes.
TILE_COLUMNS = 128
TILE_ROWS = 64
# Steps from radius 2 to the bailout that nearly all pixels need at most.
_TOGETHER = 6
# And more than any needs: an orbit that float64's roundings keep at 2 must not hold up all others.
_MOST = 1 << 10


@dataclass(slots=True)
class Walk:
    """Ends of the points' walks along the reference, one-dimensional."""

    n: NDArray[np.int32]
    outcome: NDArray[np.uint8]
    c_re: NDArray[np.float64]
    c_im: NDArray[np.float64]
    """The points themselves, in float64."""
    last_re: NDArray[np.float64]
    last_im: NDArray[np.float64]
    """The first value beyond radius 2 by what float64 can tell, of points that escape."""
    last_n: NDArray[np.int32]
    """Its index, counted like n."""
    last_slope: NDArray[np.float64]
    """Shape (2, points): its derivative by the offset; empty where it was not followed."""
    iterations: int

    @staticmethod
    def begun(
        reference: Reference,
        approximation: Approximation,
        w_re: NDArray[np.float64],
        w_im: NDArray[np.float64],
        maxiter: int,
        settled: NDArray[np.uint8] | None,
        slopes: bool,
    ) -> "Walk":
        """Return the walk before any step; parameters as for :func:`walk`."""
        size = w_re.size
        scale = math.ldexp(1.0, max(approximation.offset_exponent, -1074))
        return Walk(
            n=np.full(size, maxiter, np.int32),
            outcome=np.empty(size, np.uint8) if settled is None else settled.copy(),
            c_re=reference.z[1, 0] + (w_re * scale).reshape(-1),
            c_im=reference.z[1, 1] + (w_im * scale).reshape(-1),
            last_re=np.zeros(size),
            last_im=np.zeros(size),
            last_n=np.zeros(size, np.int32),
            last_slope=np.zeros((2, size if slopes else 0)),
            iterations=0,
        )

    def fill(self, points: NDArray[np.intp], ends: Results) -> None:
        """Take the results of some points, which are in their order."""
        self.n[points] = ends.n
        self.outcome[points] = ends.outcome
        self.last_re[points] = ends.last_re
        self.last_im[points] = ends.last_im
        self.last_n[points] = ends.last_n
        if self.last_slope.size:
            self.last_slope[:, points] = ends.last_slope

    def counts(self, smooth: bool = True) -> Counts:
        """Return the counts, the smooth ones only if they are needed."""
        nu = np.empty(self.n.size if smooth else 0)
        if smooth:
            norm2 = np.empty(self.n.size)
            steps = self.last_n.copy()
            re, im = self.last_re.copy(), self.last_im.copy()
            _to_bailout(self.outcome, re, im, self.c_re, self.c_im, steps, norm2)
            fill_smooth_counts(self.outcome, steps, norm2, nu)
        return Counts(self.n, nu, self.outcome, self.iterations)


def walk(
    reference: Reference,
    approximation: Approximation,
    w_re: NDArray[np.float64],
    w_im: NDArray[np.float64],
    maxiter: int,
    settled: NDArray[np.uint8] | None = None,
    slopes: bool = False,
) -> Walk:
    """Follow the points until each escapes, is proved interior or reaches maxiter.

    Parameters
    ----------
    reference : Reference
    approximation : Approximation
        The table of that reference.
    w_re, w_im : ndarray of float64, shape (rows, columns)
        The points less the reference, divided by 2^(approximation.offset_exponent): real and
        imaginary parts of absolute value 1 at most.
    maxiter : int
        The number of checks, 1 to 2**31 - 1.
    settled : ndarray of uint8, optional
        Outcomes that are known, point by point; only those that are escapes are counted.
    slopes : bool
        Whether to follow the derivative, too. All else is the same with it, bit by bit.

    Returns
    -------
    Walk
        Row after row. Equal for equal arguments; the points of a tile of
        TILE_COLUMNS × TILE_ROWS, counted from the first point, share lane groups, so that other
        cuts may differ in rounding.
    """
    orbit, table = orbit_arrays(reference), table_arrays(approximation)
    walked = Walk.begun(reference, approximation, w_re, w_im, maxiter, settled, slopes)
    for tile in tiles_of(w_re.shape, settled):
        own = Results(
            np.empty(tile.size, np.int32), np.empty(tile.size, np.uint8),
            np.zeros(tile.size), np.zeros(tile.size), np.zeros(tile.size, np.int32),
            np.zeros((2, tile.size if slopes else 0)),
        )  # fmt: skip  # counts, last values, slopes
        steps, _ = iterate_tile(
            orbit, table, w_re.reshape(-1)[tile], w_im.reshape(-1)[tile], maxiter, own,
            True if slopes else None,
        )  # fmt: skip  # the reference, the points, the results
        walked.iterations += steps
        walked.fill(tile, own)
    return walked


def tiles_of(
    shape: tuple[int, ...], settled: NDArray[np.uint8] | None = None
) -> Iterator[NDArray[np.intp]]:
    """Yield the numbers of each tile's points, of those alone that are not settled.

    `shape` is the rows and the columns of all points.
    """
    rows, columns = shape
    points = np.arange(rows * columns).reshape(rows, columns)
    for top in range(0, rows, TILE_ROWS):
        for left in range(0, columns, TILE_COLUMNS):
            tile = points[top : top + TILE_ROWS, left : left + TILE_COLUMNS].reshape(-1)
            yield tile if settled is None else tile[settled[tile] == _ESCAPED]


@compiled
def _to_bailout(outcome, x, y, c_re, c_im, steps, norm2):
    """Go on from a value beyond radius 2 to the bailout of the smooth count.

    Fills `norm2`; `x`, `y` and `steps`, the values' numbers, are brought to the bailout.
    """
    for p in range(outcome.size):
        norm2[p] = x[p] * x[p] + y[p] * y[p] if outcome[p] == _ESCAPED else np.inf
    # Together, so that it is vector code, as far as nearly all need it.
    for _ in range(_TOGETHER):
        for p in range(outcome.size):
            inside = norm2[p] <= BAILOUT_SQUARED
            re = (x[p] * x[p] - y[p] * y[p]) + c_re[p]
            im = 2.0 * x[p] * y[p] + c_im[p]
            x[p] = re if inside else x[p]
            y[p] = im if inside else y[p]
            norm2[p] = re * re + im * im if inside else norm2[p]
            steps[p] += np.int32(inside)
    for p in range(outcome.size):
        for _ in range(_MOST):
            if norm2[p] > BAILOUT_SQUARED:
                break
            x[p], y[p] = (x[p] * x[p] - y[p] * y[p]) + c_re[p], 2.0 * x[p] * y[p] + c_im[p]
            norm2[p] = x[p] * x[p] + y[p] * y[p]
            steps[p] += 1
