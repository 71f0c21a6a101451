"""What an escaping orbit tells beyond its count: distance, direction, phase, stripes and a trap.

Traces are computed after the counts, and only where a look asks for them. A kernel brings each
point's orbit to its last steps, with the derivative; from there it goes on here, in float64: so
late its errors have no time left to grow.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.jit import compiled
from pipeline.kernels.results import BAILOUT_SQUARED, PointTraces
from pipeline.kernels.tracing import Tracing

# The weight of a step, relative to that of the step after it.
_STRIPE_MEMORY = 0.85
_TRAP_MEMORY = 0.9
# The distance at which a trap is half as bright.
_TRAP_SIZE = 0.05
# Orbits miss a point by more than a line: its distance counts for less.
_POINT_WEIGHT = 0.2
_LN2 = 0.6931471805599453
_BLOCK = 256
# More steps than any orbit takes to the bailout: one that float64's roundings keep inside must not
# delay all others.
_MOST_STEPS = 1 << 10


def traces_from(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    slope: NDArray[np.float64],
    points: tuple[NDArray[np.float64], NDArray[np.float64]],
    unit: float,
    tracing: Tracing,
) -> PointTraces:
    r"""Go on from some steps before the escape to the bailout.

    Parameters
    ----------
    x, y : ndarray of float64, shape (points,)
        Values of the orbits, tracing.last_steps or more before they leave the disc of radius 2.
        Overwritten.
    slope : ndarray of float64, shape (2, points)
        Their derivatives by the points, in units of `unit`. Overwritten.
    points : tuple of ndarray of float64
        Real and imaginary parts of c.
    unit : float
        The derivative of c itself, in the slopes' unit.

    Notes
    -----
    The distance estimate is \|z\| ln \|z\| / \|dz/dc\|: the set's distance lies between a half and
    twice of it (J. Milnor, Dynamics in One Complex Variable, appendix G, by Koebe's quarter
    theorem). ln \|z\| grows along z / (dz/dc). Stripe average: J. Härkönen, "On fractal coloring
    techniques", 2007; here a step counts 0.85 of the next, so that its contrast is the same at any
    depth.
    """
    size = x.size
    out = PointTraces.zeros(size)
    shape = 0 if tracing.trap is None else 1 if tracing.trap == "point" else 2
    _finish(
        x, y, slope[0], slope[1], points[0], points[1], unit, tracing.stripes, shape,
        tracing.trap_at[0], tracing.trap_at[1],
        out.log2_distance, out.direction, out.phase, out.stripes, out.trap,
    )  # fmt: skip  # in signature order
    return out


@compiled
def _finish(
    all_x, all_y, all_dx, all_dy, all_a, all_b, unit, density, shape, trap_x, trap_y,
    log2_distance, direction, phase, stripes, trap,
):  # fmt: skip  # the orbits, what is asked, the results
    norm2 = np.empty(_BLOCK)
    weight = np.empty(_BLOCK)
    mean = np.empty((2, _BLOCK))
    near = np.empty((2, _BLOCK))
    power = np.empty((4, _BLOCK))
    for start in range(0, all_x.size, _BLOCK):
        count = min(_BLOCK, all_x.size - start)
        block = slice(start, start + count)
        x, y, dx, dy = all_x[block], all_y[block], all_dx[block], all_dy[block]
        a, b = all_a[block], all_b[block]
        if density > 0:
            _stripe(x, y, density, power)
            mean[:, :] = 0.0
            for i in range(count):
                mean[0, i] = mean[1, i] = power[3, i]
        if shape > 0:
            for i in range(count):
                near[0, i] = near[1, i] = _nearness(x[i], y[i], shape, trap_x, trap_y)
        left = 0
        for i in range(count):
            norm2[i] = x[i] * x[i] + y[i] * y[i]
            left += norm2[i] <= BAILOUT_SQUARED
        for _ in range(_MOST_STEPS):
            if left == 0:
                break
            for i in range(count):
                inside = norm2[i] <= BAILOUT_SQUARED
                new_dx = 2.0 * (x[i] * dx[i] - y[i] * dy[i]) + unit
                new_dy = 2.0 * (x[i] * dy[i] + y[i] * dx[i])
                new_x = (x[i] * x[i] - y[i] * y[i]) + a[i]
                new_y = 2.0 * x[i] * y[i] + b[i]
                dx[i] = new_dx if inside else dx[i]
                dy[i] = new_dy if inside else dy[i]
                x[i] = new_x if inside else x[i]
                y[i] = new_y if inside else y[i]
                weight[i] = 1.0 if inside else 0.0
            left = 0
            for i in range(count):
                norm2[i] = x[i] * x[i] + y[i] * y[i]
                left += norm2[i] <= BAILOUT_SQUARED
            if density > 0:
                _stripe(x, y, density, power)
                for i in range(count):
                    if weight[i] > 0.0:
                        mean[1, i] = mean[0, i]
                        mean[0, i] += (1.0 - _STRIPE_MEMORY) * (power[3, i] - mean[0, i])
            if shape > 0:
                for i in range(count):
                    if weight[i] > 0.0:
                        near[1, i] = near[0, i]
                        here = _nearness(x[i], y[i], shape, trap_x, trap_y)
                        near[0, i] = max(_TRAP_MEMORY * near[0, i], here)
        for i in range(count):
            size2 = dx[i] * dx[i] + dy[i] * dy[i]
            log_z = 0.5 * np.log(norm2[i])
            log2_distance[start + i] = (
                0.5 * np.log2(norm2[i]) + np.log2(log_z) - 0.5 * np.log2(size2)
            )
            # arg z - arg dz.
            cross = y[i] * dx[i] - x[i] * dy[i]
            dot = x[i] * dx[i] + y[i] * dy[i]
            direction[start + i] = (np.arctan2(cross, dot) / (2.0 * np.pi)) % 1.0
            phase[start + i] = (np.arctan2(y[i], x[i]) / (2.0 * np.pi)) % 1.0
            # From 0, just beyond the bailout, to 1, at its square: there the next count begins.
            beyond = min(max(np.log2(log_z / (16.0 * _LN2)), 0.0), 1.0)
            if density > 0:
                stripes[start + i] = mean[0, i] + beyond * (mean[1, i] - mean[0, i])
            if shape > 0:
                trap[start + i] = near[0, i] + beyond * (near[1, i] - near[0, i])


@compiled
def _stripe(x, y, density, power):
    """Fill power[3] with ½ + ½ sin(density · arg z)."""
    for i in range(x.size):
        size = np.sqrt(x[i] * x[i] + y[i] * y[i])
        inverse = 1.0 / max(size, 1e-300)
        power[0, i] = power[1, i] = x[i] * inverse
        power[2, i] = power[3, i] = y[i] * inverse
    for _ in range(density - 1):
        for i in range(x.size):
            re = power[1, i] * power[0, i] - power[3, i] * power[2, i]
            power[3, i] = power[1, i] * power[2, i] + power[3, i] * power[0, i]
            power[1, i] = re
    for i in range(x.size):
        power[3, i] = 0.5 + 0.5 * power[3, i]


@compiled
def _nearness(x, y, shape, trap_x, trap_y):
    """1 in the trap, a half at _TRAP_SIZE from it."""
    away_x = x - trap_x
    away_y = y - trap_y
    if shape == 1:
        distance = _POINT_WEIGHT * np.sqrt(away_x * away_x + away_y * away_y)
    else:
        distance = min(abs(away_x), abs(away_y))
    return 1.0 / (1.0 + distance / _TRAP_SIZE)
