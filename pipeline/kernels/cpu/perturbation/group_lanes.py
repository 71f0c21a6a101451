"""The lanes of a lane group: taken in from those who wait, and let out when they end.

log2 |dz/dz₁| is kept on the way: by a product of |z|² of each lane for single steps, and by one
sum for the lane group, `shared`, for stretches, where all lanes have the reference's derivative.
Where it is small enough, the point is proved interior.
"""

import math

import numpy as np

from pipeline.kernels.cpu.perturbation.edge import on_edge
from pipeline.kernels.cpu.perturbation.group_steps import (
    BASE,
    C_X,
    C_Y,
    COUNTED,
    ENDS,
    ESCAPES,
    FLAG,
    LANES,
    LIMIT,
    LOG,
    NORM2,
    PIXEL,
    PRODUCT,
    SIZE,
    SLOPE_EXPONENT,
    SLOPE_UNIT,
    SLOPE_X,
    SLOPE_Y,
    STAYS,
    W_X,
    W_Y,
    X,
    Y,
    larger_part,
)
from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.results import Outcome

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)
_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)

# Products below this are made with an exponent.
SMALLEST = 2.0**-880
# Steps after which products are taken into logarithms.
SETTLE_STEPS = 64
# log2 of |dz/dz₁| below which a point is proved interior. Outside the set the derivative falls so
# low only within 2^-48 of a cusp, in sizes of its minibrot; an orbit needs 10^7 periods from there.
_INTERIOR_LOG2 = -48.0
# A delta with an exponent beside a larger value of the reference than this is nothing.
_PLAIN_SIZE = 2.0**-400
# A delta so many times as large as the reference is as exact as the point itself.
_OUTGROWN = 16.0

# Rows of those who wait at index 0: delta, log2 |dz/dz₁| and the product to add to it; the delta's
# exponent of two, the count, the number of the point.
WAITING_X, WAITING_Y, WAITING_LOG, WAITING_PRODUCT, WAITING_ROWS = range(5)
WAITING_EXPONENT, WAITING_COUNT, WAITING_NUMBER, WAITING_INT_ROWS = range(4)


@compiled
def form(waiting, chosen, w_re, w_im, k, lanes, ints):
    """Fill a lane group with chosen points, in the exponent of the largest delta; return that."""
    # They are sorted, so the last is the largest; in the first round all are 0.
    exponent = waiting.ints[WAITING_EXPONENT, chosen[-1]]
    plain = power_of_two(k)
    for lane in range(LANES):
        if lane < chosen.size:
            p = chosen[lane]
            pixel = waiting.ints[WAITING_NUMBER, p]
            scale = power_of_two(waiting.ints[WAITING_EXPONENT, p] - exponent)
            x = waiting.numbers[WAITING_X, p] * scale
            y = waiting.numbers[WAITING_Y, p] * scale
            lanes[X + lane] = x
            lanes[Y + lane] = y
            lanes[W_X + lane] = w_re[pixel]
            lanes[W_Y + lane] = w_im[pixel]
            ints[PIXEL + lane] = pixel
            ints[BASE + lane] = waiting.ints[WAITING_COUNT, p]
            ints[COUNTED + lane] = 0
            # |z|² at index 0 is in the product.
            lanes[LOG + lane] = waiting.numbers[WAITING_LOG, p]
            lanes[PRODUCT + lane] = waiting.numbers[WAITING_PRODUCT, p]
            lanes[NORM2 + lane] = 1.0
        else:
            idle(lanes, ints, lane)
        lanes[C_X + lane] = lanes[W_X + lane] * plain
        lanes[C_Y + lane] = lanes[W_Y + lane] * plain
        lanes[SIZE + lane] = larger_part(lanes[X + lane], lanes[Y + lane])
    return exponent


@inlined
def idle(lanes, ints, lane):
    """Make a lane idle: it follows the reference itself."""
    lanes[X + lane] = 0.0
    lanes[Y + lane] = 0.0
    lanes[W_X + lane] = 0.0
    lanes[W_Y + lane] = 0.0
    lanes[C_X + lane] = 0.0
    lanes[C_Y + lane] = 0.0
    lanes[SIZE + lane] = 0.0
    lanes[NORM2 + lane] = 1.0
    lanes[PRODUCT + lane] = 1.0
    lanes[LOG + lane] = 0.0
    ints[BASE + lane] = 0
    ints[COUNTED + lane] = 0
    ints[PIXEL + lane] = -1


@compiled
def form_slope(waiting, chosen, k, slope, step_limits):
    """Fill a lane group's slopes, in the exponent of the largest, and limits if there are any."""
    largest = -np.inf
    for p in chosen:
        size = larger_part(waiting.slope[0, p], waiting.slope[1, p])
        if size > 0.0:
            largest = max(largest, waiting.slope[2, p] + exponent_of(size))
    exponent = np.int64(k) if largest == -np.inf else np.int64(largest)
    slope[:] = 0.0
    slope[SLOPE_EXPONENT] = exponent
    for lane in range(chosen.size):
        p = chosen[lane]
        # Below the largest as far as float64 goes; what lies farther down is in the mantissa.
        below = max(min(exponent - np.int64(waiting.slope[2, p]), 1000), 0)
        rest = power_of_two(np.int64(waiting.slope[2, p]) - exponent + below)
        slope[SLOPE_X + lane] = waiting.slope[0, p] * rest
        slope[SLOPE_Y + lane] = waiting.slope[1, p] * rest
        slope[SLOPE_UNIT + lane] = power_of_two(below)
        if step_limits is not None:
            slope[LIMIT + lane] = step_limits[waiting.ints[WAITING_NUMBER, p]]


@inlined
def _own_slope_exponent(slope, lane):
    """Return the exponent of two of a lane's slope."""
    return np.int64(slope[SLOPE_EXPONENT]) - exponent_of(slope[SLOPE_UNIT + lane])


@inlined
def _leave_slope(slope, lane, pixel, results):
    """Copy the slope of a lane that ends to the results."""
    scale = power_of_two(_own_slope_exponent(slope, lane))
    results.last_slope[0, pixel] = slope[SLOPE_X + lane] * scale
    results.last_slope[1, pixel] = slope[SLOPE_Y + lane] * scale


@inlined
def _queue_slope(slope, lane, queue, queued):
    """Copy the slope of a lane that rebases to those who wait."""
    queue.slope[0, queued] = slope[SLOPE_X + lane]
    queue.slope[1, queued] = slope[SLOPE_Y + lane]
    queue.slope[2, queued] = _own_slope_exponent(slope, lane)


@inlined
def _idle_slope(slope, lane):
    """Make the slope of a lane that becomes idle nothing beside all others."""
    slope[SLOPE_X + lane] = 0.0
    slope[SLOPE_Y + lane] = 0.0


@compiled
def last_index(ints, steps_end, maxiter, slope, step_limits):
    """Return the index at which the lane group must be looked at: the reference's end or maxiter.

    With limits, a lane's own takes the place of maxiter; a lane that has its count has none.
    """
    end = np.int64(steps_end)
    for lane in range(LANES):
        if ints[PIXEL + lane] >= 0 and ints[COUNTED + lane] == 0:
            if step_limits is None:
                end = min(end, maxiter - ints[BASE + lane])
            else:
                end = min(end, np.int64(slope[LIMIT + lane]) - ints[BASE + lane])
    return end


@inlined
def _log2_derivative(lanes, lane, shared):
    r"""log2 \|dz/dz₁\| of a lane, to within a half."""
    return lanes[LOG + lane] + shared + 0.5 * exponent_of(lanes[PRODUCT + lane])


@inlined
def settle_lane(lanes, lane, shared):
    """Add the lane group's logarithm and the product's exponent to a lane's logarithm."""
    product = lanes[PRODUCT + lane]
    exponent = exponent_of(product)
    # A product that left the range of float64 proves nothing any more.
    known = -1000 < exponent < 1000
    lanes[LOG + lane] += shared + (0.5 * exponent if known else np.inf)
    lanes[PRODUCT + lane] = product * power_of_two(-exponent) if known else 1.0


@compiled
def settle(lanes, ints, shared):
    """Settle all lanes, and flag the interior; return how many are."""
    hits = np.int64(0)
    for lane in range(LANES):
        settle_lane(lanes, lane, shared)
        if ints[PIXEL + lane] >= 0 and lanes[LOG + lane] < _INTERIOR_LOG2:
            ints[FLAG + lane] |= ENDS
            hits += 1
    return hits


@compiled
def pass_critical(lanes, z_re, z_im, exponent, shared):
    r"""Settle all lanes where the reference is close to 0, and take up \|z\| for the next step."""
    for lane in range(LANES):
        x = z_re + lanes[X + lane]
        y = z_im + lanes[Y + lane]
        size2 = x * x + y * y
        settle_lane(lanes, lane, shared + exponent)
        if size2 < SMALLEST:
            lanes[LOG + lane] += math.log2(math.hypot(x, y))
        else:
            lanes[PRODUCT + lane] *= size2
        lanes[NORM2 + lane] = 1.0


@compiled
def flag_outgrown(lanes, ints, z_re, z_im):
    """Flag the lanes whose delta has outgrown the reference, so that they rebase; count them.

    They need not be nearer to 0 than their delta is large, where the reference is next to nothing.
    But going on they would be squared, and the others not, until float64 cannot hold both.
    """
    size = _OUTGROWN * larger_part(z_re, z_im)
    hits = np.int64(0)
    for lane in range(LANES):
        hit = np.int64(lanes[SIZE + lane] > size)
        ints[FLAG + lane] |= hit
        hits += hit
    return hits


@inlined
def _escapes(ints, lane, x, y, exponent, edge):
    """Tell whether a lane that ends does so because it is outside."""
    return ints[FLAG + lane] & ESCAPES != 0 if edge else exponent == 0 and x * x + y * y > 4.0


@compiled
def drop(  # noqa: C901  # calls of parts that take so many arrays cost as much as steps
    lanes, ints, slope, z_re, z_im, plain_re, plain_im, m, exponent, ends, maxiter, shared,
    queue, queued, results,
):  # fmt: skip  # a lane group, where it stands, who waits, the results
    """Take out the lanes that are flagged, or all where the orbit ends.

    Returns how many points wait, and how many lanes go on. `z_re` and `z_im` are the reference in
    the lane group's exponent, `plain_re` and `plain_im` without.
    """
    active = 0
    unit = power_of_two(exponent)
    edge = on_edge(plain_re, plain_im)
    swallowed = ends and larger_part(plain_re, plain_im) > _PLAIN_SIZE
    for lane in range(LANES):
        pixel = ints[PIXEL + lane]
        if pixel < 0:
            continue
        count = ints[BASE + lane] + m
        if not (ints[FLAG + lane] or ends or (count >= maxiter and ints[COUNTED + lane] == 0)):
            active += 1
            continue
        counted = ints[COUNTED + lane] != 0
        x = plain_re + lanes[X + lane] * unit
        y = plain_im + lanes[Y + lane] * unit
        if counted or _escapes(ints, lane, x, y, exponent, edge):
            if not counted:
                results.n[pixel] = count - 1
                results.outcome[pixel] = _ESCAPED
            results.last_re[pixel] = x
            results.last_im[pixel] = y
            results.last_n[pixel] = count - 1
            if slope is not None:
                _leave_slope(slope, lane, pixel, results)
                _idle_slope(slope, lane)
            idle(lanes, ints, lane)
            continue
        own_exponent = np.int64(0)
        if not swallowed:
            own_exponent = exponent
            x = z_re + lanes[X + lane]
            y = z_im + lanes[Y + lane]
        log = _log2_derivative(lanes, lane, shared)
        if log < _INTERIOR_LOG2:
            results.n[pixel] = maxiter
            results.outcome[pixel] = _INTERIOR
        elif count >= maxiter:
            results.n[pixel] = maxiter
            results.outcome[pixel] = _UNRESOLVED
        else:
            # The factor |z| of the step from index 0.
            size2 = x * x + y * y
            settle_lane(lanes, lane, shared + own_exponent)
            product = lanes[PRODUCT + lane] * size2
            if size2 < SMALLEST:
                lanes[LOG + lane] += math.log2(math.hypot(x, y))
                product = lanes[PRODUCT + lane]
            queue.numbers[WAITING_X, queued] = x
            queue.numbers[WAITING_Y, queued] = y
            queue.numbers[WAITING_LOG, queued] = lanes[LOG + lane]
            queue.numbers[WAITING_PRODUCT, queued] = product
            queue.ints[WAITING_EXPONENT, queued] = own_exponent
            queue.ints[WAITING_COUNT, queued] = count
            queue.ints[WAITING_NUMBER, queued] = pixel
            if slope is not None:
                _queue_slope(slope, lane, queue, queued)
            queued += 1
        if slope is not None:
            _idle_slope(slope, lane)
        idle(lanes, ints, lane)
    return queued, active


@compiled
def drop_traced(
    lanes, ints, slope, z_re, z_im, plain_re, plain_im, m, exponent, ends, queue, queued, results
):  # fmt: skip  # a lane group, where it stands, who waits, the results
    """Do as `drop` where nothing is counted; lanes leave at their limits, or where they escape.

    `plain_re` and `plain_im` are the reference without an exponent.
    """
    active = 0
    unit = power_of_two(exponent)
    edge = on_edge(plain_re, plain_im)
    swallowed = ends and larger_part(plain_re, plain_im) > _PLAIN_SIZE
    for lane in range(LANES):
        pixel = ints[PIXEL + lane]
        if pixel < 0:
            continue
        count = ints[BASE + lane] + m
        flag = ints[FLAG + lane]
        leaves = count >= slope[LIMIT + lane] and not flag & STAYS
        if not (leaves or flag & ENDS or ends):
            active += 1
            continue
        x = plain_re + lanes[X + lane] * unit
        y = plain_im + lanes[Y + lane] * unit
        if leaves or _escapes(ints, lane, x, y, exponent, edge):
            results.last_re[pixel] = x
            results.last_im[pixel] = y
            _leave_slope(slope, lane, pixel, results)
        else:
            queue.numbers[WAITING_X, queued] = x if swallowed else z_re + lanes[X + lane]
            queue.numbers[WAITING_Y, queued] = y if swallowed else z_im + lanes[Y + lane]
            queue.numbers[WAITING_LOG, queued] = 0.0
            queue.numbers[WAITING_PRODUCT, queued] = 1.0
            queue.ints[WAITING_EXPONENT, queued] = np.int64(0) if swallowed else exponent
            queue.ints[WAITING_COUNT, queued] = count
            queue.ints[WAITING_NUMBER, queued] = pixel
            _queue_slope(slope, lane, queue, queued)
            queued += 1
        _idle_slope(slope, lane)
        idle(lanes, ints, lane)
    return queued, active
