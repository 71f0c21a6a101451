"""One step, or one stretch of steps, of a lane group: the same for all its lanes, without a branch.

A lane group is one array, the lanes of a row side by side, and each step here updates the rows of
the deltas, their sizes, |z|² and the flags, and returns the number of flags. `ints` is the same
memory as int64.

Notes
-----
One array, and indices of a constant and a lane's number, because LLVM must see that no two rows
overlap: several arrays, or slices, cost a check of all their bounds at every step.
"""

import numpy as np

from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled, inlined

LANES = 32

# Where each row begins. Of float64: the delta, dc in units of 2^k and plain, the larger part of the
# delta, |z|², the product of |z|² since last settled, log2 |dz/dz₁|, room to fold sizes.
X, Y, W_X, W_Y, C_X, C_Y, SIZE, NORM2, PRODUCT, LOG, FOLDED = range(0, 11 * LANES, LANES)
# Of int64: the lane's flags, its count at index 0, its pixel or -1, 1 where it has left the disc of
# radius 2 but not clearly.
FLAG, BASE, PIXEL, COUNTED, GROUP_SIZE = range(11 * LANES, 16 * LANES, LANES)

# Flags: it ends, however that may be; where the reference is on the edge of the disc, that it
# escapes, or that it may not leave at its limit yet.
ENDS, ESCAPES, STAYS = 1, 2, 4

# Where it is followed, D = dz/dw (w = dc / 2^k) is in an array of its own: mantissas, each lane's
# power of two by which terms that do not hold D are multiplied, the count at which it leaves, room
# to fold sizes, and the exponent of two of the whole lane group. D grows by the same factors in all
# lanes, but lanes may begin thousands of octaves apart.
SLOPE_X, SLOPE_Y, SLOPE_UNIT, LIMIT, SLOPE_FOLDED, SLOPE_EXPONENT = range(0, 6 * LANES, LANES)
SLOPE_SIZE = SLOPE_EXPONENT + 1
_SLOPE_RANGE = 2.0**200


@inlined
def larger_part(a, b):
    """Return the larger of the absolute values of a complex number's two parts."""
    return max(abs(a), abs(b))


@inlined
def single_step(lanes, ints, z_re, z_im, next_re, next_im):
    """Do dz ← dz (2Z + dz) + dc in plain float64; the product takes up |z|² of the point before."""
    twice_re = 2.0 * z_re
    twice_im = 2.0 * z_im
    hits = np.int64(0)
    for k in range(LANES):
        lanes[PRODUCT + k] *= lanes[NORM2 + k]
        sum_re = twice_re + lanes[X + k]
        sum_im = twice_im + lanes[Y + k]
        new_x = (sum_re * lanes[X + k] - sum_im * lanes[Y + k]) + lanes[C_X + k]
        new_y = (sum_re * lanes[Y + k] + sum_im * lanes[X + k]) + lanes[C_Y + k]
        lanes[X + k] = new_x
        lanes[Y + k] = new_y
        at_re = next_re + new_x
        at_im = next_im + new_y
        size = larger_part(new_x, new_y)
        lanes[SIZE + k] = size
        square = at_re * at_re + at_im * at_im
        lanes[NORM2 + k] = square
        hit = np.int64(square > 4.0) | np.int64(larger_part(at_re, at_im) < size)
        ints[FLAG + k] = hit
        hits += hit
    return hits


@inlined
def scaled_step(
    lanes, ints, twice_re, twice_im, scale_sum, scale_product, scale_w, next_re, next_im
):
    """Do the same for deltas with an exponent; the scales bring all terms to one exponent."""
    hits = np.int64(0)
    for k in range(LANES):
        sum_re = twice_re + lanes[X + k] * scale_sum
        sum_im = twice_im + lanes[Y + k] * scale_sum
        new_x = (sum_re * lanes[X + k] - sum_im * lanes[Y + k]) * scale_product + lanes[
            W_X + k
        ] * scale_w
        new_y = (sum_re * lanes[Y + k] + sum_im * lanes[X + k]) * scale_product + lanes[
            W_Y + k
        ] * scale_w
        lanes[X + k] = new_x
        lanes[Y + k] = new_y
        size = larger_part(new_x, new_y)
        lanes[SIZE + k] = size
        hit = np.int64(larger_part(next_re + new_x, next_im + new_y) < size)
        ints[FLAG + k] = hit
        hits += hit
    return hits


@inlined
def stretch(
    lanes, ints, a_re, a_im, b_re, b_im, c_re, c_im, d_re, d_im, f_re, f_im, g_re, g_im,
    inverse, next_re, next_im, escape2,
):  # fmt: skip  # a node's numbers
    """Do dz ← A dz (1 + t (C + D t) + F w) + w (B + G w), t = dz · inverse."""
    hits = np.int64(0)
    for k in range(LANES):
        t_re = lanes[X + k] * inverse
        t_im = lanes[Y + k] * inverse
        p_re = (d_re * t_re - d_im * t_im) + c_re
        p_im = (d_re * t_im + d_im * t_re) + c_im
        q_re = 1.0 + ((p_re * t_re - p_im * t_im) + (f_re * lanes[W_X + k] - f_im * lanes[W_Y + k]))
        q_im = (p_re * t_im + p_im * t_re) + (f_re * lanes[W_Y + k] + f_im * lanes[W_X + k])
        s_re = q_re * lanes[X + k] - q_im * lanes[Y + k]
        s_im = q_re * lanes[Y + k] + q_im * lanes[X + k]
        v_re = b_re + (g_re * lanes[W_X + k] - g_im * lanes[W_Y + k])
        v_im = b_im + (g_re * lanes[W_Y + k] + g_im * lanes[W_X + k])
        new_x = (a_re * s_re - a_im * s_im) + (v_re * lanes[W_X + k] - v_im * lanes[W_Y + k])
        new_y = (a_re * s_im + a_im * s_re) + (v_re * lanes[W_Y + k] + v_im * lanes[W_X + k])
        lanes[X + k] = new_x
        lanes[Y + k] = new_y
        at_re = next_re + new_x
        at_im = next_im + new_y
        size = larger_part(new_x, new_y)
        lanes[SIZE + k] = size
        square = at_re * at_re + at_im * at_im
        lanes[NORM2 + k] = square
        hit = np.int64(square > escape2) | np.int64(larger_part(at_re, at_im) < size)
        ints[FLAG + k] = hit
        hits += hit
    return hits


@inlined
def step_slope(lanes, slope, twice_re, twice_im, scale_delta, scale_unit):
    """Do D ← 2 (Z + dz) D + 2^k, before the step of dz; 2Z and 2^k in the exponents that serve."""
    for k in range(LANES):
        re = twice_re + 2.0 * lanes[X + k] * scale_delta
        im = twice_im + 2.0 * lanes[Y + k] * scale_delta
        new_x = (re * slope[SLOPE_X + k] - im * slope[SLOPE_Y + k]) + (
            scale_unit * slope[SLOPE_UNIT + k]
        )
        slope[SLOPE_Y + k] = re * slope[SLOPE_Y + k] + im * slope[SLOPE_X + k]
        slope[SLOPE_X + k] = new_x


@inlined
def stretch_slope(
    lanes, slope, a_re, a_im, b_re, b_im, c_re, c_im, d_re, d_im, f_re, f_im, g_re, g_im,
    inverse, scale_delta,
):  # fmt: skip  # a node's numbers
    """Do D ← A (D (1 + t (2C + 3D t) + F w) + F dz) + B + 2 G w, before the stretch of dz."""
    for k in range(LANES):
        t_re = lanes[X + k] * inverse
        t_im = lanes[Y + k] * inverse
        p_re = 3.0 * (d_re * t_re - d_im * t_im) + 2.0 * c_re
        p_im = 3.0 * (d_re * t_im + d_im * t_re) + 2.0 * c_im
        q_re = 1.0 + ((p_re * t_re - p_im * t_im) + (f_re * lanes[W_X + k] - f_im * lanes[W_Y + k]))
        q_im = (p_re * t_im + p_im * t_re) + (f_re * lanes[W_Y + k] + f_im * lanes[W_X + k])
        unit = slope[SLOPE_UNIT + k]
        delta = scale_delta * unit
        s_re = (q_re * slope[SLOPE_X + k] - q_im * slope[SLOPE_Y + k]) + delta * (
            f_re * lanes[X + k] - f_im * lanes[Y + k]
        )
        s_im = (q_re * slope[SLOPE_Y + k] + q_im * slope[SLOPE_X + k]) + delta * (
            f_re * lanes[Y + k] + f_im * lanes[X + k]
        )
        slope[SLOPE_X + k] = (a_re * s_re - a_im * s_im) + unit * (
            b_re + 2.0 * (g_re * lanes[W_X + k] - g_im * lanes[W_Y + k])
        )
        slope[SLOPE_Y + k] = (a_re * s_im + a_im * s_re) + unit * (
            b_im + 2.0 * (g_re * lanes[W_Y + k] + g_im * lanes[W_X + k])
        )


@inlined
def _largest_folded(lanes, folded):
    """Return the largest of the first half of a row, by folding it: overwrites its first quarter.

    LLVM makes no vector code of a maximum over a loop.
    """
    for k in range(LANES // 4):
        lanes[folded + k] = max(lanes[folded + k], lanes[folded + LANES // 4 + k])
    largest = lanes[folded]
    for k in range(LANES // 4):
        largest = max(largest, lanes[folded + k])
    return largest


@compiled
def grow_slope(slope, exponent):
    """Add to the exponent of a lane group's slopes, and bring the largest of them to about 1."""
    for k in range(LANES // 2):
        slope[SLOPE_FOLDED + k] = max(
            larger_part(slope[SLOPE_X + k], slope[SLOPE_Y + k]),
            larger_part(slope[SLOPE_X + LANES // 2 + k], slope[SLOPE_Y + LANES // 2 + k]),
        )
    largest = _largest_folded(slope, SLOPE_FOLDED)
    slope[SLOPE_EXPONENT] += exponent
    if largest > 0.0 and not 1.0 / _SLOPE_RANGE < largest < _SLOPE_RANGE:
        shift = exponent_of(largest)
        scale = power_of_two(-shift)
        for k in range(2 * LANES):
            slope[SLOPE_X + k] *= scale
        slope[SLOPE_EXPONENT] += shift


@inlined
def largest_of(lanes):
    """Return the largest size of a lane group's deltas."""
    for k in range(LANES // 2):
        lanes[FOLDED + k] = max(lanes[SIZE + k], lanes[SIZE + LANES // 2 + k])
    return _largest_folded(lanes, FOLDED)
