"""The minibrot about a reference that is its nucleus: a small copy of the whole set."""

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.cpu.traces.float64 import cycles as cycles_of
from pipeline.kernels.jit import compiled
from pipeline.kernels.reference import Reference
from pipeline.kernels.results import Cycles

# What the disc of radius 2 holds of the whole set is all of it.
_RADIUS = 2.0
_EXPONENTS = 1000


def cycles(
    reference: Reference,
    exponent: int,
    w_re: NDArray[np.float64],
    w_im: NDArray[np.float64],
    maxiter: int,
) -> Cycles:
    """Return each point's attracting cycle; none outside the minibrot, as in other minibrots.

    Parameters
    ----------
    reference : Reference
        Only one that has ended after a period tells anything.
    exponent : int
        The points are the reference plus 2^exponent (w_re + i w_im), shape (points,).
    maxiter : int

    Notes
    -----
    About a nucleus of period p the p-th iterate is conjugate to z² + C, up to terms as small as the
    minibrot's size is against its distance to the next: C = (c - nucleus) / size has the same
    multiplier, and 1/p of the period (C. Heiland-Allen, mathr.co.uk/mandelbrot/book-draft; A.
    Douady and J. H. Hubbard, On the dynamics of polynomial-like mappings, 1985).
    """
    periods = np.zeros(w_re.size, np.int64)
    multipliers = np.zeros(w_re.size, np.complex128)
    if reference.steps == 0 or reference.z[-1].any():
        return Cycles(periods, multipliers, 0)
    re, im, inverse_exponent, known = _inverse_size(
        reference.z, reference.tiny_index, reference.tiny, reference.tiny_exponent
    )
    shift = exponent + inverse_exponent
    if not known or shift > _EXPONENTS:
        return Cycles(periods, multipliers, 0)
    scale = power_of_two(shift)
    x, y = (re * w_re - im * w_im) * scale, (re * w_im + im * w_re) * scale
    near = np.flatnonzero(x * x + y * y <= _RADIUS**2)
    found, multipliers[near], iterations = cycles_of(
        x[near], y[near], max(1, maxiter // reference.steps)
    )
    periods[near] = found * reference.steps
    return Cycles(periods, multipliers, reference.steps + iterations)


@compiled
def _inverse_size(z, tiny_index, tiny, tiny_exponent):
    r"""Return 1 / size of the minibrot about a nucleus as mantissas and exponent, and if it is one.

    Notes
    -----
    size = 1 / (β λ²), λ = λ_{p-1}, β = Σ 1/λ_k from 0 to p - 1, λ_k = 2^k z₁ … z_k.
    """
    l_re = 1.0
    l_im = 0.0
    exponent = np.int64(0)
    b_re = 1.0
    b_im = 0.0
    small = 0
    for k in range(1, z.shape[0] - 1):
        x = 2.0 * z[k, 0]
        y = 2.0 * z[k, 1]
        if small < tiny_index.size and tiny_index[small] == k:
            x = 2.0 * tiny[small, 0]
            y = 2.0 * tiny[small, 1]
            exponent += tiny_exponent[small]
            small += 1
        l_re, l_im = l_re * x - l_im * y, l_re * y + l_im * x
        shift = exponent_of(max(abs(l_re), abs(l_im)))
        if shift <= -1023:
            return 0.0, 0.0, np.int64(0), False
        l_re *= power_of_two(-shift)
        l_im *= power_of_two(-shift)
        exponent += shift
        if -exponent > 900:
            return 0.0, 0.0, np.int64(0), False
        scale = power_of_two(-exponent) / (l_re * l_re + l_im * l_im)
        b_re += l_re * scale
        b_im -= l_im * scale
    s_re = l_re * l_re - l_im * l_im
    s_im = 2.0 * l_re * l_im
    return b_re * s_re - b_im * s_im, b_re * s_im + b_im * s_re, 2 * exponent, True
