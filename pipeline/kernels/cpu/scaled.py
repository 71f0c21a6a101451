"""Complex numbers of any size: a mantissa of two float64, and an exponent of two of their own.

A scaled number is a tuple (re, im, exponent), normalised so that the larger part's absolute value
lies from 1 to 2.
"""

import math

import numpy as np

from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled

# Below the exponent of every number that occurs, and far from where int64 ends.
ZERO_EXPONENT = -(1 << 40)
# Beyond this the smaller of two numbers does not count, and squares still fit a float64.
_APART = 500


@compiled
def scaled(re, im, exponent):
    """Return (re + i im) 2^exponent as a scaled number."""
    size = max(abs(re), abs(im))
    if size == 0.0:
        return 0.0, 0.0, np.int64(ZERO_EXPONENT)
    shift = exponent_of(size)
    scale = power_of_two(-shift)
    return re * scale, im * scale, np.int64(exponent + shift)


@compiled
def add(a, b):
    """Return a + b."""
    if a[2] < b[2]:
        scale = power_of_two(a[2] - b[2])
        return scaled(a[0] * scale + b[0], a[1] * scale + b[1], b[2])
    scale = power_of_two(b[2] - a[2])
    return scaled(a[0] + b[0] * scale, a[1] + b[1] * scale, a[2])


@compiled
def multiply(a, b):
    """Return a · b."""
    return scaled(a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0], a[2] + b[2])


@compiled
def twice(a):
    """Return 2 a."""
    return a[0], a[1], a[2] + 1


@compiled
def absolute(a):
    """Return the absolute value of a, as a scaled number."""
    return scaled(math.sqrt(a[0] * a[0] + a[1] * a[1]), 0.0, a[2])


@compiled
def is_smaller(a, b):
    """Tell whether the absolute value of a is below that of b."""
    apart = a[2] - b[2]
    if apart > _APART:
        return False
    if apart < -_APART:
        return True
    return (a[0] * a[0] + a[1] * a[1]) * power_of_two(2 * apart) < b[0] * b[0] + b[1] * b[1]


@compiled
def rounded(a):
    """Return a as two float64; 0 where it is too small for them, capped where it is too large."""
    scale = power_of_two(a[2])
    return a[0] * scale, a[1] * scale


@compiled
def log2_of(a):
    """Return log2 of the absolute value; about ZERO_EXPONENT for 0."""
    norm2 = a[0] * a[0] + a[1] * a[1]
    return a[2] + 0.5 * math.log2(norm2) if norm2 > 0.0 else float(a[2])


@compiled
def times(a, factor):
    """Return a · factor, the factor a plain complex number."""
    return scaled(
        a[0] * factor.real - a[1] * factor.imag, a[0] * factor.imag + a[1] * factor.real, a[2]
    )
