"""The smooth (normalised) count, continuous across the picture."""

import numpy as np

from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.results import Outcome

_ESCAPED = np.uint8(Outcome.ESCAPED)
_MANTISSA = (1 << 52) - 1
_ONE = 1023 << 52
_SQRT2_MANTISSA = 0x6A09E667F3BCD
_LOG2_E = 1.4426950408889634


@inlined
def _log2_parts(exponent, m):
    """log2 of m·2^exponent for m in [√½, √2), by the series of the inverse hyperbolic tangent."""
    s = (m - 1.0) / (m + 1.0)
    t = s * s
    p = 1.0 / 21.0
    p = p * t + 1.0 / 19.0
    p = p * t + 1.0 / 17.0
    p = p * t + 1.0 / 15.0
    p = p * t + 1.0 / 13.0
    p = p * t + 1.0 / 11.0
    p = p * t + 1.0 / 9.0
    p = p * t + 1.0 / 7.0
    p = p * t + 1.0 / 5.0
    p = p * t + 1.0 / 3.0
    p = p * t + 1.0
    return exponent + (2.0 * _LOG2_E) * (s * p)


@compiled
def fill_log2(values, bits, out):
    """Fill `out` with log2 of positive normal `values`, to within 2 ulp or 2e-16.

    `bits` are the same bytes as `values`, seen as int64; they are overwritten, because
    LLVM vectorises a change of type only through memory.
    """
    exponents = np.empty(values.size)
    for k in range(values.size):
        raw = bits[k]
        upper = np.int64((raw & _MANTISSA) >= _SQRT2_MANTISSA)
        exponents[k] = np.float64((raw >> 52) - 1023 + upper)
        bits[k] = (raw & _MANTISSA) | (_ONE - (upper << 52))
    for k in range(values.size):
        out[k] = _log2_parts(exponents[k], values[k])


@compiled
def fill_smooth_counts(outcome, steps, mag2, out):
    """Fill `out` with the smooth counts; NaN where the outcome is not an escape.

    Parameters
    ----------
    outcome : ndarray of uint8
    steps : ndarray of int32
        Index of the first |z| past the bailout, counted like n.
    mag2 : ndarray of float64
        |z|² there. Overwritten.
    out : ndarray of float64

    Notes
    -----
    ν = m + 1 - log2(log2 |z|), m the index of z.
    """
    size = outcome.size
    for k in range(size):
        mag2[k] = mag2[k] if outcome[k] == _ESCAPED else 4.0
    fill_log2(mag2, mag2.view(np.int64), out)
    for k in range(size):
        mag2[k] = 0.5 * out[k]
    fill_log2(mag2, mag2.view(np.int64), out)
    for k in range(size):
        out[k] = (steps[k] + 1.0) - out[k] if outcome[k] == _ESCAPED else np.nan
