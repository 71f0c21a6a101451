"""Count escapes in float64, many pixels side by side in SIMD lanes (numba).

A block of points goes through three passes:

1. *head*: every point not in the main cardioid or the period-2 bulb is iterated a few steps with
   a test at every step. Most points of a shallow picture end here.
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
from pipeline.kernels.smooth_lanes import smooth_counts_lanes
from pipeline.kernels.tested_lanes import finish, head


def escape_counts(cr, ci, maxiter, smooth=True):
    """Count the steps before each point's orbit first leaves the disc of radius 2.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Real and imaginary parts of the points, contiguous.
    maxiter : int
        The number of checks, 1 to 2**31 - 1.
    smooth : bool
        Whether the smooth counts are wanted; without, they are empty.

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
    iterations = _count(cr, ci, maxiter, bailout2, n, outcome, steps, mag2)
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
    block_steps, waiting = blocks(pixels, queue, waiting, maxiter, outcome)
    last_steps = finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2)
    return head_steps + block_steps + last_steps
