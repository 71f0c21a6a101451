"""Numbers beyond the range of float64, as a mantissa and an exponent of two held apart."""

import numpy as np

from pipeline.kernels.jit import inlined


@inlined
def power_of_two(exponent):
    """Return 2^exponent as float64; 0 below 2^-1022, and at most 2^1023."""
    biased = min(max(exponent + 1023, 0), 2046)
    return np.int64(biased << 52).view(np.float64)


@inlined
def exponent_of(value):
    """Return e of a positive normal value in [2^e, 2^(e+1)); -1023 for 0."""
    return ((np.float64(value).view(np.int64) >> 52) & 0x7FF) - 1023
