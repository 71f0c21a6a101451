"""Count a chunk in float64: first discs that are proved interior, then the points outside them."""

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.counts import Counts
from pipeline.kernels.cycle import fill_discs, interior_disc
from pipeline.kernels.interior import in_cardioid_or_bulb
from pipeline.kernels.outcome import Outcome

# A disc is sought about every so-manieth point; a prime, so that a view's columns are not met
# again and again.
_SEED_STEP = 127
# With fewer steps than this, iterating what stays inside costs less than proofs.
_LEAST_MAXITER = 1024
# The steps that the search for one cycle may take: this part of maxiter.
_SEARCH_PART = 4


def escape_counts(
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    maxiter: int,
    smooth: bool = True,
    only: NDArray[np.bool_] | None = None,
) -> Counts:
    """Count the escapes of neighbouring points; what comes out depends on them all.

    Counts are those of the float64 kernel, and so are outcomes, but that more are proved interior.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Those that follow each other lie side by side.
    maxiter : int
        A larger one finds the same discs and more.
    smooth : bool
        Whether the smooth counts are wanted; without, they are empty.
    only : ndarray of bool, shape (points,), optional
        Where counts are wanted; elsewhere they mean nothing.
    """
    kernel = FLOAT64.load()
    inside, sought = inside_discs(cr, ci, maxiter)
    if inside is None and only is None:
        counts = kernel(cr, ci, maxiter, smooth)
        return Counts(counts.n, counts.smooth, counts.outcome, counts.iterations + sought)
    wanted = np.ones(cr.size, np.bool_) if only is None else only
    wanted = wanted if inside is None else wanted & ~inside
    counts = kernel(cr[wanted], ci[wanted], maxiter, smooth)
    n = np.full(cr.size, maxiter, np.int32)
    outcome = np.full(cr.size, np.uint8(Outcome.INTERIOR))
    nu = np.full(cr.size if smooth else 0, np.nan)
    n[wanted] = counts.n
    outcome[wanted] = counts.outcome
    if smooth:
        nu[wanted] = counts.smooth
    return Counts(n, nu, outcome, counts.iterations + sought)


def inside_discs(
    cr: NDArray[np.float64], ci: NDArray[np.float64], maxiter: int
) -> tuple[NDArray[np.bool_] | None, int]:
    """Return which points lie in discs found to be interior, and the iterations that it took.

    None stands for no point at all.
    """
    if maxiter < _LEAST_MAXITER:
        return None, 0
    a, b = (part[_SEED_STEP // 2 :: _SEED_STEP].copy() for part in (cr, ci))
    seeds = FLOAT64.load()(a, b, maxiter, False)
    staying = (seeds.outcome != Outcome.ESCAPED) & ~in_cardioid_or_bulb(a, b)
    a, b = a[staying], b[staying]
    radius = np.zeros(a.size)
    iterations = seeds.iterations
    for k in range(a.size):
        radius[k], steps = interior_disc(a[k], b[k], maxiter // _SEARCH_PART)
        iterations += steps
    if not radius.any():
        return None, iterations
    largest_first = np.argsort(-radius, kind="stable")
    inside = np.zeros(cr.size, np.bool_)
    fill_discs(cr, ci, a[largest_first], b[largest_first], radius[largest_first], inside)
    return inside, iterations
