"""Pixels in lane groups: perturbation for a tile of pixels, many side by side.

A pixel that rebases starts again at index 0 of the reference, whatever its count. So the pixels of
a tile that are there are sorted by the size of their delta, and LANES of them at a time follow the
reference together, by the longest stretch that the lane group's largest delta admits, or by a
single step. A lane drops out when it escapes or reaches maxiter, or when it rebases, and then
waits at index 0 for another lane group.

Far down, deltas that wait may differ by more than float64 holds: by the square root of the offset.
There only those of like size go together, and a delta that has outgrown the reference rebases
though it need not, for it would leave the others behind.

Notes
-----
Rebasing: Zhuoran, "Another solution to perturbation glitches", fractalforums.org, 2021.
"""

import numpy as np

from pipeline.kernels.cpu.perturbation.arguments import Waiting
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
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.reference import WIDE_EXPONENT

# Sizes are sorted into classes, so many an octave, or coarser if these would be too many.
_CLASSES_AN_OCTAVE = 4
_MAX_CLASSES = 1 << 18
# Octaves between the largest and the smallest delta of a lane group where they may differ widely:
# their squares must be normal numbers in float64, beside which an offset that is none is nothing.
_MOST_OCTAVES = 32


@compiled
def iterate_tile(orbit, table, w_re, w_im, maxiter, results, slopes=None, step_limits=None):
    """Iterate a tile's points until each escapes, is proved interior or reaches maxiter.

    Parameters
    ----------
    orbit : OrbitArrays
        The reference.
    table : TableArrays
        Its table of stretches.
    w_re, w_im : ndarray of float64, shape (points,)
        The points less the reference, divided by 2^k, k the table's exponent.
    maxiter : int
        The number of checks; of no meaning with `step_limits`.
    results : Results
        Filled: counts, outcomes, and for escaped points the first value that is beyond radius 2 by
        what float64 can tell, and its index, counted like n.
    slopes : bool, optional
        Unless None, the derivative is followed, too: `last_slope` becomes dz/dw at the last value,
        w the point's offset in units of 2^k. All else becomes the same bits as without.
    step_limits : ndarray of float64, shape (points,), optional
        With it, and `slopes`, nothing is counted: `last_re` and `last_im` become each point's value
        after so many steps from z₀ (or its first beyond radius 2). A point on the edge of the disc
        of radius 2 goes on until it has left it. `n`, `outcome` and `last_n` are left alone.

    Returns
    -------
    tuple of int
        Steps of all lanes, a stretch counted as one; steps of lane groups.
    """
    points = w_re.size
    k = table.exponent
    deep = k < PLAIN_EXPONENT
    slope_points = 0 if slopes is None else points
    waiting = _room(points, slope_points)
    queue = _room(points, slope_points)
    for p in range(points):
        waiting.ints[WAITING_NUMBER, p] = p
        waiting.ints[WAITING_EXPONENT, p] = k if deep else 0
        # The derivative counts from z₁: this takes back the factor 2 of the step from z₀.
        waiting.numbers[WAITING_LOG, p] = -1.0
        waiting.numbers[WAITING_PRODUCT, p] = 1.0
    order = np.arange(points)
    slope = None if slopes is None else np.zeros(SLOPE_SIZE)
    lanes = np.empty(GROUP_SIZE)
    ints = lanes.view(np.int64)
    lane_steps = np.int64(0)
    group_steps = np.int64(0)
    left = points
    while left > 0:
        queued = np.int64(0)
        at = np.int64(0)
        while at < left:
            active = min(LANES, left - at)
            if k <= WIDE_EXPONENT:
                active = _alike(waiting, order[at : at + active])
            exponent = form(waiting, order[at : at + active], w_re, w_im, k, lanes, ints)
            if slopes is not None:
                form_slope(waiting, order[at : at + active], k, slope, step_limits)
            at += active
            m = np.int64(0)
            shared = 0.0
            while active > 0:
                if exponent == 0:
                    m, active, queued, shared, steps, steps_together = go_near(
                        orbit, table, deep, maxiter, lanes, ints, slope, step_limits, m, active,
                        shared, queue, queued, results,
                    )  # fmt: skip  # in signature order
                    lane_steps += steps
                    group_steps += steps_together
                if active > 0:
                    m, exponent, active, queued, shared, steps, steps_together = go_far(
                        orbit, table, maxiter, lanes, ints, slope, step_limits, m, exponent, active,
                        shared, queue, queued, results,
                    )  # fmt: skip  # in signature order
                    lane_steps += steps
                    group_steps += steps_together
        left = queued
        waiting, queue = queue, waiting
        order = _sorted_by_size(waiting, left)
    return lane_steps, group_steps


@compiled
def _room(points, slope_points):
    """Return room for points, and their slopes, to wait in."""
    return Waiting(
        np.zeros((WAITING_ROWS, points)),
        np.zeros((WAITING_INT_ROWS, points), np.int64),
        np.zeros((3, slope_points)),
    )


@inlined
def _size_class(waiting, p):
    """Return the logarithm of the size of a delta that waits: four classes an octave."""
    size = np.float64(larger_part(waiting.numbers[WAITING_X, p], waiting.numbers[WAITING_Y, p]))
    exponent = waiting.ints[WAITING_EXPONENT, p]
    return (size.view(np.int64) >> 50) + _CLASSES_AN_OCTAVE * exponent


@compiled
def _alike(waiting, chosen):
    """Return how many of the chosen, from the first on, are of like size."""
    first = _size_class(waiting, chosen[0])
    alike = np.int64(1)
    while alike < chosen.size and (
        abs(_size_class(waiting, chosen[alike]) - first) <= _CLASSES_AN_OCTAVE * _MOST_OCTAVES
    ):
        alike += 1
    return alike


@compiled
def _sorted_by_size(waiting, left):
    """Return the numbers of those waiting in the order of their deltas' sizes, stably."""
    order = np.empty(left, np.int64)
    keys = np.empty(left, np.int64)
    lowest = np.int64(1) << 60
    highest = -lowest
    for p in range(left):
        key = _size_class(waiting, p)
        keys[p] = key
        lowest = min(lowest, key)
        highest = max(highest, key)
    shift = 0
    while (highest - lowest) >> shift >= _MAX_CLASSES:
        shift += 1
    classes = ((highest - lowest) >> shift) + 1 if left > 0 else 0
    positions = np.zeros(classes + 1, np.int64)
    for p in range(left):
        keys[p] = (keys[p] - lowest) >> shift
        positions[keys[p] + 1] += 1
    for k in range(classes):
        positions[k + 1] += positions[k]
    for p in range(left):
        order[positions[keys[p]]] = p
        positions[keys[p]] += 1
    return order
