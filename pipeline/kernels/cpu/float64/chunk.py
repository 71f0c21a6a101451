"""Count and trace a chunk in float64, by whichever kernel counts its points.

The first steps of all points are taken at once, as a polynomial, and interior points are proved by
discs; the kernel counts the others.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.backend import Chunk
from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb
from pipeline.kernels.cpu.float64.interior_discs import inside_discs
from pipeline.kernels.cpu.float64.series import Series, series_about
from pipeline.kernels.results import Counts, Cycles, Outcome, PointTraces
from pipeline.kernels.tracing import Tracing


class Kernel(Protocol):
    """A kernel that counts points in float64."""

    def __call__(
        self,
        cr: NDArray[np.float64],
        ci: NDArray[np.float64],
        maxiter: int,
        smooth: bool = True,
        series: Series | None = None,
    ) -> Counts:
        """Count the points, contiguous arrays of one size; see `counts.escape_counts`."""


def chunk_counts(
    kernel: Kernel, chunk: Chunk, smooth: bool = True, only: NDArray[np.bool_] | None = None
) -> Counts:
    """Count the samples of a chunk; see `Backend.counts`.

    A point's count does not depend on the other points of the chunk; whether it is proved interior
    may.
    """
    formula = chunk.formula
    cr, ci = chunk.points()
    maxiter = chunk.maxiter
    series = series_about(*chunk.disc(), maxiter) if formula.series else None
    known, sought = inside_discs(kernel, cr, ci, maxiter, series) if formula.cycles else (None, 0)
    if series is not None and formula.cardioid:
        # Without a series the kernel does this.
        known = _either(known, in_cardioid_or_bulb(cr, ci))
    if only is not None:
        known = _either(known, ~only)
    if known is None or not known.any():
        counts = kernel(cr, ci, maxiter, smooth, series)
        return Counts(counts.n, counts.smooth, counts.outcome, counts.iterations + sought)
    rest = ~known
    counts = kernel(cr[rest], ci[rest], maxiter, smooth, series)
    n = np.full(cr.size, maxiter, np.int32)
    outcome = np.full(cr.size, np.uint8(Outcome.INTERIOR))
    nu = np.full(cr.size if smooth else 0, np.nan)
    n[rest] = counts.n
    outcome[rest] = counts.outcome
    if smooth:
        nu[rest] = counts.smooth
    return Counts(n, nu, outcome, counts.iterations + sought)


def chunk_traces(
    chunk: Chunk, n: NDArray[np.integer[Any]], escaped: NDArray[np.bool_], tracing: Tracing
) -> tuple[PointTraces, int]:
    """Trace the samples that escape; see `Backend.traces`."""
    # Imported here: counting alone needs none of it, and it takes a second to load.
    from pipeline.kernels.cpu.traces import float64

    cr, ci = chunk.points()
    re, im, radius = chunk.disc()
    return float64.traces(cr[escaped], ci[escaped], n[escaped], (re, im), radius, tracing)


def chunk_cycles(chunk: Chunk, inside: NDArray[np.bool_]) -> Cycles:
    """Find the attracting cycles of the chosen samples; see `Backend.cycles`."""
    from pipeline.kernels.cpu.traces import float64

    cr, ci = chunk.points()
    return float64.cycles(cr[inside], ci[inside], chunk.maxiter)


def _either(one: NDArray[np.bool_] | None, other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return other if one is None else one | other
