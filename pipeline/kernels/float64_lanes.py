"""Count escapes in float64, many pixels side by side in SIMD lanes (numba).

Points go through three passes:

1. *head*: every point not in the main cardioid or the period-2 bulb is iterated a few steps with
   a test at every step. Most points of a shallow picture end here. Where a series says where all
   orbits are after some steps, they begin there instead.
2. *blocks*: what is left is iterated `BLOCK_STEPS` at a time without any test. A lane whose point
   ends is refilled from the queue, so that all lanes stay busy whatever the counts are.
3. *finish*: a point that left the disc within a block is set back to the block's start and
   iterated with a test at every step, to its exact count and on to the bailout.

Notes
-----
LLVM turns the loops over lanes into vector code when the lanes lie in small arrays of a fixed
size and several iterations stand in one straight-line body. Nothing is contracted to fused
multiply-adds, so every processor, and the numpy twin, gets the same counts.
"""

import numpy as np

from pipeline.kernels.block_lanes import blocks
from pipeline.kernels.counts import BAILOUT_SQUARED, RADIUS_SQUARED, Counts
from pipeline.kernels.jit import compiled
from pipeline.kernels.lanes import LANES
from pipeline.kernels.outcome import Outcome
from pipeline.kernels.smooth_lanes import smooth_counts_lanes
from pipeline.kernels.tested_lanes import finish, head

_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)
# Points whose polynomials are evaluated together: they stay in the nearest cache.
_POLYNOMIALS = 512


def escape_counts(cr, ci, maxiter, smooth=True, series=None):
    """Count the steps before each point's orbit first leaves the disc of radius 2.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Real and imaginary parts of the points, contiguous.
    maxiter : int
        The number of checks, 1 to 2**31 - 1.
    smooth : bool
        Whether the smooth counts are wanted; without, they are empty.
    series : Series, optional
        The first steps of all of them.

    Returns
    -------
    Counts
        One-dimensional, in the order of the points.
    """
    points = cr.size
    n = np.empty(points, np.int32)
    outcome = np.empty(points, np.uint8)
    steps = np.empty(points, np.int32)
    mag2 = np.empty(points, np.float64)
    # Only the smooth count needs the orbit beyond the radius.
    bailout2 = BAILOUT_SQUARED if smooth else RADIUS_SQUARED
    if series is None:
        iterations = _count(cr, ci, maxiter, bailout2, n, outcome, steps, mag2)
    else:
        iterations = _count_on(
            cr, ci, series.a, series.b, series.radius, series.steps, series.re, series.im,
            maxiter, bailout2, n, outcome, steps, mag2,
        )  # fmt: skip  # the points, the series, the rest
    nu = np.empty(points if smooth else 0, np.float64)
    if smooth:
        smooth_counts_lanes(outcome, steps, mag2, nu)
    return Counts(n, nu, outcome, iterations)


@compiled
def _count(cr, ci, maxiter, bailout2, n, outcome, steps, mag2):
    """Fill `n`, `outcome`, `steps` and `mag2` for all points; return the iterations done."""
    # The points still waiting: their numbers, and x, y, a, b and count of each, with room for the
    # last group of lanes.
    pixels = np.empty(cr.size + LANES, np.int32)
    queue = np.empty((5, cr.size + LANES))
    head_steps, waiting = head(cr, ci, maxiter, bailout2, n, outcome, steps, mag2, pixels, queue)
    return head_steps + _finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2)


@compiled
def _finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2):
    """Take the queue to its end; return the iterations done."""
    block_steps, waiting = blocks(pixels, queue, waiting, maxiter, outcome)
    last_steps = finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2)
    return block_steps + last_steps


@compiled
def _count_on(
    cr, ci, a, b, radius, begun, re, im, maxiter, bailout2, n, outcome, steps, mag2
):  # fmt: skip  # the points, the series, the rest
    """Fill `n`, `outcome`, `steps` and `mag2` for all points; return the iterations done."""
    pixels = np.arange(np.int32(cr.size))
    queue = np.empty((5, cr.size + LANES))
    queue[4] = begun
    n[:] = maxiter
    outcome[:] = _UNRESOLVED
    for start in range(0, cr.size, _POLYNOMIALS):
        block = slice(start, min(start + _POLYNOMIALS, cr.size))
        queue[2, block] = cr[block]
        queue[3, block] = ci[block]
        d_re = (cr[block] - a) / radius
        d_im = (ci[block] - b) / radius
        _evaluate(re, im, d_re, d_im, queue[0, block], queue[1, block])
    return _finish(pixels, queue, cr.size, maxiter, bailout2, n, outcome, steps, mag2)


@compiled
def _evaluate(re, im, d_re, d_im, x, y):
    """Fill x and y with the values of a polynomial at each d."""
    degree = re.size - 1
    x[:] = re[degree]
    y[:] = im[degree]
    for k in range(degree - 1, -1, -1):
        add_re = re[k]
        add_im = im[k]
        for i in range(x.size):
            real = (x[i] * d_re[i] - y[i] * d_im[i]) + add_re
            y[i] = (x[i] * d_im[i] + y[i] * d_re[i]) + add_im
            x[i] = real
