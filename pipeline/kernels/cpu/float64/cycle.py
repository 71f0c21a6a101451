"""The attracting cycle of a point, and the disc inside the set that it proves."""

import math

import numpy as np

from pipeline.kernels.jit import compiled
from pipeline.kernels.results import RADIUS_SQUARED

_FIRST_LOOK = 64
_MOST_CANDIDATES = 64
_NEWTON_STEPS = 8
# Squares of distances: Newton's method has arrived; two points of a cycle are one.
_ARRIVED2 = 1e-26
_SAME2 = 1e-20
# Keeps a disc inside what is proved though its radius is rounded.
_SAFETY = 0.98


@compiled
def interior_disc(a, b, most_steps):
    r"""Return the radius of a disc about a + bi inside the set, 0 where none is found.

    Returns the iterations taken, too: no more than about eight times `most_steps`.

    Notes
    -----
    The period is among the steps at which \|z\| is smaller than ever before: the point lies in
    the atom domains of just these.
    """
    x = a
    y = b
    smallest = x * x + y * y
    candidates = np.ones(_MOST_CANDIDATES, np.int64)
    found = 1
    look = _FIRST_LOOK
    taken = 0
    for step in range(2, most_steps + 1):
        x, y = x * x - y * y + a, 2.0 * x * y + b
        size2 = x * x + y * y
        if not size2 <= RADIUS_SQUARED:
            return 0.0, taken + step
        if size2 < smallest and found < _MOST_CANDIDATES:
            smallest = size2
            candidates[found] = step
            found += 1
        if step == look:
            look *= 2
            for k in range(found - 1, -1, -1):
                if 4 * candidates[k] <= step:
                    radius, steps = _disc_of_period(a, b, x, y, candidates[k])
                    taken += steps
                    if radius > 0.0:
                        return radius, taken + step
    return 0.0, taken + most_steps


@compiled
def _newton(a, b, x, y, period):
    """Go from x + iy to a point of an attracting cycle of this period, by Newton's method.

    Returns whether it arrived, the point, its multiplier, and the iterations taken.
    """
    iterations = 0
    dx, dy = 0.0, 0.0
    for _ in range(_NEWTON_STEPS):
        zx, zy, dx, dy = x, y, 1.0, 0.0
        for _ in range(period):
            dx, dy = 2.0 * (zx * dx - zy * dy), 2.0 * (zx * dy + zy * dx)
            zx, zy = zx * zx - zy * zy + a, 2.0 * zx * zy + b
        iterations += period
        gx = dx - 1.0
        size2 = gx * gx + dy * dy
        fx = zx - x
        fy = zy - y
        step_x = (fx * gx + fy * dy) / size2
        step_y = (fy * gx - fx * dy) / size2
        x -= step_x
        y -= step_y
        if not x * x + y * y <= RADIUS_SQUARED:
            break
        if step_x * step_x + step_y * step_y < _ARRIVED2:
            return dx * dx + dy * dy < 1.0, x, y, dx, dy, iterations
    return False, x, y, dx, dy, iterations


@compiled
def fill_multipliers(cr, ci, most_steps, period, re, im):
    r"""Fill in the period and the multiplier of each point's attracting cycle; period 0 for none.

    Returns the iterations taken.

    Notes
    -----
    As for `interior_disc`; the least of the periods whose cycle attracts.
    """
    candidates = np.empty(_MOST_CANDIDATES, np.int64)
    taken = np.int64(0)
    for i in range(cr.size):
        a = cr[i]
        b = ci[i]
        period[i] = 0
        x = a
        y = b
        smallest = x * x + y * y
        candidates[0] = 1
        found = 1
        look = _FIRST_LOOK
        for step in range(2, most_steps + 1):
            x, y = x * x - y * y + a, 2.0 * x * y + b
            size2 = x * x + y * y
            taken += 1
            if not size2 <= RADIUS_SQUARED:
                break
            if size2 < smallest and found < _MOST_CANDIDATES:
                smallest = size2
                candidates[found] = step
                found += 1
            if step == look:
                look *= 2
                for k in range(found):
                    if 4 * candidates[k] > step:
                        break
                    arrived, _, _, dx, dy, steps = _newton(a, b, x, y, candidates[k])
                    taken += steps
                    if arrived:
                        period[i] = candidates[k]
                        re[i] = dx
                        im[i] = dy
                        break
                if period[i] > 0:
                    break
    return taken


@compiled
def _disc_of_period(a, b, x, y, period):
    r"""Return the radius of an interior disc from a cycle of this period near x + iy, or 0.

    Returns the iterations taken, too.

    Notes
    -----
    Newton's method leads to a point w of the cycle, F^p(w) = w. Its multiplier λ maps the
    component conformally onto the unit disc (Douady and Hubbard), so that

        b = (1 - \|λ\|²) / \|dλ/dc\|,  dλ/dc = ∂c∂z F^p + ∂z² F^p · ∂c F^p / (1 - λ)

    is its conformal radius about c, and by Koebe's quarter theorem it holds the disc of radius
    b / 4 (https://mathr.co.uk/mandelbrot/book-draft/#interior-distance, C. Heiland-Allen). All of
    this needs p to be the least period.
    """
    arrived, x, y, dx, dy, iterations = _newton(a, b, x, y, period)
    if not arrived:
        return 0.0, iterations

    # The derivatives of F^j at w: d by z, c by c, e twice by z, m by z and c.
    zx, zy = x, y
    dx, dy = 1.0, 0.0
    cx, cy, ex, ey, mx, my = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(period):
        if j > 0 and (zx - x) * (zx - x) + (zy - y) * (zy - y) < _SAME2:
            return 0.0, iterations + j
        mx, my = (
            2.0 * (zx * mx - zy * my + dx * cx - dy * cy),
            2.0 * (zx * my + zy * mx + dx * cy + dy * cx),
        )
        cx, cy = 2.0 * (zx * cx - zy * cy) + 1.0, 2.0 * (zx * cy + zy * cx)
        ex, ey = (
            2.0 * (dx * dx - dy * dy + zx * ex - zy * ey),
            2.0 * (2.0 * dx * dy + zx * ey + zy * ex),
        )
        dx, dy = 2.0 * (zx * dx - zy * dy), 2.0 * (zx * dy + zy * dx)
        zx, zy = zx * zx - zy * zy + a, 2.0 * zx * zy + b
    iterations += period
    rest = 1.0 - (dx * dx + dy * dy)
    if not rest > 0.0:
        return 0.0, iterations
    gx = 1.0 - dx
    size2 = gx * gx + dy * dy
    # ∂c F^p / (1 - λ) is how the cycle's point moves with c.
    wx = (cx * gx - cy * dy) / size2
    wy = (cy * gx + cx * dy) / size2
    lx = mx + ex * wx - ey * wy
    ly = my + ex * wy + ey * wx
    return 0.25 * _SAFETY * rest / math.sqrt(lx * lx + ly * ly), iterations


@compiled
def fill_discs(cr, ci, a, b, radius, inside):
    """Set `inside` for the points in discs, which come with falling radius, the last may be 0."""
    for k in range(a.size):
        if radius[k] == 0.0:
            break
        contained = False
        for j in range(k):
            dx = a[k] - a[j]
            dy = b[k] - b[j]
            room = radius[j] - radius[k]
            contained |= dx * dx + dy * dy <= room * room
        if not contained:
            limit = radius[k] * radius[k]
            for i in range(cr.size):
                dx = cr[i] - a[k]
                dy = ci[i] - b[k]
                inside[i] |= dx * dx + dy * dy < limit
