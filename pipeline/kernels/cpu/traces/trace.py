"""What an escaping orbit tells beyond its count: distance, direction, phase, stripes and a trap.

Traces are computed after the counts, and only where a look asks for them. A kernel brings each
point's orbit to its last steps, with the derivative; from there it goes on here, in float64: so
late its errors have no time left to grow.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.traces.functions import fill_any_log2, fill_turns
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
_LOG2_LN2 = -0.5287663729448977
_BLOCK = 256
# Rows of a block: z, its derivative, c, |z|², and 1 where the last step was done.
_X, _Y, _DX, _DY, _A, _B, _NORM2, _INSIDE = range(0, 8 * _BLOCK, _BLOCK)
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
    # One array, so that LLVM sees that no two rows overlap.
    lanes = np.empty(8 * _BLOCK)
    x = lanes[_X : _X + _BLOCK]
    y = lanes[_Y : _Y + _BLOCK]
    dx = lanes[_DX : _DX + _BLOCK]
    dy = lanes[_DY : _DY + _BLOCK]
    norm2 = lanes[_NORM2 : _NORM2 + _BLOCK]
    mean = np.empty((2, _BLOCK))
    near = np.empty((2, _BLOCK))
    power = np.empty((4, _BLOCK))
    log_z = np.empty(_BLOCK)
    log_log_z = np.empty(_BLOCK)
    log_slope = np.empty(_BLOCK)
    for start in range(0, all_x.size, _BLOCK):
        count = min(_BLOCK, all_x.size - start)
        block = slice(start, start + count)
        # Idle ones are beyond the bailout.
        lanes[:] = 0.0
        x[:] = 2.0 * BAILOUT_SQUARED
        x[:count] = all_x[block]
        y[:count] = all_y[block]
        dx[:count] = all_dx[block]
        dy[:count] = all_dy[block]
        lanes[_A : _A + count] = all_a[block]
        lanes[_B : _B + count] = all_b[block]
        if density > 0:
            _stripe(x, y, density, power)
            mean[0, :] = power[3, :]
            mean[1, :] = power[3, :]
        if shape > 0:
            for i in range(count):
                near[0, i] = near[1, i] = _nearness(x[i], y[i], shape, trap_x, trap_y)
        left = _measure(lanes)
        for _ in range(_MOST_STEPS):
            if left == 0:
                break
            _step_inside(lanes, unit)
            left = _measure(lanes)
            if density > 0:
                _stripe(x, y, density, power)
                for i in range(count):
                    if lanes[_INSIDE + i] > 0.0:
                        mean[1, i] = mean[0, i]
                        mean[0, i] += (1.0 - _STRIPE_MEMORY) * (power[3, i] - mean[0, i])
            if shape > 0:
                for i in range(count):
                    if lanes[_INSIDE + i] > 0.0:
                        near[1, i] = near[0, i]
                        here = _nearness(x[i], y[i], shape, trap_x, trap_y)
                        near[0, i] = max(_TRAP_MEMORY * near[0, i], here)
        fill_any_log2(norm2, log_z)
        fill_any_log2(0.5 * log_z, log_log_z)
        fill_any_log2(dx * dx + dy * dy, log_slope)
        # arg z - arg dz.
        fill_turns(x * dx + y * dy, y * dx - x * dy, power[0])
        fill_turns(x, y, power[1])
        for i in range(count):
            log2_distance[start + i] = (
                0.5 * log_z[i] + (log_log_z[i] + _LOG2_LN2) - 0.5 * log_slope[i]
            )
            direction[start + i] = power[0, i]
            phase[start + i] = power[1, i]
            # From 0, just beyond the bailout, to 1, at its square: there the next count begins.
            beyond = min(max(log_log_z[i] - 4.0, 0.0), 1.0)
            if density > 0:
                stripes[start + i] = mean[0, i] + beyond * (mean[1, i] - mean[0, i])
            if shape > 0:
                trap[start + i] = near[0, i] + beyond * (near[1, i] - near[0, i])


@compiled
def _measure(lanes):
    """Fill in |z|², and return how many are within the bailout."""
    left = 0
    for i in range(_BLOCK):
        norm2 = lanes[_X + i] * lanes[_X + i] + lanes[_Y + i] * lanes[_Y + i]
        lanes[_NORM2 + i] = norm2
        left += np.int64(norm2 <= BAILOUT_SQUARED)
    return left


@compiled
def _step_inside(lanes, unit):
    """Do one step, with the derivative, of those within the bailout, and note which they are."""
    for i in range(_BLOCK):
        inside = lanes[_NORM2 + i] <= BAILOUT_SQUARED
        x = lanes[_X + i]
        y = lanes[_Y + i]
        dx = lanes[_DX + i]
        dy = lanes[_DY + i]
        new_dx = 2.0 * (x * dx - y * dy) + unit
        new_dy = 2.0 * (x * dy + y * dx)
        new_x = (x * x - y * y) + lanes[_A + i]
        new_y = 2.0 * x * y + lanes[_B + i]
        lanes[_DX + i] = new_dx if inside else dx
        lanes[_DY + i] = new_dy if inside else dy
        lanes[_X + i] = new_x if inside else x
        lanes[_Y + i] = new_y if inside else y
        lanes[_INSIDE + i] = 1.0 if inside else 0.0


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
