"""Logarithms and angles of many numbers at once, as vector code: the same on every processor."""

import numpy as np

from pipeline.kernels.cpu.float64.smooth import fill_log2
from pipeline.kernels.jit import compiled, inlined

_SMALLEST = 2.0**-1022
_LARGEST = 1.7976931348623157e308
_TAN_PI_8 = 0.41421356237309503
_INVERSE_TURN = 0.15915494309189535


@compiled
def fill_any_log2(values, out):
    """Fill `out` with log2 of `values`; NaN below 0, and of NaN; at least -1022 above 0."""
    size = values.size
    known = np.empty(size)
    for k in range(size):
        known[k] = min(max(values[k], _SMALLEST), _LARGEST) if values[k] > 0.0 else 1.0
    fill_log2(known, known.view(np.int64), out[:size])
    for k in range(size):
        # Without a warning of numpy's, where this is not compiled.
        if values[k] == 0.0:
            out[k] = -np.inf
        elif values[k] > _LARGEST:
            out[k] = np.log2(values[k])
        elif not values[k] > 0.0:
            out[k] = np.nan


@inlined
def _arctangent(t):
    """Return the arctangent of a number within ±tan(π/8), by its series."""
    s = t * t
    p = 1.0 / 43.0
    p = 1.0 / 41.0 - s * p
    p = 1.0 / 39.0 - s * p
    p = 1.0 / 37.0 - s * p
    p = 1.0 / 35.0 - s * p
    p = 1.0 / 33.0 - s * p
    p = 1.0 / 31.0 - s * p
    p = 1.0 / 29.0 - s * p
    p = 1.0 / 27.0 - s * p
    p = 1.0 / 25.0 - s * p
    p = 1.0 / 23.0 - s * p
    p = 1.0 / 21.0 - s * p
    p = 1.0 / 19.0 - s * p
    p = 1.0 / 17.0 - s * p
    p = 1.0 / 15.0 - s * p
    p = 1.0 / 13.0 - s * p
    p = 1.0 / 11.0 - s * p
    p = 1.0 / 9.0 - s * p
    p = 1.0 / 7.0 - s * p
    p = 1.0 / 5.0 - s * p
    p = 1.0 / 3.0 - s * p
    return t - t * (s * p)


@compiled
def fill_turns(x, y, out):
    """Fill `out` with the angles of x + iy in turns, 0 to 1, to within 2^-51; 0 at 0."""
    for k in range(x.size):
        across = abs(x[k])
        up = abs(y[k])
        large = max(across, up)
        small = min(across, up)
        t = small / (large if large > 0.0 else 1.0)
        # arctan t = π/4 + arctan((t - 1) / (t + 1)): one of them is near 0.
        steep = t > _TAN_PI_8
        turned = _arctangent((t - 1.0) / (t + 1.0) if steep else t) * _INVERSE_TURN
        turned = turned + 0.125 if steep else turned
        turned = 0.25 - turned if up > across else turned
        turned = 0.5 - turned if x[k] < 0.0 else turned
        out[k] = 1.0 - turned if y[k] < 0.0 else turned
