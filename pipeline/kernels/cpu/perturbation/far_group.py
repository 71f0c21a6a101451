"""Steps of a lane group along the reference, with deltas too small for float64.

All deltas of a lane group share one exponent of two, which costs a few operations a step, and
nothing a lane.
"""

import math

import numpy as np

from pipeline.kernels.cpu.perturbation.approximation import (
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
from pipeline.kernels.cpu.perturbation.edge import look_beyond, on_edge
from pipeline.kernels.cpu.perturbation.group_lanes import (
    SETTLE_STEPS,
    drop,
    drop_traced,
    flag_outgrown,
    last_index,
    pass_critical,
    settle,
)
from pipeline.kernels.cpu.perturbation.group_steps import (
    LANES,
    NORM2,
    SIZE,
    SLOPE_EXPONENT,
    X,
    Y,
    grow_slope,
    larger_part,
    largest_of,
    scaled_step,
    step_slope,
    stretch,
    stretch_slope,
)
from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.reference import TINY_EXPONENT, WIDE_EXPONENT

# Deltas above 2^PLAIN_EXPONENT need no exponent.
PLAIN_EXPONENT = -840
# The exponent of a value of the reference that is exactly 0.
_ZERO_EXPONENT = -(1 << 40)
# No delta has outgrown a value of the reference that is larger in the lane group's exponent.
_OUTGROWABLE = 2.0**100


@compiled
def go_far(
    orbit, table, maxiter, lanes, ints, slope, step_limits, m, exponent, active, shared,
    queue, queued, results,
):  # fmt: skip  # the reference, a lane group, who waits, the results
    """Iterate a lane group with an exponent until no lane is left or float64 holds the deltas.

    Parameters as for `go_near`; `exponent` is the lane group's power of two.
    """
    z = orbit.z
    nodes, radius, offsets, lowest, k = table
    steps_end = np.int64(z.shape[0] - 1)
    levels = offsets.size - 1
    lane_steps = np.int64(0)
    group_steps = np.int64(0)
    end = last_index(ints, steps_end, maxiter, slope, step_limits)
    largest = largest_of(lanes)
    wide = k <= WIDE_EXPONENT
    # A delta that began next to 0 may have proved the point interior by that.
    settle_at = np.int64(1 if wide and m == 0 else SETTLE_STEPS)
    edges = orbit.margin_index.size > 0
    while active > 0:
        # The largest delta is brought to between 1 and 2 in the lane group's exponent.
        if largest > 0.0:
            shift = exponent_of(largest)
            if exponent + shift > PLAIN_EXPONENT and group_steps > 0:
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
            delta_exponent = exponent
            exponent = max(a_exponent, b_exponent) if largest > 0.0 else b_exponent
            scale_a = power_of_two(-a_shift) * power_of_two(a_exponent - exponent)
            scale_b = power_of_two(-b_shift) * power_of_two(b_exponent - exponent)
            m += np.int64(1) << (level - 1)
            z_re, z_im = _in_exponent(_value(orbit, m), exponent)
            if slope is not None:
                grown = np.int64(nodes[node, A_EXPONENT]) + a_shift
                slope_a = power_of_two(-a_shift)
                before = np.int64(slope[SLOPE_EXPONENT])
                slope_b = power_of_two(-b_shift) * power_of_two(b_exponent - before - grown)
                stretch_slope(
                    lanes, slope, a_re * slope_a, a_im * slope_a, b_re * slope_b, b_im * slope_b,
                    nodes[node, C], nodes[node, C + 1], nodes[node, D], nodes[node, D + 1],
                    nodes[node, F], nodes[node, F + 1], nodes[node, G] * slope_b,
                    nodes[node, G + 1] * slope_b, inverse, power_of_two(delta_exponent - before),
                )  # fmt: skip  # in signature order
                grow_slope(slope, grown)
            hits = stretch(
                lanes, ints, a_re * scale_a, a_im * scale_a, b_re * scale_b, b_im * scale_b,
                nodes[node, C], nodes[node, C + 1], nodes[node, D], nodes[node, D + 1],
                nodes[node, F], nodes[node, F + 1], nodes[node, G] * scale_b,
                nodes[node, G + 1] * scale_b, inverse, z_re, z_im, np.inf,
            )  # fmt: skip  # in signature order
        else:
            twice_re, twice_im, value_exponent = _value(orbit, m)
            value_exponent += 1
            if value_exponent > exponent + 8:
                shared += 0.5 * math.log2(twice_re * twice_re + twice_im * twice_im)
                shared += value_exponent
            else:
                if step_limits is None and m > 0:
                    scale = power_of_two(value_exponent - 1 - exponent)
                    pass_critical(lanes, twice_re * scale, twice_im * scale, exponent, shared)
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
            z_re, z_im = _in_exponent(_value(orbit, m), exponent)
            if slope is not None:
                before = np.int64(slope[SLOPE_EXPONENT])
                # Where the reference is 0, or nearly, 2^k is all there is.
                after = max(before + sum_exponent, k)
                grown = power_of_two(before + sum_exponent - after)
                step_slope(
                    lanes, slope, twice_re * grown, twice_im * grown, scale_sum * grown,
                    power_of_two(k - after),
                )  # fmt: skip  # in signature order
                grow_slope(slope, after - before)
            hits = scaled_step(
                lanes, ints, twice_re, twice_im, scale_sum,
                power_of_two(product_exponent - exponent), power_of_two(k - exponent),
                z_re, z_im,
            )  # fmt: skip  # in signature order
        if edges and on_edge(z[m, 0], z[m, 1]):
            hits = look_beyond(lanes, ints, orbit, m, exponent, results, step_limits is not None)
        if wide and larger_part(z_re, z_im) < _OUTGROWABLE:
            hits += flag_outgrown(lanes, ints, z_re, z_im)
        lane_steps += active
        group_steps += 1
        if step_limits is None and group_steps >= settle_at:
            settle_at = group_steps + SETTLE_STEPS
            hits += settle(lanes, ints, shared)
            shared = 0.0
        if hits > 0 or m >= end:
            if step_limits is None:
                queued, active = drop(
                    lanes, ints, slope, z_re, z_im, z[m, 0], z[m, 1], m, exponent,
                    m >= steps_end, maxiter, shared, queue, queued, results,
                )  # fmt: skip  # in signature order
            else:
                queued, active = drop_traced(
                    lanes, ints, slope, z_re, z_im, z[m, 0], z[m, 1], m, exponent,
                    m >= steps_end, queue, queued, results,
                )  # fmt: skip  # in signature order
            if m >= end:
                end = last_index(ints, steps_end, maxiter, slope, step_limits)
        largest = largest_of(lanes)
    if exponent == 0:
        # |z|² of a point whose delta alone float64 holds is that of the reference.
        for lane in range(LANES):
            at_re = z[m, 0] + lanes[X + lane]
            at_im = z[m, 1] + lanes[Y + lane]
            lanes[NORM2 + lane] = at_re * at_re + at_im * at_im
    return m, exponent, active, queued, shared, lane_steps, group_steps


@compiled
def _value(orbit, m):
    """Return the reference at index m as two mantissas and their exponent of two."""
    re = orbit.z[m, 0]
    im = orbit.z[m, 1]
    exponent = exponent_of(larger_part(re, im))
    if exponent >= TINY_EXPONENT:
        scale = power_of_two(-exponent)
        return re * scale, im * scale, np.int64(exponent)
    at = np.searchsorted(orbit.tiny_index, m)
    if at < orbit.tiny_index.size and orbit.tiny_index[at] == m:
        return orbit.tiny[at, 0], orbit.tiny[at, 1], np.int64(orbit.tiny_exponent[at])
    return 0.0, 0.0, np.int64(_ZERO_EXPONENT)


@inlined
def _in_exponent(value, exponent):
    """Return a value with an exponent in another one; at most 2^200, where nothing is added."""
    scale = power_of_two(min(value[2] - exponent, 200))
    return value[0] * scale, value[1] * scale


@compiled
def _rescale(lanes, scale):
    """Multiply a lane group's deltas, and their sizes, by a power of two."""
    for lane in range(LANES):
        lanes[X + lane] *= scale
        lanes[Y + lane] *= scale
        lanes[SIZE + lane] *= scale
