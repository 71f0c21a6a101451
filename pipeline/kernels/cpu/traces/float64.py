"""Trace escaping points in float64, many side by side in SIMD lanes."""

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.float64.cycle import fill_multipliers
from pipeline.kernels.cpu.float64.series import Series, series_about
from pipeline.kernels.cpu.traces.trace import traces_from
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.results import Cycles, PointTraces
from pipeline.kernels.tracing import Tracing

_LANES = 64
_NO_SERIES = Series(0.0, 0.0, 1.0, 0, np.empty(0), np.empty(0))


# Cycles that take more steps to find are left out.
_MOST_STEPS = 8192


def cycles(cr: NDArray[np.float64], ci: NDArray[np.float64], maxiter: int) -> Cycles:
    """Return each point's attracting cycle."""
    period = np.zeros(cr.size, np.int64)
    re, im = np.zeros(cr.size), np.zeros(cr.size)
    taken = fill_multipliers(cr, ci, min(maxiter, _MOST_STEPS), period, re, im)
    return Cycles(period, re + 1j * im, int(taken))


def traces(
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    n: NDArray[np.integer],
    middle: tuple[float, float],
    radius: float,
    tracing: Tracing,
) -> tuple[PointTraces, int]:
    """Trace points that escape, and return the iterations done, too.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Real and imaginary parts.
    n : ndarray of int, shape (points,)
        Their counts.
    middle, radius
        A point and a bound, a power of two, of the distance of all others from it.
    """
    # Sorted, so that points iterated together end together.
    order = _rising(n)
    a, b = cr[order], ci[order]
    steps = np.maximum(n[order].astype(np.int64) - tracing.last_steps, 0)
    series = series_about(*middle, radius, int(steps[0]) if steps.size else 0) or _NO_SERIES
    x, y = np.empty_like(a), np.empty_like(b)
    slope = np.empty((2, a.size))
    iterations = _advance(
        a, b, steps, series.a, series.b, series.radius, series.steps, series.re, series.im,
        x, y, slope,
    )  # fmt: skip  # the points, the series, the results
    sorted_traces = traces_from(x, y, slope, (a, b), 1.0, tracing)
    in_order = PointTraces.zeros(order.size)
    in_order.fill(order, sorted_traces)
    return in_order, int(iterations)


def _rising(n: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return the order in which counts rise, stably."""
    above = n - n.min() if n.size else n
    if n.size and above.max() < 1 << 16:
        # Sorted digit by digit: in a tenth of the time.
        above = above.astype(np.uint16)
    return np.argsort(above, kind="stable")


@compiled
def _advance(a, b, steps, mid_a, mid_b, radius, begun, re, im, x, y, slope):
    """Fill `x`, `y` and `slope` with each orbit after `steps` steps, rising; or after fewer.

    Points that are iterated together stop with the first of them.
    """
    degree = re.size - 1
    dx = slope[0]
    dy = slope[1]
    done = np.int64(0)
    # z, its derivative and c of a group of points: one array, constant offsets.
    lanes = np.zeros(6 * _LANES)
    for start in range(0, a.size, _LANES):
        count = min(_LANES, a.size - start)
        taken = np.int64(0)
        # Idle ones stay at 0.
        for i in range(6 * _LANES if count < _LANES else 0):
            lanes[i] = 0.0
        for i in range(count):
            lanes[4 * _LANES + i] = a[start + i]
            lanes[5 * _LANES + i] = b[start + i]
        if 0 < begun <= steps[start]:
            taken = begun
            for i in range(count):
                d_re = (a[start + i] - mid_a) / radius
                d_im = (b[start + i] - mid_b) / radius
                p_re, p_im, q_re, q_im = re[degree], im[degree], 0.0, 0.0
                for k in range(degree - 1, -1, -1):
                    q_re, q_im = (
                        q_re * d_re - q_im * d_im + p_re,
                        q_re * d_im + q_im * d_re + p_im,
                    )
                    p_re, p_im = (
                        p_re * d_re - p_im * d_im + re[k],
                        p_re * d_im + p_im * d_re + im[k],
                    )
                lanes[i] = p_re
                lanes[_LANES + i] = p_im
                lanes[2 * _LANES + i] = q_re / radius
                lanes[3 * _LANES + i] = q_im / radius
        else:
            for i in range(count):
                lanes[i] = a[start + i]
                lanes[_LANES + i] = b[start + i]
                lanes[2 * _LANES + i] = 1.0
                lanes[3 * _LANES + i] = 0.0
        left = steps[start] - taken
        for _ in range(left // 4):
            for i in range(_LANES):
                zx = lanes[i]
                zy = lanes[_LANES + i]
                wx = lanes[2 * _LANES + i]
                wy = lanes[3 * _LANES + i]
                ca = lanes[4 * _LANES + i]
                cb = lanes[5 * _LANES + i]
                # Written out: a loop here would keep LLVM from vectorising the one around it.
                zx, zy, wx, wy = _step(zx, zy, wx, wy, ca, cb)
                zx, zy, wx, wy = _step(zx, zy, wx, wy, ca, cb)
                zx, zy, wx, wy = _step(zx, zy, wx, wy, ca, cb)
                zx, zy, wx, wy = _step(zx, zy, wx, wy, ca, cb)
                lanes[i] = zx
                lanes[_LANES + i] = zy
                lanes[2 * _LANES + i] = wx
                lanes[3 * _LANES + i] = wy
        for _ in range(left % 4):
            for i in range(_LANES):
                zx, zy, wx, wy = _step(
                    lanes[i], lanes[_LANES + i], lanes[2 * _LANES + i], lanes[3 * _LANES + i],
                    lanes[4 * _LANES + i], lanes[5 * _LANES + i],
                )  # fmt: skip  # z, its derivative, c
                lanes[i] = zx
                lanes[_LANES + i] = zy
                lanes[2 * _LANES + i] = wx
                lanes[3 * _LANES + i] = wy
        done += left * count
        for i in range(count):
            x[start + i] = lanes[i]
            y[start + i] = lanes[_LANES + i]
            dx[start + i] = lanes[2 * _LANES + i]
            dy[start + i] = lanes[3 * _LANES + i]
    return done


@inlined
def _step(x, y, dx, dy, a, b):
    """One iteration and its derivative by c."""
    new_dx = 2.0 * (x * dx - y * dy) + 1.0
    new_dy = 2.0 * (x * dy + y * dx)
    return (x * x - y * y) + a, 2.0 * (x * y) + b, new_dx, new_dy
