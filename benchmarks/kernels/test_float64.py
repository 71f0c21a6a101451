"""How fast the kernel is, beside a plain loop and beside what the processor could do at most.

`make benchmark` runs them in one go: compare the rows with each other, not with another run's.
"""

import importlib
from decimal import Decimal

import numpy as np
import pytest

from pipeline.geometry.view import View

numba = pytest.importorskip("numba")

CENTER = Decimal("-0.743643887037151"), Decimal("0.131825904205330")
VIEW = View(CENTER, Decimal("1e-4"), Decimal(0), 640, 360)
MAXITER = 2000
CHUNK_ROWS = 40

lanes = importlib.import_module("pipeline.kernels.cpu.float64.counts")
step4 = importlib.import_module("pipeline.kernels.cpu.float64.block_lanes")._step4


@numba.njit
def plain_loop(cr, ci, maxiter, n):
    """What one would write first: pixel by pixel, a test at every step."""
    for p in range(cr.size):
        x, y, k = cr[p], ci[p], 0
        while k < maxiter:
            xx, yy = x * x, y * y
            if xx + yy > 4.0:
                break
            y = 2 * x * y + ci[p]
            x = xx - yy + cr[p]
            k += 1
        n[p] = k


@numba.njit
def registers_only(blocks):
    """The kernel's own steps on 64 lanes that never end: no test, no refill, no memory."""
    state = np.zeros((4, 64))
    x, y, a, b = state[0], state[1], state[2], state[3]
    for k in range(64):
        a[k] = -0.1 + 0.001 * k
        b[k] = 0.05
    for _ in range(blocks):
        for k in range(16):
            x0, y0, a0, b0 = x[k], y[k], a[k], b[k]
            x1, y1, a1, b1 = x[k + 16], y[k + 16], a[k + 16], b[k + 16]
            x2, y2, a2, b2 = x[k + 32], y[k + 32], a[k + 32], b[k + 32]
            x3, y3, a3, b3 = x[k + 48], y[k + 48], a[k + 48], b[k + 48]
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x[k], y[k] = x0, y0
            x[k + 16], y[k + 16] = x1, y1
            x[k + 32], y[k + 32] = x2, y2
            x[k + 48], y[k + 48] = x3, y3
    return x.sum() + y.sum()


def chunks(view):
    return [
        view.points(first, min(first + CHUNK_ROWS, view.rows))
        for first in range(0, view.rows, CHUNK_ROWS)
    ]


@pytest.mark.benchmark(group="seahorse, width 1e-4, maxiter 2000, 640×360")
def test_plain_loop(benchmark):
    cr, ci = VIEW.points(0, VIEW.rows)
    n = np.empty(cr.size, np.int32)
    plain_loop(cr[:9], ci[:9], MAXITER, n[:9])
    benchmark(plain_loop, cr, ci, MAXITER, n)
    benchmark.extra_info["iterations"] = int(n.sum(dtype=np.int64))


@pytest.mark.benchmark(group="seahorse, width 1e-4, maxiter 2000, 640×360")
@pytest.mark.parametrize("smooth", [True, False], ids=["with smooth counts", "counts alone"])
def test_lanes(benchmark, smooth):
    parts = chunks(VIEW)

    def run():
        return sum(lanes.escape_counts(*part, MAXITER, smooth).iterations for part in parts)

    benchmark.extra_info["iterations"] = benchmark(run)


@pytest.mark.benchmark(group="seahorse, width 1e-4, maxiter 2000, 640×360")
def test_as_many_steps_in_registers_only(benchmark):
    """The limit: the same number of iterations with nothing but arithmetic."""
    iterations = sum(lanes.escape_counts(*part, MAXITER).n.sum() for part in chunks(VIEW))
    registers_only(1)
    benchmark(registers_only, int(iterations) // (64 * 8))
