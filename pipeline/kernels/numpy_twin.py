"""numpy as a backend: float64 counts, slow, obvious, and the same everywhere.

It serves where numba has no wheel (32-bit Arm), and the tests hold the compiled kernel against it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.backend import Backend, Chunk
from pipeline.kernels.cpu.float64.chunk import chunk_counts, chunk_cycles, chunk_traces
from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb
from pipeline.kernels.cpu.float64.series import Series
from pipeline.kernels.results import (
    BAILOUT_SQUARED,
    BLOCK_STEPS,
    FIRST_CYCLE_BLOCKS,
    HEAD_STEPS,
    RADIUS_SQUARED,
    Counts,
    Cycles,
    Outcome,
    PointTraces,
)
from pipeline.kernels.tracing import Tracing


class NumpyBackend(Backend):
    """Counts by numpy, in float64 alone.

    Series, discs and traces are the functions that the cpu backend uses: compiled where there is
    numba, plain Python where there is none.
    """

    def counts(
        self, chunk: Chunk, smooth: bool = True, only: NDArray[np.bool_] | None = None
    ) -> Counts:
        """Count, see `Backend`."""
        _check(chunk)
        return chunk_counts(escape_counts, chunk, smooth, only)

    def traces(
        self,
        chunk: Chunk,
        n: NDArray[np.integer[Any]],
        escaped: NDArray[np.bool_],
        tracing: Tracing,
    ) -> tuple[PointTraces, int]:
        """Trace, see `Backend`."""
        _check(chunk)
        return chunk_traces(chunk, n, escaped, tracing)

    def cycles(self, chunk: Chunk, inside: NDArray[np.bool_]) -> Cycles:
        """Find cycles, see `Backend`."""
        _check(chunk)
        return chunk_cycles(chunk, inside)


def _check(chunk: Chunk) -> None:
    if chunk.needs_orbit:
        raise ValueError("numpy counts in float64 alone")


def escape_counts(
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    maxiter: int,
    smooth: bool = True,
    series: Series | None = None,
) -> Counts:
    r"""Count the steps before each point's orbit first leaves the disc of radius 2.

    Parameters, result and counts are those of the compiled kernel,
    :func:`pipeline.kernels.cpu.float64.counts.escape_counts`; its smooth counts are within 1e-12.

    Notes
    -----
    ν = m + 1 - log2(log2 \|z\|), z the first with \|z\|² > 2³² and m its index, counted like n.
    """
    n = np.full(cr.size, maxiter, np.int32)
    nu = np.full(cr.size if smooth else 0, np.nan)
    known = in_cardioid_or_bulb(cr, ci) if series is None else np.zeros(cr.size, bool)
    outcome = np.where(known, Outcome.INTERIOR, Outcome.UNRESOLVED).astype(np.uint8)

    pixel = np.flatnonzero(~known)
    a, b = cr[pixel], ci[pixel]
    x, y = (a.copy(), b.copy()) if series is None else begun(a, b, series)
    seen_x, seen_y = x.copy(), y.copy()
    escaped = np.zeros(pixel.size, bool)
    step, head, iterations = (0, HEAD_STEPS, 0) if series is None else (series.steps,) * 2 + (0,)
    renew, wait = head, FIRST_CYCLE_BLOCKS * BLOCK_STEPS
    while pixel.size:
        size2 = x * x + y * y
        if step < maxiter:
            leaves = ~escaped & (size2 > RADIUS_SQUARED)
            n[pixel[leaves]] = step
            outcome[pixel[leaves]] = Outcome.ESCAPED
            escaped |= leaves
        done = escaped & (size2 > BAILOUT_SQUARED)
        if smooth and done.any():
            nu[pixel[done]] = step + 1 - np.log2(0.5 * np.log2(size2[done]))
        if head < step <= maxiter and (step - head) % BLOCK_STEPS == 0:
            repeats = (x == seen_x) & (y == seen_y) & ~escaped
            outcome[pixel[repeats]] = Outcome.INTERIOR
            done |= repeats
        if step == renew:
            seen_x, seen_y = x.copy(), y.copy()
            renew, wait = (head + wait, wait) if step == head else (step + 2 * wait, 2 * wait)
        if step >= maxiter:
            # Only the way from the radius to the bailout is still walked.
            done |= ~escaped
        if done.any():
            going = ~done
            pixel, escaped = pixel[going], escaped[going]
            a, b, x, y = a[going], b[going], x[going], y[going]
            seen_x, seen_y = seen_x[going], seen_y[going]
        xy = x * y
        x, y = (x * x - y * y) + a, (xy + xy) + b
        step += 1
        iterations += pixel.size
    return Counts(n, nu, outcome, iterations)


def begun(
    a: NDArray[np.float64], b: NDArray[np.float64], series: Series
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the orbits' values after the steps of a series."""
    d_re, d_im = (a - series.a) / series.radius, (b - series.b) / series.radius
    x, y = np.zeros(a.size), np.zeros(a.size)
    for re, im in zip(series.re[::-1], series.im[::-1], strict=True):
        x, y = (x * d_re - y * d_im) + re, (x * d_im + y * d_re) + im
    return x, y


BACKEND = NumpyBackend()
