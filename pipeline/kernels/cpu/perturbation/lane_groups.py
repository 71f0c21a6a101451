"""Pixels in lane groups: perturbation for a tile of pixels, many side by side.

A pixel that rebases stands at index 0 of the reference, whatever its count. So the pixels of a
tile that stand there are sorted by the size of their delta, and LANES of them at a time go along
the reference together, by the longest stretch that the lane group's largest delta admits, or by a
single step. A lane drops out when it escapes or reaches maxiter, or when it rebases, and then
waits at index 0 for another lane group.

Notes
-----
Rebasing: Zhuoran, "Another solution to perturbation glitches", fractalforums.org, 2021.
"""

import numpy as np

from pipeline.kernels.cpu.perturbation.far_group import PLAIN_EXPONENT, go_far
from pipeline.kernels.cpu.perturbation.group_lanes import (
    WAITING_EXPONENT,
    WAITING_INT_ROWS,
    WAITING_LOG,
    WAITING_NUMBER,
    WAITING_PRODUCT,
    WAITING_ROWS,
    WAITING_X,
    WAITING_Y,
    form,
    form_slope,
)
from pipeline.kernels.cpu.perturbation.group_steps import (
    GROUP_SIZE,
    LANES,
    SLOPE_SIZE,
    larger_part,
)
from pipeline.kernels.cpu.perturbation.near_group import go_near
from pipeline.kernels.jit import compiled

# Sizes are sorted into so many classes at most.
_MAX_CLASSES = 4096


@compiled
def iterate_tile(
    z, tiny_index, tiny, tiny_exponent, margins, nodes, radius, offsets, lowest, k, w_re, w_im,
    maxiter, n, outcome, last_re, last_im, last_n, step_limits=None, last_slope=None,
):  # fmt: skip  # the reference, its table, the points, the results
    """Iterate a tile's points until each escapes, is proved interior or reaches maxiter.

    Parameters
    ----------
    z, tiny_index, tiny, tiny_exponent, margins
        See :class:`~pipeline.kernels.reference.Reference`.
    nodes, radius, offsets, lowest, k
        See :class:`~pipeline.kernels.cpu.perturbation.approximation.Approximation`.
    w_re, w_im : ndarray of float64, shape (points,)
        The points less the reference, divided by 2^k.
    maxiter : int
        The number of checks.
    n, outcome, last_re, last_im, last_n
        Filled: counts, outcomes, and for escaped points the first value that is beyond radius 2 by
        what float64 can tell, and its number, counted like n.
    step_limits : ndarray of float64, shape (points,), optional
        With it the derivative is followed: `last_re` and `last_im` become each point's value after
        so many steps from z₀ (or its first beyond radius 2), and `last_slope`, shape (2, points),
        dz/dw there, w the point's offset in units of 2^k. A point on the edge of the disc of radius
        2 goes on until it has left it. `n`, `outcome` and `last_n` are left alone.

    Returns
    -------
    tuple of int
        Steps of all lanes, a stretch counted as one; steps of lane groups.
    """
    points = w_re.size
    deep = k < PLAIN_EXPONENT
    waiting = np.zeros((2, WAITING_ROWS, points))
    waiting_int = np.zeros((2, WAITING_INT_ROWS, points), np.int64)
    for p in range(points):
        waiting_int[0, WAITING_NUMBER, p] = p
        waiting_int[0, WAITING_EXPONENT, p] = k if deep else 0
        # The derivative counts from z₁: this takes back the factor 2 of the step from z₀.
        waiting[0, WAITING_LOG, p] = -1.0
        waiting[0, WAITING_PRODUCT, p] = 1.0
    order = np.arange(points)
    waiting_slope = np.zeros((2, 3, 0 if step_limits is None else points))
    slope = None if step_limits is None else np.zeros(SLOPE_SIZE)
    lanes = np.empty(GROUP_SIZE)
    ints = lanes.view(np.int64)
    lane_steps = np.int64(0)
    group_steps = np.int64(0)
    now = 0
    left = points
    while left > 0:
        queue = waiting[1 - now]
        queue_int = waiting_int[1 - now]
        queued = np.int64(0)
        for at in range(0, left, LANES):
            active = min(LANES, left - at)
            exponent = form(
                waiting[now], waiting_int[now], order[at : at + active], w_re, w_im, k, lanes, ints
            )
            if step_limits is not None:
                form_slope(
                    waiting_slope[now], waiting_int[now], order[at : at + active], k, slope,
                    step_limits,
                )  # fmt: skip  # in signature order
            m = np.int64(0)
            shared = 0.0
            while active > 0:
                if exponent == 0:
                    m, active, queued, shared, steps, lane_groups = go_near(
                        z, margins, nodes, radius, offsets, lowest, deep, maxiter, lanes, ints, m,
                        active, shared, queue, queue_int, queued, n, outcome, last_re, last_im,
                        last_n, k, slope, waiting_slope[1 - now], last_slope,
                    )  # fmt: skip  # in signature order
                    lane_steps += steps
                    group_steps += lane_groups
                if active > 0:
                    m, exponent, active, queued, shared, steps, lane_groups = go_far(
                        z, tiny_index, tiny, tiny_exponent, margins, nodes, radius, offsets, lowest,
                        k, maxiter, lanes, ints, m, exponent, active, shared, queue, queue_int,
                        queued, n, outcome, last_re, last_im, last_n, slope,
                        waiting_slope[1 - now], last_slope,
                    )  # fmt: skip  # in signature order
                    lane_steps += steps
                    group_steps += lane_groups
        left = queued
        now = 1 - now
        order = _sorted_by_size(queue, queue_int, left)
    return lane_steps, group_steps


@compiled
def _sorted_by_size(queue, queue_int, left):
    """Return the numbers of those waiting in the order of their deltas' sizes, stably."""
    order = np.empty(left, np.int64)
    keys = np.empty(left, np.int64)
    lowest = np.int64(1) << 60
    highest = -lowest
    for p in range(left):
        # A logarithm, four classes an octave.
        size = np.float64(larger_part(queue[WAITING_X, p], queue[WAITING_Y, p]))
        key = (size.view(np.int64) >> 50) + 4 * queue_int[WAITING_EXPONENT, p]
        keys[p] = key
        lowest = min(lowest, key)
        highest = max(highest, key)
    shift = 0
    while (highest - lowest) >> shift >= _MAX_CLASSES:
        shift += 1
    places = np.zeros(_MAX_CLASSES + 1, np.int64)
    classes = ((highest - lowest) >> shift) + 1 if left > 0 else 0
    for p in range(left):
        keys[p] = (keys[p] - lowest) >> shift
        places[keys[p] + 1] += 1
    for place in range(classes):
        places[place + 1] += places[place]
    for p in range(left):
        order[places[keys[p]]] = p
        places[keys[p]] += 1
    return order
