"""Many steps of perturbation as one polynomial: the table of a reference.

Over a stretch of the reference the delta dz of a pixel changes to a polynomial of dz and of the
pixel's offset dc. The linear one is known as BLA, bilinear approximation; here it goes on to the
third degree in dz and the second in all, so that a delta may be far larger before steps have to be
done one by one: with an error of 2^-46 a stretch is passed whole up to about 2^-15 of the
reference's size, where the linear form ends at 2^-46.

Notes
-----
With t = dz / R, R the radius of validity, and w = dc / 2^k, 2^k the bound of |dc|:

    dz' = A dz (1 + t (C + D t) + F w) + w (B + G w)

One step is exactly A = 2Z, B = 2^k, C = R / A and nothing else. Two stretches follow each other
as power series do; what is beyond the terms kept bounds the radius, each dropped term by `error`
relative to A dz. Within the radius, dz stays below 1/16 of the reference at every step, so that
no rebase is missed, and reaches out to no escape.

The linear form and its tree of radii: Zhuoran, "Another solution to perturbation glitches",
fractalforums.org, 2021; C. Heiland-Allen, "Deep zoom theory and practice (again)", 2022.
"""

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.perturbation.arguments import TableArrays, orbit_arrays
from pipeline.kernels.cpu.perturbation.edge import margin_of, on_edge
from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.reference import Reference

# Columns of a node: A, B, C, D, F, G as real and imaginary parts, 1/R, and exponents of two that A,
# B (with G) and R carry beside; they are 0 where float64 can hold the numbers themselves.
A, B, C, D, F, G, INVERSE_RADIUS, A_EXPONENT, B_EXPONENT, R_EXPONENT = (
    0,
    2,
    4,
    6,
    8,
    10,
    12,
    13,
    14,
    15,
)
NODE_SIZE = 16

# A delta smaller than this fraction of the reference cannot rebase.
_NEAR = 1.0 / 16.0
# Numbers within 2^±this are held without an exponent.
PLAIN_NODE_EXPONENT = 900
# Radii are compared with the larger of a delta's two parts.
LARGER_PART = 0.7071067811865475
# Shorter stretches gain nothing over single steps, and take half the memory.
_LOWEST_LEVEL = 2
_MOST_BYTES = 1 << 26
NODE_BYTES = 8 * (NODE_SIZE + 2)


def lowest_level(steps: int) -> int:
    """Return the lowest level worth keeping, which keeps the table within its largest size."""
    level = _LOWEST_LEVEL
    while 2 * (steps >> level) * NODE_BYTES > _MOST_BYTES:
        level += 1
    return level


def level_offsets(steps: int) -> NDArray[np.int64]:
    """Return where each level begins in the table of a reference of this many steps."""
    lowest = lowest_level(steps)
    offsets = [0] * (lowest + 1)
    level = lowest
    while (steps - 1) >> level > 0:
        offsets.append(offsets[-1] + ((steps - 1) >> level))
        level += 1
    return np.array(offsets, np.int64)


def fill(
    reference: Reference,
    offset_exponent: int,
    error: float,
    nodes: NDArray[np.float64],
    radius: NDArray[np.float64],
) -> None:
    """Fill `nodes` and `radius` with the table of a reference.

    Parameters
    ----------
    offset_exponent : int
        k, where 2^k bounds the distance of every pixel from the reference.
    error : float
        The error, relative to the delta, that a stretch may introduce.
    nodes, radius : ndarray of float64
        As in :class:`~pipeline.kernels.reference.Approximation`, for the offsets of
        :func:`level_offsets`.
    """
    steps = reference.steps
    table = TableArrays(nodes, radius, level_offsets(steps), lowest_level(steps), offset_exponent)
    _build(orbit_arrays(reference), error, table)


@inlined
def _size(a, b):
    return math.sqrt(a * a + b * b)


@compiled
def _leaf(node, re, im, exponent, outer, outer_exponent, offset_exponent):
    """Fill a node with the single step from the reference value (re + i im)·2^exponent.

    outer·2^outer_exponent is how far a delta may reach after the step without an escape.
    """
    size = _size(re, im)
    node[:] = 0.0
    if size == 0.0 or not outer > 0.0:
        # Radius 0: nothing passes.
        node[R_EXPONENT] = -np.inf
        return
    shift = exponent_of(size)
    scale = power_of_two(-shift)
    shift += exponent
    # A = 2Z; its mantissa is that of Z.
    node[A] = re * scale
    node[A + 1] = im * scale
    node[A_EXPONENT] = shift + 1
    node[B] = 1.0
    node[B_EXPONENT] = offset_exponent
    mantissa = size * scale
    radius = _NEAR * mantissa
    radius_exponent = np.int64(0)
    # |dz'| is about |A||dz|.
    limit = outer / (2.0 * mantissa)
    limit_exponent = outer_exponent - 2 * shift
    if limit * power_of_two(limit_exponent) < radius:
        radius = limit
        radius_exponent = limit_exponent
    # C = R / A, of mantissas: both exponents are shift, and A has one more.
    c = 0.5 * radius / (mantissa * mantissa) * power_of_two(radius_exponent)
    node[C] = c * node[A]
    node[C + 1] = -c * node[A + 1]
    r_shift = exponent_of(radius)
    node[INVERSE_RADIUS] = 1.0 / (radius * power_of_two(-r_shift))
    node[R_EXPONENT] = shift + r_shift + radius_exponent


@compiled
def _merge(p, q, error, node):
    """Fill `node` with the stretch of `p` followed by that of `q`; all with exponents."""
    node[:] = 0.0
    node[R_EXPONENT] = -np.inf
    if p[R_EXPONENT] == -np.inf or q[R_EXPONENT] == -np.inf:
        return
    a1 = complex(p[A], p[A + 1])
    b1 = complex(p[B], p[B + 1])
    c1 = complex(p[C], p[C + 1])
    d1 = complex(p[D], p[D + 1])
    f1 = complex(p[F], p[F + 1])
    g1 = complex(p[G], p[G + 1])
    a2 = complex(q[A], q[A + 1])
    b2 = complex(q[B], q[B + 1])
    c2 = complex(q[C], q[C + 1])
    d2 = complex(q[D], q[D + 1])
    f2 = complex(q[F], q[F + 1])
    g2 = complex(q[G], q[G + 1])
    inverse2 = q[INVERSE_RADIUS]
    radius1 = 1.0 / p[INVERSE_RADIUS]
    # u = dz₁ / R₂ = s t (1 + c₁ t + d₁ t² + f₁ w) + w (β + γ w), t = dz / R₁.
    s_exponent = np.int64(p[A_EXPONENT] + p[R_EXPONENT] - q[R_EXPONENT])
    r_exponent = p[R_EXPONENT]
    if s_exponent > 300:
        # A smaller R₁ from the start, so that all numbers stay in range.
        r_exponent -= s_exponent
        shrunk = power_of_two(-s_exponent)
        c1 *= shrunk
        d1 *= shrunk * shrunk
        s_exponent = np.int64(0)
    s = a1 * (radius1 * inverse2 * power_of_two(s_exponent))
    w_exponent = np.int64(p[B_EXPONENT] - q[R_EXPONENT])
    if w_exponent > 900:
        return
    w_scale = inverse2 * power_of_two(w_exponent)
    beta = b1 * w_scale
    gamma = g1 * w_scale
    room = 1.0 - abs(beta) - abs(gamma)
    if not room > 0.0:
        return
    # dz₂ / (A₂ R₂) = u + c₂ u² + d₂ u³ + f₂ u w + …, in powers of t and w.
    c = c1 + c2 * s
    d = d1 + 2.0 * c2 * s * c1 + d2 * s * s
    f = f1 + 2.0 * c2 * beta + f2
    # The dropped terms: t⁴, t³ w…, t² w, t w², w³.
    t4 = abs(c2 * s * (c1 * c1 + 2.0 * d1) + 3.0 * d2 * s * s * c1)
    ttw = abs(2.0 * c2 * (c1 * beta + s * f1) + 3.0 * d2 * s * beta + f2 * c1)
    tww = abs(2.0 * c2 * (gamma + beta * f1) + 3.0 * d2 * beta * beta + f2 * f1)
    www = abs(2.0 * c2 * beta * gamma + d2 * beta * beta * beta + f2 * gamma)
    # The term of w alone, beside which w³ has to be small.
    b_shift = np.int64(q[A_EXPONENT] + p[B_EXPONENT] - q[B_EXPONENT])
    if b_shift >= 0:
        b_exponent = q[A_EXPONENT] + p[B_EXPONENT]
        first = 1.0
        second = power_of_two(-b_shift)
    else:
        b_exponent = q[B_EXPONENT]
        first = power_of_two(b_shift)
        second = 1.0
    b = first * (a2 * b1) + second * b2
    # A₂ R₂ (γ + c₂ β² + f₂ β) in the scale of B: A₂ R₂ β is A₂ B₁.
    g = first * (a2 * (g1 + b1 * (c2 * beta + f2))) + second * g2
    if tww > error or www * abs(first * a2 * b1) > error * abs(beta) * abs(b):
        return
    shrink = min(1.0, room / (abs(s) * (1.0 + abs(c1) + abs(d1) + abs(f1))))
    if t4 > 0.0:
        shrink = min(shrink, (error / t4) ** (1.0 / 3.0))
    if ttw > 0.0:
        shrink = min(shrink, error / ttw)
    if not shrink > 1e-250:
        return
    a = a1 * a2
    size = abs(a)
    shift = exponent_of(size)
    a *= power_of_two(-shift)
    node[A] = a.real
    node[A + 1] = a.imag
    node[A_EXPONENT] = p[A_EXPONENT] + q[A_EXPONENT] + shift
    shift = exponent_of(abs(b))
    b *= power_of_two(-shift)
    g *= power_of_two(-shift)
    node[B] = b.real
    node[B + 1] = b.imag
    node[G] = g.real
    node[G + 1] = g.imag
    node[B_EXPONENT] = b_exponent + shift
    c *= shrink
    d *= shrink * shrink
    node[C] = c.real
    node[C + 1] = c.imag
    node[D] = d.real
    node[D + 1] = d.imag
    node[F] = f.real
    node[F + 1] = f.imag
    radius = radius1 * shrink
    shift = exponent_of(radius)
    node[INVERSE_RADIUS] = 1.0 / (radius * power_of_two(-shift))
    node[R_EXPONENT] = r_exponent + shift


@compiled
def _plain(node):
    """Hold a node's numbers without exponents where float64 can; return its radius."""
    if node[R_EXPONENT] == -np.inf:
        return 0.0
    a_exponent = np.int64(node[A_EXPONENT])
    r_exponent = np.int64(node[R_EXPONENT])
    if r_exponent < -PLAIN_NODE_EXPONENT or abs(a_exponent) > PLAIN_NODE_EXPONENT:
        return 0.0
    scale = power_of_two(a_exponent)
    node[A] *= scale
    node[A + 1] *= scale
    node[A_EXPONENT] = 0.0
    node[INVERSE_RADIUS] *= power_of_two(-r_exponent)
    node[R_EXPONENT] = 0.0
    b_exponent = np.int64(node[B_EXPONENT])
    if b_exponent > -PLAIN_NODE_EXPONENT:
        # Above every radius it would be of no use.
        scale = power_of_two(b_exponent)
        node[B] *= scale
        node[B + 1] *= scale
        node[G] *= scale
        node[G + 1] *= scale
        node[B_EXPONENT] = 0.0
    return LARGER_PART / node[INVERSE_RADIUS]


@compiled
def _build(orbit, error, table):
    """Fill a table: its lowest level from single steps, each other level from the one before."""
    z = orbit.z
    tiny_index = orbit.tiny_index
    nodes, radius, offsets, lowest, offset_exponent = table
    stack = np.empty((lowest + 1, NODE_SIZE))
    left = np.empty((lowest + 1, NODE_SIZE))
    t = 0
    stretch = 1 << lowest
    for j in range(offsets[lowest + 1] if offsets.size > lowest + 1 else 0):
        for step in range(stretch):
            m = 1 + j * stretch + step
            while t < tiny_index.size and tiny_index[t] < m:
                t += 1
            outer = 2.0 - _size(z[m + 1, 0], z[m + 1, 1])
            outer_exponent = np.int64(0)
            if on_edge(z[m + 1, 0], z[m + 1, 1]):
                margin, outer_exponent = margin_of(orbit, m + 1)
                outer = -0.25 * margin
            re = z[m, 0]
            im = z[m, 1]
            exponent = np.int64(0)
            if t < tiny_index.size and tiny_index[t] == m:
                re = orbit.tiny[t, 0]
                im = orbit.tiny[t, 1]
                exponent = orbit.tiny_exponent[t]
            _leaf(stack[0], re, im, exponent, outer, outer_exponent, offset_exponent)
            # Like a binary counter: two of a level make one of the next.
            level = 0
            while (step >> level) & 1:
                _merge(left[level], stack[level], error, stack[level + 1])
                level += 1
            left[level] = stack[level]
        nodes[j] = stack[lowest]
    for level in range(lowest + 1, offsets.size - 1):
        below = offsets[level - 1]
        for j in range(offsets[level + 1] - offsets[level]):
            _merge(nodes[below + 2 * j], nodes[below + 2 * j + 1], error, nodes[offsets[level] + j])
    for k in range(len(nodes)):
        radius[k, 1] = math.log2(_size(nodes[k, A], nodes[k, A + 1])) + nodes[k, A_EXPONENT]
        radius[k, 0] = _plain(nodes[k])
