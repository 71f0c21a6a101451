"""Steps of a lane group along the reference in plain float64."""

import numpy as np

from pipeline.kernels.cpu.perturbation.approximation import (
    B_EXPONENT,
    INVERSE_RADIUS,
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
    SMALLEST,
    drop,
    drop_traced,
    flag_outgrown,
    last_index,
    pass_critical,
    settle,
)
from pipeline.kernels.cpu.perturbation.group_steps import (
    SLOPE_EXPONENT,
    grow_slope,
    larger_part,
    largest_of,
    single_step,
    step_slope,
    stretch,
    stretch_slope,
)
from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled
from pipeline.kernels.reference import WIDE_EXPONENT

# Where the reference is nearer to 0 than this, factors of the derivative are taken one by one.
_CRITICAL = 2.0**-50
# No delta inside the disc has outgrown a larger value of the reference.
_OUTGROWABLE = 0.125


@compiled
def go_near(
    orbit, table, deep, maxiter, lanes, ints, slope, step_limits, m, active, shared,
    queue, queued, results,
):  # fmt: skip  # the reference, a lane group, who waits, the results
    """Iterate a lane group in plain float64, until no lane is left or a product is too small.

    Parameters
    ----------
    orbit, table, maxiter, step_limits, results
        As for `iterate_tile`.
    deep : bool
        Whether a product may be too small for float64.
    lanes, ints : ndarray
        The lane group, see `group_steps`.
    slope : ndarray or None
        Its slopes, where they are followed.
    m, active, shared
        Index of the reference, lanes that are not idle, and the lane group's log2 |dz/dz₁|.
    queue, queued
        Where lanes that rebase wait, and how many do.
    """
    z = orbit.z
    nodes, radius, offsets, lowest, k = table
    steps_end = np.int64(z.shape[0] - 1)
    levels = offsets.size - 1
    lowest_mask = (np.int64(1) << lowest) - 1
    end = last_index(ints, steps_end, maxiter, slope, step_limits)
    lane_steps = np.int64(0)
    group_steps = np.int64(0)
    largest = largest_of(lanes)
    wide = k <= WIDE_EXPONENT
    # A delta that began next to 0 may have proved the point interior by that.
    settle_at = np.int64(1 if wide and m == 0 else SETTLE_STEPS)
    edges = orbit.margin_index.size > 0
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
            if deep and largest * larger_part(a_re, a_im) < SMALLEST:
                break
            b_re = nodes[node, B]
            b_im = nodes[node, B + 1]
            g_re = nodes[node, G]
            g_im = nodes[node, G + 1]
            if nodes[node, B_EXPONENT] != 0.0:
                # Far below the deltas, unless these differ widely.
                scale_b = power_of_two(np.int64(nodes[node, B_EXPONENT])) if wide else 0.0
                b_re *= scale_b
                b_im *= scale_b
                g_re *= scale_b
                g_im *= scale_b
            m += length
            z_re = z[m, 0]
            z_im = z[m, 1]
            if slope is not None:
                shift = exponent_of(larger_part(a_re, a_im))
                scale_a = power_of_two(-shift)
                before = np.int64(slope[SLOPE_EXPONENT])
                scale_b = power_of_two(-before - shift)
                stretch_slope(
                    lanes, slope, a_re * scale_a, a_im * scale_a, b_re * scale_b, b_im * scale_b,
                    nodes[node, C], nodes[node, C + 1], nodes[node, D], nodes[node, D + 1],
                    nodes[node, F], nodes[node, F + 1], g_re * scale_b, g_im * scale_b,
                    nodes[node, INVERSE_RADIUS], power_of_two(-before),
                )  # fmt: skip  # in signature order
                grow_slope(slope, shift)
            hits = stretch(
                lanes, ints, a_re, a_im, b_re, b_im, nodes[node, C], nodes[node, C + 1],
                nodes[node, D], nodes[node, D + 1], nodes[node, F], nodes[node, F + 1], g_re, g_im,
                nodes[node, INVERSE_RADIUS], z_re, z_im, 4.0,
            )  # fmt: skip  # in signature order
            shared += radius[node, 1]
        else:
            old_re = z[m, 0]
            old_im = z[m, 1]
            if deep and largest * (larger_part(old_re, old_im) + largest) < SMALLEST:
                break
            if slope is not None:
                scale_unit = power_of_two(k - np.int64(slope[SLOPE_EXPONENT]))
                step_slope(lanes, slope, 2.0 * old_re, 2.0 * old_im, 1.0, scale_unit)
                grow_slope(slope, 0)
            if step_limits is None and m > 0 and larger_part(old_re, old_im) < _CRITICAL:
                pass_critical(lanes, old_re, old_im, 0, shared)
                shared = 0.0
            m += 1
            z_re = z[m, 0]
            z_im = z[m, 1]
            hits = single_step(lanes, ints, old_re, old_im, z_re, z_im)
            shared += 1.0
        if edges and on_edge(z_re, z_im):
            hits = look_beyond(lanes, ints, orbit, m, 0, results, step_limits is not None)
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
                    lanes, ints, slope, z_re, z_im, z_re, z_im, m, 0, m >= steps_end, maxiter,
                    shared, queue, queued, results,
                )  # fmt: skip  # in signature order
            else:
                queued, active = drop_traced(
                    lanes, ints, slope, z_re, z_im, z_re, z_im, m, 0, m >= steps_end,
                    queue, queued, results,
                )  # fmt: skip  # in signature order
            if m >= end:
                end = last_index(ints, steps_end, maxiter, slope, step_limits)
        largest = largest_of(lanes)
    return m, active, queued, shared, lane_steps, group_steps
