"""The first steps of many orbits at once, as a polynomial of where their points lie."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.jit import compiled
from pipeline.kernels.results import BLOCK_STEPS, RADIUS_SQUARED

_DEGREE = 20
# The powers left out are judged by this many of the last ones, any of which may happen to be 0.
_LAST = 4
# log2 of how far they may move a point: less than float64's rounding of its coordinates does.
_MOVED = -56
# Fewer steps than this take no longer than the polynomial.
_LEAST_STEPS = 64


@dataclass(frozen=True, slots=True)
class Series:
    """Where the orbits of all points within a radius of another are, after some steps."""

    a: float
    b: float
    """The point in the middle: its real and imaginary part."""
    radius: float
    steps: int
    """No point has escaped before; the orbit's start, c, counts as 0."""
    re: NDArray[np.float64]
    im: NDArray[np.float64]
    """Coefficients by rising power of the offset from the middle, divided by the radius."""


def series_about(a: float, b: float, radius: float, maxiter: int) -> Series | None:
    """Return the series of the points around a + bi, None where it is worth nothing.

    Parameters
    ----------
    radius : float
        A power of two.
    maxiter : int
        The steps are a block fewer, or less.
    """
    re = np.zeros(_DEGREE + 1)
    im = np.zeros(_DEGREE + 1)
    steps = _expand(a, b, radius, maxiter - BLOCK_STEPS, re, im)
    return Series(a, b, radius, steps, re, im) if steps >= _LEAST_STEPS else None


@compiled
def _expand(
    a: float,
    b: float,
    radius: float,
    most_steps: int,
    re: NDArray[np.float64],
    im: NDArray[np.float64],
) -> int:
    r"""Fill in the coefficients after the most steps they serve for, and return these.

    Notes
    -----
    With c = C + r·d, Z the orbit of C and z = Z + Σ A_k d^k: A_k ← 2 Z A_k + Σ_j A_j A_(k-j), and
    r is added to A_1 (K. I. Martin, Superfractalthing maths, 2013). The terms left out, taken for
    no larger than the last ones kept, move a point by their ratio to A_1 times r.
    """
    next_re = np.zeros(_DEGREE + 1)
    next_im = np.zeros(_DEGREE + 1)
    next_re[0] = a
    next_im[0] = b
    next_re[1] = radius
    steps = -1
    while steps < most_steps:
        size = 0.0
        for k in range(1, _DEGREE + 1):
            size += abs(next_re[k]) + abs(next_im[k])
        last = 0.0
        for k in range(_DEGREE + 1 - _LAST, _DEGREE + 1):
            last = max(last, abs(next_re[k]), abs(next_im[k]))
        reach = np.sqrt(next_re[0] * next_re[0] + next_im[0] * next_im[0]) + size
        first = max(abs(next_re[1]), abs(next_im[1]))
        # Written so that NaN ends it too.
        if not (reach * reach < RADIUS_SQUARED and last * radius <= first * 2.0**_MOVED):
            break
        steps += 1
        re[:] = next_re
        im[:] = next_im
        for k in range(_DEGREE + 1):
            sum_re = 0.0
            sum_im = 0.0
            for j in range(k + 1):
                sum_re += re[j] * re[k - j] - im[j] * im[k - j]
                sum_im += re[j] * im[k - j] + im[j] * re[k - j]
            next_re[k] = sum_re
            next_im[k] = sum_im
        next_re[0] += a
        next_im[0] += b
        next_re[1] += radius
    return steps
