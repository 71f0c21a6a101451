"""Pixels in packets: perturbation for a tile of pixels, many side by side.

A pixel that rebases stands at index 0 of the reference, whatever its count. So the pixels of a
tile that stand there are sorted by the size of their delta, and LANES of them at a time go along
the reference together, by the longest stretch that the packet's largest delta admits, or by a
single step. A lane drops out when it escapes or reaches maxiter, or when it rebases, and then
waits at index 0 for another packet.

Notes
-----
Rebasing: Zhuoran, "Another solution to perturbation glitches", fractalforums.org, 2021.

Deltas too small for float64 carry one exponent of two a packet, which costs a few numbers more a
step and nothing a lane; it is 0 as soon as float64 holds the deltas.

log2 of \\|dz/dz₁\\| is kept on the way: a lane's own part for single steps, a part of the whole
packet for stretches, where all lanes have the reference's derivative.
"""

import math

import numpy as np

from pipeline.kernels.approximation import (
    A_EXPONENT,
    B_EXPONENT,
    INVERSE_RADIUS,
    R_EXPONENT,
    A,
    B,
    C,
    D,
    F,
    G,
)
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.outcome import Outcome
from pipeline.kernels.packet_steps import (
    BASE,
    C_X,
    C_Y,
    FLAG,
    LANES,
    LOG,
    NORM2,
    PACKET_SIZE,
    PIXEL,
    PRODUCT,
    SIZE,
    W_X,
    W_Y,
    X,
    Y,
    larger_part,
    largest_of,
    scaled_step,
    single_step,
    stretch,
)
from pipeline.kernels.reference import TINY_EXPONENT
from pipeline.kernels.scaling import exponent_of, power_of_two

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)
_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)

# Products below this are made with an exponent, and deltas above the second are plain again.
_SMALLEST = 2.0**-880
_PLAIN_EXPONENT = -840
# A value of the reference that is exactly 0.
_ZERO_EXPONENT = -(1 << 40)
# log2 of |dz/dz₁| below which a point is proved interior. Outside the set the derivative falls so
# low only within 2^-48 of a cusp, in sizes of its minibrot; an orbit needs 10^7 periods from there.
_INTERIOR_LOG2 = -48.0
# Where the reference is nearer to 0 than this, factors of the derivative are taken one by one.
_CRITICAL = 2.0**-50
# Steps after which the derivatives' products are taken into logarithms.
_SETTLE_STEPS = 64
# Sizes are sorted into so many classes at most.
_MAX_CLASSES = 4096

# Rows of those waiting at index 0.
_WAITING_X, _WAITING_Y, _WAITING_LOG, _WAITING_PRODUCT, _WAITING_ROWS = range(5)
_EXPONENT, _COUNT, _NUMBER, _WAITING_INT_ROWS = range(4)


@compiled
def iterate_tile(
    z, tiny_index, tiny, tiny_exponent, nodes, radius, offsets, lowest, k, w_re, w_im, maxiter,
    n, outcome, last_re, last_im,
):  # fmt: skip  # the reference, its table, the points, the results
    """Iterate a tile's points until each escapes, is proved interior or reaches maxiter.

    Parameters
    ----------
    z, tiny_index, tiny, tiny_exponent
        See :class:`~pipeline.kernels.reference.Reference`.
    nodes, radius, offsets, lowest, k
        See :class:`~pipeline.kernels.approximation.Approximation`.
    w_re, w_im : ndarray of float64, shape (points,)
        The points less the reference, divided by 2^k.
    maxiter : int
        The number of checks.
    n, outcome, last_re, last_im
        Filled: counts, outcomes, and for escaped points the first value beyond radius 2.

    Returns
    -------
    tuple of int
        Steps of all lanes, a stretch counted as one; steps of packets.
    """
    points = w_re.size
    deep = k < _PLAIN_EXPONENT
    waiting = np.zeros((2, _WAITING_ROWS, points))
    waiting_int = np.zeros((2, _WAITING_INT_ROWS, points), np.int64)
    for p in range(points):
        waiting_int[0, _NUMBER, p] = p
        waiting_int[0, _EXPONENT, p] = k if deep else 0
        # The derivative counts from z₁: this takes back the factor 2 of the step from z₀.
        waiting[0, _WAITING_LOG, p] = -1.0
        waiting[0, _WAITING_PRODUCT, p] = 1.0
    order = np.arange(points)
    lanes = np.empty(PACKET_SIZE)
    ints = lanes.view(np.int64)
    lane_steps = np.int64(0)
    packet_steps = np.int64(0)
    now = 0
    left = points
    while left > 0:
        queue = waiting[1 - now]
        queue_int = waiting_int[1 - now]
        queued = np.int64(0)
        for at in range(0, left, LANES):
            active = min(LANES, left - at)
            exponent = _form(
                waiting[now], waiting_int[now], order[at : at + active], w_re, w_im, k, lanes, ints
            )
            m = np.int64(0)
            shared = 0.0
            while active > 0:
                if exponent == 0:
                    m, active, queued, shared, steps, packets = _near(
                        z, nodes, radius, offsets, lowest, deep, maxiter, lanes, ints, m, active,
                        shared, queue, queue_int, queued, n, outcome, last_re, last_im,
                    )  # fmt: skip  # as in the head
                    lane_steps += steps
                    packet_steps += packets
                if active > 0:
                    m, exponent, active, queued, shared, steps, packets = _far(
                        z, tiny_index, tiny, tiny_exponent, nodes, radius, offsets, lowest, k,
                        maxiter, lanes, ints, m, exponent, active, shared, queue, queue_int, queued,
                        n, outcome, last_re, last_im,
                    )  # fmt: skip  # as in the head
                    lane_steps += steps
                    packet_steps += packets
        left = queued
        now = 1 - now
        order = _sorted_by_size(queue, queue_int, left)
    return lane_steps, packet_steps


@compiled
def _sorted_by_size(queue, queue_int, left):
    """Return the numbers of those waiting in the order of their deltas' sizes, stably."""
    order = np.empty(left, np.int64)
    keys = np.empty(left, np.int64)
    lowest = np.int64(1) << 60
    highest = -lowest
    for p in range(left):
        # A logarithm, four classes an octave.
        size = np.float64(larger_part(queue[_WAITING_X, p], queue[_WAITING_Y, p]))
        key = (size.view(np.int64) >> 50) + 4 * queue_int[_EXPONENT, p]
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


@compiled
def _form(waiting, waiting_int, chosen, w_re, w_im, k, lanes, ints):
    """Fill a packet with chosen points, in the exponent of the largest delta; return that."""
    # They are sorted, so the last is the largest; in the first round all are 0.
    exponent = waiting_int[_EXPONENT, chosen[-1]]
    plain = power_of_two(k)
    for lane in range(LANES):
        if lane < chosen.size:
            p = chosen[lane]
            pixel = waiting_int[_NUMBER, p]
            scale = power_of_two(waiting_int[_EXPONENT, p] - exponent)
            x = waiting[_WAITING_X, p] * scale
            y = waiting[_WAITING_Y, p] * scale
            lanes[X + lane] = x
            lanes[Y + lane] = y
            lanes[W_X + lane] = w_re[pixel]
            lanes[W_Y + lane] = w_im[pixel]
            ints[PIXEL + lane] = pixel
            ints[BASE + lane] = waiting_int[_COUNT, p]
            # |z|² at index 0 is in the product.
            lanes[LOG + lane] = waiting[_WAITING_LOG, p]
            lanes[PRODUCT + lane] = waiting[_WAITING_PRODUCT, p]
            lanes[NORM2 + lane] = 1.0
        else:
            _idle(lanes, ints, lane)
        lanes[C_X + lane] = lanes[W_X + lane] * plain
        lanes[C_Y + lane] = lanes[W_Y + lane] * plain
        lanes[SIZE + lane] = larger_part(lanes[X + lane], lanes[Y + lane])
    return exponent


@inlined
def _idle(lanes, ints, lane):
    """Let a lane go along at the reference itself."""
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
    ints[PIXEL + lane] = -1


@compiled
def _end(ints, steps_end, maxiter):
    """Return the index at which the packet must be looked at: the reference's end or maxiter."""
    end = np.int64(steps_end)
    for lane in range(LANES):
        if ints[PIXEL + lane] >= 0:
            end = min(end, maxiter - ints[BASE + lane])
    return end


@inlined
def _log2_derivative(lanes, lane, shared):
    """log2 \|dz/dz₁\| of a lane, to within a half."""
    return lanes[LOG + lane] + shared + 0.5 * exponent_of(lanes[PRODUCT + lane])


@inlined
def _settle_lane(lanes, lane, shared):
    """Take the packet's part and the product's exponent into a lane's logarithm."""
    product = lanes[PRODUCT + lane]
    exponent = exponent_of(product)
    # A product that left the range of float64 proves nothing any more.
    known = -1000 < exponent < 1000
    lanes[LOG + lane] += shared + (0.5 * exponent if known else np.inf)
    lanes[PRODUCT + lane] = product * power_of_two(-exponent) if known else 1.0


@compiled
def _settle(lanes, ints, shared):
    """Settle all lanes, and flag the interior; return how many are."""
    hits = np.int64(0)
    for lane in range(LANES):
        _settle_lane(lanes, lane, shared)
        if ints[PIXEL + lane] >= 0 and lanes[LOG + lane] < _INTERIOR_LOG2:
            ints[FLAG + lane] = 1
            hits += 1
    return hits


@compiled
def _pass_critical(lanes, z_re, z_im, exponent, shared):
    """Settle all lanes where the reference is close to 0, and take up \|z\| for the next step."""
    for lane in range(LANES):
        x = z_re + lanes[X + lane]
        y = z_im + lanes[Y + lane]
        size2 = x * x + y * y
        _settle_lane(lanes, lane, shared + exponent)
        if size2 < _SMALLEST:
            lanes[LOG + lane] += math.log2(math.hypot(x, y))
        else:
            lanes[PRODUCT + lane] *= size2
        lanes[NORM2 + lane] = 1.0


@compiled
def _drop(
    lanes, ints, z_re, z_im, m, exponent, ends, maxiter, shared, queue, queue_int, queued,
    n, outcome, last_re, last_im,
):  # fmt: skip  # a packet, where it stands, who waits, the results
    """Take out the lanes that are flagged, or all that end here; return how many wait, and go on.

    `z_re` and `z_im` are the reference in the packet's exponent.
    """
    active = 0
    for lane in range(LANES):
        pixel = ints[PIXEL + lane]
        if pixel < 0:
            continue
        count = ints[BASE + lane] + m
        if not (ints[FLAG + lane] or ends or count >= maxiter):
            active += 1
            continue
        x = z_re + lanes[X + lane]
        y = z_im + lanes[Y + lane]
        if exponent == 0 and x * x + y * y > 4.0:
            n[pixel] = count - 1
            outcome[pixel] = _ESCAPED
            last_re[pixel] = x
            last_im[pixel] = y
            _idle(lanes, ints, lane)
            continue
        log = _log2_derivative(lanes, lane, shared)
        if log < _INTERIOR_LOG2:
            n[pixel] = maxiter
            outcome[pixel] = _INTERIOR
        elif count >= maxiter:
            n[pixel] = maxiter
            outcome[pixel] = _UNRESOLVED
        else:
            # The factor |z| of the step from index 0.
            size2 = x * x + y * y
            _settle_lane(lanes, lane, shared + exponent)
            product = lanes[PRODUCT + lane] * size2
            if size2 < _SMALLEST:
                lanes[LOG + lane] += math.log2(math.hypot(x, y))
                product = lanes[PRODUCT + lane]
            queue[_WAITING_X, queued] = x
            queue[_WAITING_Y, queued] = y
            queue[_WAITING_LOG, queued] = lanes[LOG + lane]
            queue[_WAITING_PRODUCT, queued] = product
            queue_int[_EXPONENT, queued] = exponent
            queue_int[_COUNT, queued] = count
            queue_int[_NUMBER, queued] = pixel
            queued += 1
        _idle(lanes, ints, lane)
    return queued, active


@compiled
def _near(
    z, nodes, radius, offsets, lowest, deep, maxiter, lanes, ints, m, active, shared,
    queue, queue_int, queued, n, outcome, last_re, last_im,
):  # fmt: skip  # as iterate_tile
    """Take a packet along in plain float64, until no lane is left or a product is too small."""
    steps_end = np.int64(z.shape[0] - 1)
    levels = offsets.size - 1
    lowest_mask = (np.int64(1) << lowest) - 1
    end = _end(ints, steps_end, maxiter)
    lane_steps = np.int64(0)
    packet_steps = np.int64(0)
    settle_at = np.int64(_SETTLE_STEPS)
    largest = largest_of(lanes)
    while active > 0:
        # The longest stretch that begins here, is valid and ends in time.
        node = np.int64(-1)
        length = np.int64(1)
        first = m - 1
        if first & lowest_mask == 0 and m > 0:
            level = lowest
            while level < levels:
                candidate = offsets[level] + (first >> level)
                if (
                    candidate >= offsets[level + 1]
                    or not largest < radius[candidate, 0]
                    or m + (np.int64(1) << level) > end
                ):
                    break
                node = candidate
                length = np.int64(1) << level
                if (first >> level) & 1:
                    break
                level += 1
        if node >= 0:
            a_re = nodes[node, A]
            a_im = nodes[node, A + 1]
            if deep and largest * larger_part(a_re, a_im) < _SMALLEST:
                break
            b_re = nodes[node, B]
            b_im = nodes[node, B + 1]
            g_re = nodes[node, G]
            g_im = nodes[node, G + 1]
            if nodes[node, B_EXPONENT] != 0.0:
                # Far below the deltas.
                b_re = 0.0
                b_im = 0.0
                g_re = 0.0
                g_im = 0.0
            m += length
            z_re = z[m, 0]
            z_im = z[m, 1]
            hits = stretch(
                lanes, ints, a_re, a_im, b_re, b_im, nodes[node, C], nodes[node, C + 1],
                nodes[node, D], nodes[node, D + 1], nodes[node, F], nodes[node, F + 1], g_re, g_im,
                nodes[node, INVERSE_RADIUS], z_re, z_im, 4.0,
            )  # fmt: skip  # as in its head
            shared += radius[node, 1]
        else:
            old_re = z[m, 0]
            old_im = z[m, 1]
            if deep and largest * (larger_part(old_re, old_im) + largest) < _SMALLEST:
                break
            if m > 0 and larger_part(old_re, old_im) < _CRITICAL:
                _pass_critical(lanes, old_re, old_im, 0, shared)
                shared = 0.0
            m += 1
            z_re = z[m, 0]
            z_im = z[m, 1]
            hits = single_step(lanes, ints, old_re, old_im, z_re, z_im)
            shared += 1.0
        lane_steps += active
        packet_steps += 1
        if packet_steps >= settle_at:
            settle_at = packet_steps + _SETTLE_STEPS
            hits += _settle(lanes, ints, shared)
            shared = 0.0
        if hits > 0 or m >= end:
            queued, active = _drop(
                lanes, ints, z_re, z_im, m, 0, m >= steps_end, maxiter, shared, queue,
                queue_int, queued, n, outcome, last_re, last_im,
            )  # fmt: skip  # as in its head
            if m >= end:
                end = _end(ints, steps_end, maxiter)
        largest = largest_of(lanes)
    return m, active, queued, shared, lane_steps, packet_steps


@compiled
def _value(z, tiny_index, tiny, tiny_exponent, m):
    """Return the reference at index m as two mantissas and their exponent of two."""
    re = z[m, 0]
    im = z[m, 1]
    exponent = exponent_of(larger_part(re, im))
    if exponent >= TINY_EXPONENT:
        scale = power_of_two(-exponent)
        return re * scale, im * scale, np.int64(exponent)
    at = np.searchsorted(tiny_index, m)
    if at < tiny_index.size and tiny_index[at] == m:
        return tiny[at, 0], tiny[at, 1], np.int64(tiny_exponent[at])
    return 0.0, 0.0, np.int64(_ZERO_EXPONENT)


@compiled
def _far(
    z, tiny_index, tiny, tiny_exponent, nodes, radius, offsets, lowest, k, maxiter, lanes, ints,
    m, exponent, active, shared, queue, queue_int, queued, n, outcome, last_re, last_im,
):  # fmt: skip  # as iterate_tile
    """Take a packet along with an exponent, until no lane is left or float64 holds the deltas."""
    steps_end = np.int64(z.shape[0] - 1)
    levels = offsets.size - 1
    lane_steps = np.int64(0)
    packet_steps = np.int64(0)
    settle_at = np.int64(_SETTLE_STEPS)
    end = _end(ints, steps_end, maxiter)
    largest = largest_of(lanes)
    while active > 0:
        # The largest delta is brought to between 1 and 2 in the packet's exponent.
        if largest > 0.0:
            shift = exponent_of(largest)
            if exponent + shift > _PLAIN_EXPONENT and packet_steps > 0:
                _rescale(lanes, power_of_two(exponent))
                exponent = np.int64(0)
                break
            _rescale(lanes, power_of_two(-shift))
            largest *= power_of_two(-shift)
            exponent += shift
        node = np.int64(-1)
        inverse = 0.0
        first = m - 1
        level = lowest
        while m > 0 and level < levels and first & ((np.int64(1) << level) - 1) == 0:
            candidate = offsets[level] + (first >> level)
            if candidate >= offsets[level + 1] or m + (np.int64(1) << level) > end:
                break
            below = exponent - nodes[candidate, R_EXPONENT]
            # An infinite exponent, where nothing passes, is no integer.
            if not below < 2.0:
                break
            inverse_here = nodes[candidate, INVERSE_RADIUS] * power_of_two(np.int64(below))
            if not largest * inverse_here < 0.7:
                break
            inverse = inverse_here
            node = candidate
            level += 1
        if node >= 0:
            a_re = nodes[node, A]
            a_im = nodes[node, A + 1]
            b_re = nodes[node, B]
            b_im = nodes[node, B + 1]
            a_shift = exponent_of(larger_part(a_re, a_im))
            b_shift = exponent_of(larger_part(b_re, b_im))
            a_exponent = exponent + np.int64(nodes[node, A_EXPONENT]) + a_shift
            b_exponent = np.int64(nodes[node, B_EXPONENT]) + b_shift
            shared += radius[node, 1]
            exponent = max(a_exponent, b_exponent) if largest > 0.0 else b_exponent
            scale_a = power_of_two(-a_shift) * power_of_two(a_exponent - exponent)
            scale_b = power_of_two(-b_shift) * power_of_two(b_exponent - exponent)
            m += np.int64(1) << (level - 1)
            z_re, z_im = _in_exponent(
                _value(z, tiny_index, tiny, tiny_exponent, m), exponent
            )
            hits = stretch(
                lanes, ints, a_re * scale_a, a_im * scale_a, b_re * scale_b, b_im * scale_b,
                nodes[node, C], nodes[node, C + 1], nodes[node, D], nodes[node, D + 1],
                nodes[node, F], nodes[node, F + 1], nodes[node, G] * scale_b,
                nodes[node, G + 1] * scale_b, inverse, z_re, z_im, np.inf,
            )  # fmt: skip  # as in its head
        else:
            twice_re, twice_im, value_exponent = _value(z, tiny_index, tiny, tiny_exponent, m)
            value_exponent += 1
            if value_exponent > exponent + 8:
                shared += 0.5 * math.log2(twice_re * twice_re + twice_im * twice_im)
                shared += value_exponent
            else:
                if m > 0:
                    scale = power_of_two(value_exponent - 1 - exponent)
                    _pass_critical(lanes, twice_re * scale, twice_im * scale, exponent, shared)
                    shared = 0.0
                shared += 1.0
            sum_exponent = max(value_exponent, exponent) if largest > 0.0 else value_exponent
            scale = power_of_two(value_exponent - sum_exponent)
            twice_re *= scale
            twice_im *= scale
            scale_sum = power_of_two(exponent - sum_exponent)
            product_exponent = exponent + sum_exponent
            exponent = max(product_exponent, k) if largest > 0.0 else np.int64(k)
            m += 1
            z_re, z_im = _in_exponent(
                _value(z, tiny_index, tiny, tiny_exponent, m), exponent
            )
            hits = scaled_step(
                lanes, ints, twice_re, twice_im, scale_sum,
                power_of_two(product_exponent - exponent), power_of_two(k - exponent),
                z_re, z_im,
            )  # fmt: skip  # as in its head
        lane_steps += active
        packet_steps += 1
        if packet_steps >= settle_at:
            settle_at = packet_steps + _SETTLE_STEPS
            hits += _settle(lanes, ints, shared)
            shared = 0.0
        if hits > 0 or m >= end:
            queued, active = _drop(
                lanes, ints, z_re, z_im, m, exponent, m >= steps_end, maxiter, shared, queue,
                queue_int, queued, n, outcome, last_re, last_im,
            )  # fmt: skip  # as in its head
            if m >= end:
                end = _end(ints, steps_end, maxiter)
        largest = largest_of(lanes)
    if exponent == 0:
        # |z|² of a point whose delta alone float64 holds is that of the reference.
        for lane in range(LANES):
            at_re = z[m, 0] + lanes[X + lane]
            at_im = z[m, 1] + lanes[Y + lane]
            lanes[NORM2 + lane] = at_re * at_re + at_im * at_im
    return m, exponent, active, queued, shared, lane_steps, packet_steps


@inlined
def _in_exponent(value, exponent):
    """A value with an exponent in another exponent; at most 2^200, where nothing is added."""
    scale = power_of_two(min(value[2] - exponent, 200))
    return value[0] * scale, value[1] * scale


@compiled
def _rescale(lanes, scale):
    """Multiply a packet's deltas, and their sizes, by a power of two."""
    for lane in range(LANES):
        lanes[X + lane] *= scale
        lanes[Y + lane] *= scale
        lanes[SIZE + lane] *= scale
