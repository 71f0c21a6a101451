"""Points known to be interior without iterating."""

from typing import Any

from pipeline.kernels.jit import inlined


def in_cardioid_or_bulb(x: Any, y: Any) -> Any:
    """Tell whether x + iy lies inside the main cardioid or the period-2 bulb.

    Works on numbers and, elementwise, on arrays.

    Notes
    -----
    With q = (x - 1/4)² + y², the cardioid is q(q + x - 1/4) < y²/4, the bulb the disc of radius
    1/4 about -1.
    """
    shifted = x - 0.25
    yy = y * y
    q = shifted * shifted + yy
    left = x + 1.0
    return (q * (q + shifted) < 0.25 * yy) | (left * left + yy < 0.0625)


# For the lanes. Called on arrays it would be compiled again in every process.
in_cardioid_or_bulb_lane = inlined(in_cardioid_or_bulb)
