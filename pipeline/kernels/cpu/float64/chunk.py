"""Count a chunk in float64: its first steps in one, and its interior by discs."""

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb
from pipeline.kernels.cpu.float64.interior_discs import inside_discs
from pipeline.kernels.cpu.float64.series import series_about
from pipeline.kernels.results import Counts, Outcome


def escape_counts(
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    middle: tuple[float, float],
    radius: float,
    maxiter: int,
    smooth: bool = True,
    only: NDArray[np.bool_] | None = None,
) -> Counts:
    """Count the escapes of a chunk of points.

    Counts do not depend on which points it is made of; which of them are proved interior does.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Those that follow each other lie side by side.
    middle : tuple of float
        Real and imaginary part of a point around which they lie.
    radius : float
        A bound of their distance from it, a power of two.
    maxiter : int
        The number of checks, 1 to 2**31 - 1.
    smooth : bool
        Whether the smooth counts are wanted; without, they are empty.
    only : ndarray of bool, shape (points,), optional
        Where counts are wanted; elsewhere they mean nothing.
    """
    kernel = FLOAT64.load()
    series = series_about(*middle, radius, maxiter)
    inside, sought = inside_discs(cr, ci, maxiter, series)
    known = inside
    if series is not None:
        # Without a series the kernel does this.
        known = _either(known, in_cardioid_or_bulb(cr, ci))
    if only is not None:
        known = _either(known, ~only)
    if known is None or not known.any():
        counts = kernel(cr, ci, maxiter, smooth, series)
        return Counts(counts.n, counts.smooth, counts.outcome, counts.iterations + sought)
    wanted = ~known
    counts = kernel(cr[wanted], ci[wanted], maxiter, smooth, series)
    n = np.full(cr.size, maxiter, np.int32)
    outcome = np.full(cr.size, np.uint8(Outcome.INTERIOR))
    nu = np.full(cr.size if smooth else 0, np.nan)
    n[wanted] = counts.n
    outcome[wanted] = counts.outcome
    if smooth:
        nu[wanted] = counts.smooth
    return Counts(n, nu, outcome, counts.iterations + sought)


def _either(one: NDArray[np.bool_] | None, other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return other if one is None else one | other
