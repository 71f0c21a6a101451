"""Discs among the points of a chunk that are proved interior."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.float64.cycle import fill_discs, interior_disc
from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb
from pipeline.kernels.cpu.float64.series import Series
from pipeline.kernels.results import Counts, Outcome

# A disc is sought about every 127th point: a prime, so that the seeds do not fall into a few
# columns of a view.
_SEED_STEP = 127
# With fewer steps than this, iterating what stays inside costs less than proofs.
_LEAST_MAXITER = 1024
# The search for one cycle may take maxiter divided by this.
_SEARCH_DIVISOR = 4


def inside_discs(
    kernel: Callable[..., Counts],
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    maxiter: int,
    series: Series | None = None,
) -> tuple[NDArray[np.bool_] | None, int]:
    """Return which points lie in discs found to be interior, and the iterations that it took.

    Parameters
    ----------
    kernel : callable
        What counts points in float64.
    cr, ci : ndarray of float64, shape (points,)
        Neighbours follow each other.
    maxiter : int
        A larger one finds the same discs and more.
    series : Series, optional
        The first steps of all of them.

    Returns
    -------
    inside : ndarray of bool, shape (points,), or None
        None for no point at all.
    iterations : int
    """
    if maxiter < _LEAST_MAXITER:
        return None, 0
    a, b = (component[_SEED_STEP // 2 :: _SEED_STEP].copy() for component in (cr, ci))
    seeds = kernel(a, b, maxiter, False, series)
    staying = (seeds.outcome != Outcome.ESCAPED) & ~in_cardioid_or_bulb(a, b)
    a, b = a[staying], b[staying]
    radius = np.zeros(a.size)
    iterations = seeds.iterations
    for k in range(a.size):
        radius[k], steps = interior_disc(a[k], b[k], maxiter // _SEARCH_DIVISOR)
        iterations += steps
    if not radius.any():
        return None, iterations
    largest_first = np.argsort(-radius, kind="stable")
    inside = np.zeros(cr.size, np.bool_)
    fill_discs(cr, ci, a[largest_first], b[largest_first], radius[largest_first], inside)
    return inside, iterations
