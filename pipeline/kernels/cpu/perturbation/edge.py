"""The edge of the disc of radius 2, where float64 cannot tell on which side a point is.

Next to -2 orbits stay near 2 for many steps, and leave the disc, or do not, by as little as the
points differ: by 1e-300 in a view of that width. Elsewhere an orbit may pass the edge as closely at
a single step. There |z|² - 4 is computed as a sum: that of the reference, known in full precision,
and what the delta adds to it.
"""

import numpy as np

from pipeline.kernels.cpu.perturbation.group_steps import (
    BASE,
    COUNTED,
    ENDS,
    ESCAPES,
    FLAG,
    LANES,
    PIXEL,
    SIZE,
    STAYS,
    X,
    Y,
    larger_part,
)
from pipeline.kernels.cpu.scaling import power_of_two
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.reference import EDGE
from pipeline.kernels.results import Outcome

_ESCAPED = np.uint8(Outcome.ESCAPED)
_EDGE_FROM = 4.0 - EDGE
# Limits of the exponents of scales: within the range of float64, products with numbers up to 4
# included. Beyond them only the sign of a number matters.
_LEAST_EXPONENT = -1000
_LARGEST_EXPONENT = 1000


@inlined
def on_edge(z_re, z_im):
    """Tell whether a value of the reference is on the edge, or outside."""
    return z_re * z_re + z_im * z_im > _EDGE_FROM


@compiled
def margin_of(orbit, m):
    """Return |Z|² - 4 of the reference at index m, which is on the edge: mantissa and exponent."""
    index = orbit.margin_index
    at = np.searchsorted(index, m)
    if at < index.size and index[at] == m:
        return orbit.margin[at], np.int64(orbit.margin_exponent[at])
    z = orbit.z
    return z[m, 0] * z[m, 0] + z[m, 1] * z[m, 1] - 4.0, np.int64(0)


@compiled
def look_beyond(lanes, ints, orbit, m, exponent, results, traced):
    """Flag the lanes that are outside where the reference is on the edge; return how many.

    A lane that is outside by less than float64 resolves gets its count here, and goes on until
    float64 resolves it: further steps in float64 alone would not lead it away from 2. Where slopes
    are followed there is no count to get, and it stays for as long.

    Notes
    -----
    |Z + dz|² - 4 = (|Z|² - 4) + 2 Re(conj(Z) dz) + |dz|², all in the exponent of the lane group.
    """
    z = orbit.z
    mantissa, margin_exponent = margin_of(orbit, m)
    plain = mantissa * power_of_two(max(margin_exponent, _LEAST_EXPONENT))
    margin = mantissa * power_of_two(
        min(max(margin_exponent - exponent, _LEAST_EXPONENT), _LARGEST_EXPONENT)
    )
    square = power_of_two(max(exponent, _LEAST_EXPONENT))
    # Deltas with an exponent are far too small to leave the disc by themselves.
    clear = EDGE if exponent == 0 else 0.0 if plain > EDGE else np.inf
    # In the exponent of the lane group, at most 2^200, where nothing is added.
    scale = power_of_two(min(-exponent, 200))
    at_re = z[m, 0] * scale
    at_im = z[m, 1] * scale
    twice_re = 2.0 * z[m, 0]
    twice_im = 2.0 * z[m, 1]
    hits = np.int64(0)
    for lane in range(LANES):
        pixel = ints[PIXEL + lane]
        if pixel < 0:
            ints[FLAG + lane] = 0
            continue
        x = lanes[X + lane]
        y = lanes[Y + lane]
        beyond = (margin + (twice_re * x + twice_im * y)) + square * (x * x + y * y)
        # It may rebase, but its |z|² in float64 does not decide whether it escapes.
        flag = np.int64(larger_part(at_re + x, at_im + y) < lanes[SIZE + lane])
        if beyond > clear:
            flag |= ENDS | ESCAPES
        hits += flag
        if traced:
            if -clear <= beyond <= clear:
                flag |= STAYS
        elif beyond > 0.0 and ints[COUNTED + lane] == 0:
            ints[COUNTED + lane] = 1
            results.n[pixel] = ints[BASE + lane] + m - 1
            results.outcome[pixel] = _ESCAPED
        ints[FLAG + lane] = flag
    return hits
