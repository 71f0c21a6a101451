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

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.float64.block_lanes import blocks
from pipeline.kernels.cpu.float64.lanes import LANES
from pipeline.kernels.cpu.float64.series import Series
from pipeline.kernels.cpu.float64.smooth import fill_smooth_counts
from pipeline.kernels.cpu.float64.tested_lanes import finish, head
from pipeline.kernels.jit import compiled
from pipeline.kernels.results import BAILOUT_SQUARED, RADIUS_SQUARED, Counts, Outcome

_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)
# Points whose polynomials are evaluated together: they stay in the nearest cache.
_POLYNOMIALS = 512


def escape_counts(
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    maxiter: int,
    smooth: bool = True,
    series: Series | None = None,
    blocks: Callable[..., tuple[int, int]] = blocks,
) -> Counts:
    """Count the steps before each point's orbit first leaves the disc of radius 2.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Real and imaginary parts of the points, contiguous.
    maxiter : int
        The number of checks, 1 to 2**31 - 1.
    smooth : bool
        Whether the smooth counts are needed; without, they are empty.
    series : Series, optional
        The first steps of all of them.
    blocks : callable
        What iterates in blocks, by default on this processor; see `block_lanes.blocks`.

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
    # The points still waiting: their numbers, and x, y, a, b and count of each, with room for the
    # last group of lanes.
    pixels = np.empty(points + LANES, np.int32)
    queue = np.empty((5, points + LANES))
    if series is None:
        head_steps, waiting = head(
            cr, ci, maxiter, bailout2, n, outcome, steps, mag2, pixels, queue
        )
    else:
        head_steps, waiting = 0, points
        _begin(
            cr, ci, series.a, series.b, series.radius, series.steps, series.re, series.im,
            pixels, queue,
        )  # fmt: skip  # the points, the series, the queue
        n.fill(maxiter)
        outcome.fill(_UNRESOLVED)
    block_steps, waiting = blocks(pixels, queue, waiting, maxiter, outcome)
    last_steps = finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2)
    iterations = head_steps + block_steps + last_steps
    nu = np.empty(points if smooth else 0, np.float64)
    if smooth:
        fill_smooth_counts(outcome, steps, mag2, nu)
    return Counts(n, nu, outcome, iterations)


@compiled
def _begin(cr, ci, a, b, radius, begun, re, im, pixels, queue):
    """Queue all points as they stand after the steps of a series."""
    x = queue[0]
    y = queue[1]
    real = queue[2]
    imaginary = queue[3]
    count = queue[4]
    for i in range(cr.size):
        pixels[i] = i
        real[i] = cr[i]
        imaginary[i] = ci[i]
        count[i] = begun
    d_re = np.empty(_POLYNOMIALS)
    d_im = np.empty(_POLYNOMIALS)
    for start in range(0, cr.size, _POLYNOMIALS):
        points = min(_POLYNOMIALS, cr.size - start)
        # Slices, because an index that might be negative keeps LLVM from vectorising.
        block = slice(start, start + points)
        block_re = cr[block]
        block_im = ci[block]
        for i in range(points):
            d_re[i] = (block_re[i] - a) / radius
            d_im[i] = (block_im[i] - b) / radius
        _evaluate(re, im, d_re, d_im, x[block], y[block])


@compiled
def _evaluate(re, im, d_re, d_im, x, y):
    """Fill x and y with the values of a polynomial at each d."""
    degree = re.size - 1
    for i in range(x.size):
        x[i] = re[degree]
        y[i] = im[degree]
    for k in range(degree - 1, -1, -1):
        add_re = re[k]
        add_im = im[k]
        for i in range(x.size):
            real = (x[i] * d_re[i] - y[i] * d_im[i]) + add_re
            y[i] = (x[i] * d_im[i] + y[i] * d_re[i]) + add_im
            x[i] = real
