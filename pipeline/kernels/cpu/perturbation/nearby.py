"""Orbits of points and discs near a reference, for finding nuclei and Misiurewicz points.

Points are the reference plus 2^exponent (w_re + i w_im), and |w| is at most about 1.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from pipeline.kernels.cpu.scaled import (
    absolute,
    add,
    is_smaller,
    log2_of,
    multiply,
    rounded,
    scaled,
    times,
    twice,
)
from pipeline.kernels.cpu.scaling import power_of_two
from pipeline.kernels.jit import compiled

FOUND = 0
OUTSIDE = 1
UNDECIDED = 2

# A stretch is passed whole where delta and disc together stay below this fraction of its radius.
_WITHIN = 0.7
# Error of a stretch, relative to the delta: what tables are made for.
STRETCH_ERROR = 2.0**-46
# Values of z that float64 cannot tell apart.
_NOISE = 2.0**-46
# A disc that has grown to this no longer tells where its points are.
_WIDE = 4.0


class Surroundings(NamedTuple):
    """A reference, and a table of its stretches, which may be empty."""

    z: NDArray[np.float64]
    tiny_index: NDArray[np.int64]
    tiny: NDArray[np.float64]
    tiny_exponent: NDArray[np.int64]
    closes: bool
    """Whether the reference may be left at its last value, where it has escaped or come back to 0,
    and does not just lack steps."""
    nodes: NDArray[np.float64]
    smallest: NDArray[np.float64]
    """log2 of the smallest |Z| of each node's stretch."""
    offsets: NDArray[np.int64]
    lowest: int


@compiled
def step(around, at, small, delta, offset):
    """Return the value of a nearby orbit, and where it goes from there.

    Parameters
    ----------
    at, small : int
        Index in the reference, and the first of its tiny values that may belong to it.
    delta, offset : scaled number
        Difference to the reference's value, and to its C.

    Returns
    -------
    value, at, small, delta
        `at` is -1 where the reference has too few steps to go on.

    Notes
    -----
    δ ← (2Z + δ) δ + ε, begun again at Z₀ where the value is smaller than δ (Zhuoran, "Another
    solution to perturbation glitches", fractalforums.org, 2021).
    """
    tiny_index = around.tiny_index
    while small < tiny_index.size and tiny_index[small] < at:
        small += 1
    if small < tiny_index.size and tiny_index[small] == at:
        tiny = around.tiny
        reference = scaled(tiny[small, 0], tiny[small, 1], around.tiny_exponent[small])
    else:
        reference = scaled(around.z[at, 0], around.z[at, 1], 0)
    value = add(reference, delta)
    ends = at == around.z.shape[0] - 1
    if is_smaller(value, delta) or (ends and around.closes):
        return value, 1, 0, add(multiply(value, value), offset)
    if ends:
        return value, -1, small, delta
    return value, at + 1, small, add(multiply(delta, add(twice(reference), delta)), offset)


@compiled
def longest_stretch(around, at, reach, most):
    """Return node and length of the longest stretch that a disc may pass whole; -1 for none.

    Parameters
    ----------
    reach : scaled number
        Bound of the absolute difference from the reference, for all points of the disc.
    most : int
        Steps that it may have.
    """
    offsets = around.offsets
    node = -1
    length = 0
    level = around.lowest
    first = at - 1
    while level < offsets.size - 1 and first & ((1 << level) - 1) == 0:
        candidate = offsets[level] + (first >> level)
        if candidate >= offsets[level + 1] or (1 << level) > most:
            break
        below = reach[2] - around.nodes[candidate, R_EXPONENT]
        # An infinite exponent, where nothing passes, is no integer.
        if not below < 2.0:
            break
        fraction = reach[0] * around.nodes[candidate, INVERSE_RADIUS]
        if not fraction * power_of_two(np.int64(below)) < _WITHIN:
            break
        node = candidate
        length = 1 << level
        level += 1
    return node, length


@compiled
def pass_stretch(node, delta, w):
    """Return the delta after a stretch, and its derivatives by the delta before and by w.

    Notes
    -----
    The polynomial of :mod:`~pipeline.kernels.cpu.perturbation.approximation`.
    """
    below = delta[2] - np.int64(node[R_EXPONENT])
    t = complex(delta[0], delta[1]) * (node[INVERSE_RADIUS] * power_of_two(below))
    c = complex(node[C], node[C + 1])
    d = complex(node[D], node[D + 1])
    f = complex(node[F], node[F + 1])
    b = complex(node[B], node[B + 1])
    g = complex(node[G], node[G + 1])
    b_exponent = np.int64(node[B_EXPONENT])
    a = scaled(node[A], node[A + 1], np.int64(node[A_EXPONENT]))
    grown = multiply(a, delta)
    after = add(
        times(grown, 1.0 + t * (c + d * t) + f * w), times((1.0, 0.0, b_exponent), w * (b + g * w))
    )
    by_delta = times(a, 1.0 + t * (2.0 * c + 3.0 * d * t) + f * w)
    by_w = add(times(grown, f), times((1.0, 0.0, b_exponent), b + 2.0 * g * w))
    return after, by_delta, by_w


@compiled
def bent(node, r, spread):
    """Return how far the image of a disc of radius r is from that of its tangent, at most.

    `spread` is the disc's radius in w.
    """
    below = r[2] - np.int64(node[R_EXPONENT])
    rho = r[0] * node[INVERSE_RADIUS] * power_of_two(below)
    c = math.hypot(node[C], node[C + 1])
    d = math.hypot(node[D], node[D + 1])
    f = math.hypot(node[F], node[F + 1])
    g = math.hypot(node[G], node[G + 1])
    a = scaled(math.hypot(node[A], node[A + 1]), 0.0, np.int64(node[A_EXPONENT]))
    first = times(multiply(a, r), rho * (c + 3.0 * d) + 2.0 * f * spread + STRETCH_ERROR + 0j)
    return add(first, scaled(g * spread * spread, 0.0, np.int64(node[B_EXPONENT])))


@compiled
def first_zero(around, w_re, w_im, radius, exponent, steps):
    """Return the first index at which the image of a disc of points may contain 0.

    Returns
    -------
    outcome, index
        FOUND: no nucleus in the disc has a lower period. OUTSIDE: the whole disc escapes, at this
        index. UNDECIDED: neither within these steps, or those of the reference.

    Notes
    -----
    Affine arithmetic: the image of the disc of radius r₁ about c lies within e of z + z' w,
    |w| ≤ r₁, so that its radius is at most r = |z'| r₁ + e; z' ← 2 z z' + 1, e ← 2|z| e + r².
    """
    offset = scaled(w_re, w_im, exponent)
    spread = scaled(radius, 0.0, exponent)
    unit = scaled(1.0, 0.0, -exponent)
    one = scaled(1.0, 0.0, 0)
    delta = offset
    slope = one
    rest = scaled(0.0, 0.0, 0)
    at = 1
    small = 0
    n = 1
    while n <= steps:
        r = add(multiply(absolute(slope), spread), rest)
        node, length = longest_stretch(around, at, add(absolute(delta), r), steps - n)
        if node >= 0:
            row = around.nodes[node]
            delta, by_delta, by_w = pass_stretch(row, delta, complex(w_re, w_im))
            slope = add(multiply(by_delta, slope), multiply(by_w, unit))
            rest = add(multiply(absolute(by_delta), rest), bent(row, r, radius))
            at += length
            n += length
            continue
        value, at, small, delta = step(around, at, small, delta, offset)
        size = absolute(value)
        if not is_smaller(r, size):
            return FOUND, n
        if 0 <= size[2] < 1000 and rounded(size)[0] - rounded(r)[0] > 2.0:
            return OUTSIDE, n
        if at < 0:
            return UNDECIDED, n
        rest = add(multiply(twice(size), rest), multiply(r, r))
        slope = add(multiply(twice(value), slope), one)
        n += 1
    return UNDECIDED, steps


@compiled
def derivatives(around, w_re, w_im, exponent, indices, out, exponents):
    """Fill in z_n, dz_n/dc and λ_{n-1} of a nearby orbit at increasing indices n.

    Parameters
    ----------
    out : ndarray of float64, shape (indices, 3, 2)
        Mantissas.
    exponents : ndarray of int64, shape (indices, 3)

    Returns
    -------
    complete, smallest, nearest
        Whether the orbit came so far, and log2 of the smallest |z_n| before the last index, and
        of the smallest |z_n / (dz_n/dc)|, which is about the distance to the nearest nucleus of
        a lower period; those farther than many units are left out.

    Notes
    -----
    λ_n = 2^n z₁ … z_n, and dz_n/dc ← 2 z dz/dc + 1.
    """
    offset = scaled(w_re, w_im, exponent)
    unit = scaled(1.0, 0.0, -exponent)
    one = scaled(1.0, 0.0, 0)
    delta = offset
    slope = one
    product = one
    smallest = 1e9
    nearest = 1e9
    at = 1
    small = 0
    wanted = 0
    n = 1
    while True:
        if at < 0:
            return False, smallest, nearest
        left = indices[wanted] - n
        node, length = longest_stretch(around, at, absolute(delta), left)
        if node >= 0:
            row = around.nodes[node]
            delta, by_delta, by_w = pass_stretch(row, delta, complex(w_re, w_im))
            slope = add(multiply(by_delta, slope), multiply(by_w, unit))
            product = multiply(by_delta, product)
            smallest = min(smallest, around.smallest[node])
            at += length
            n += length
            continue
        value, at, small, delta = step(around, at, small, delta, offset)
        if left == 0:
            out[wanted, 0, 0], out[wanted, 0, 1], exponents[wanted, 0] = value
            out[wanted, 1, 0], out[wanted, 1, 1], exponents[wanted, 1] = slope
            out[wanted, 2, 0], out[wanted, 2, 1], exponents[wanted, 2] = product
            wanted += 1
            if wanted == indices.size:
                return True, smallest, nearest
        size = log2_of(value)
        smallest = min(smallest, size)
        nearest = min(nearest, size - log2_of(slope))
        double = twice(value)
        slope = add(multiply(double, slope), one)
        product = multiply(double, product)
        n += 1


@compiled
def values_of_disc(around, w_re, w_im, radius, exponent, steps, least, values, radii):
    """Fill in z_n and the radius of its disc, from where this is `least` until it is wide.

    Parameters
    ----------
    steps : int
        Steps after which a disc that has not become wide is given up.

    Returns
    -------
    first, values
        The index n of the first, and how many were filled in.
    """
    offset = scaled(w_re, w_im, exponent)
    spread = scaled(radius, 0.0, exponent)
    unit = scaled(1.0, 0.0, -exponent)
    one = scaled(1.0, 0.0, 0)
    delta = offset
    slope = one
    rest = scaled(0.0, 0.0, 0)
    at = 1
    small = 0
    n = 1
    begun = 0
    while at >= 0 and n <= steps:
        r = add(multiply(absolute(slope), spread), rest)
        size = rounded(r)[0]
        if size < least or (begun > 0 and n - begun == values.shape[0]):
            # Tiny again, or too long ago.
            begun = 0
        if size < least:
            node, length = longest_stretch(around, at, add(absolute(delta), r), steps - n)
            if node >= 0:
                row = around.nodes[node]
                delta, by_delta, by_w = pass_stretch(row, delta, complex(w_re, w_im))
                slope = add(multiply(by_delta, slope), multiply(by_w, unit))
                rest = add(multiply(absolute(by_delta), rest), bent(row, r, radius))
                at += length
                n += length
                continue
        value, at, small, delta = step(around, at, small, delta, offset)
        if begun == 0 and size >= least:
            begun = n
        if begun > 0:
            k = n - begun
            if r[2] > 2 or size > _WIDE or value[2] > 1:
                return begun, k
            values[k, 0], values[k, 1] = rounded(value)
            radii[k] = size
        elif value[2] > 1:
            break
        rest = add(multiply(twice(absolute(value)), rest), multiply(r, r))
        slope = add(multiply(twice(value), slope), one)
        n += 1
    return (begun, n - begun) if begun > 0 else (n, 0)


@compiled
def first_repeat(values, radii, period, first):
    """Return the first index k from `first` on with z_{k+p} = -z_k ≠ 0 for a point of a disc.

    Parameters
    ----------
    values, radii : ndarray of float64, shape (steps, 2) and (steps,)
        As `values_of_disc` fills them in.

    Returns
    -------
    int
        -1 where there is none.
    """
    for k in range(first, values.shape[0] - period):
        re = values[k, 0] + values[k + period, 0]
        im = values[k, 1] + values[k + period, 1]
        reach = radii[k] + radii[k + period] + _NOISE
        if re * re + im * im <= reach * reach:
            return k
    return -1


@compiled
def is_attracted(z, steps, period):
    """Tell whether an orbit of this period has settled on an attracting cycle.

    Its last value is within 1e-6 of the one a period before, and the cycle's multiplier is below 1.
    """
    last = z.shape[0] - 1
    if period < 1 or last < 3 * period + 1 or last < steps:
        return False
    growth = 0.0
    for k in range(last - period, last):
        norm2 = z[k, 0] * z[k, 0] + z[k, 1] * z[k, 1]
        if norm2 == 0.0:
            return True
        growth += 1.0 + 0.5 * math.log2(norm2)
    re = z[last, 0] - z[last - period, 0]
    im = z[last, 1] - z[last - period, 1]
    return growth < -1e-3 and re * re + im * im < 1e-12
