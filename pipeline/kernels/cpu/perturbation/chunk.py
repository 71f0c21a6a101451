"""Count and trace a chunk at any depth, against a reference orbit."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.backend import Chunk
from pipeline.kernels.cpu.float64.chunk import Kernel
from pipeline.kernels.cpu.float64.chunk import chunk_counts as float64_counts
from pipeline.kernels.cpu.float64.counts import escape_counts as float64_kernel
from pipeline.kernels.cpu.perturbation.counts import walk
from pipeline.kernels.results import Counts, Cycles, Outcome, PointTraces
from pipeline.kernels.tracing import Tracing

# float64 first finds what stays inside, where so many of its roundings lie between samples, and
# where at least this fraction stays, judged by every 17th sample.
_SIEVE_ROUNDINGS = 512.0
_SIEVE_STEP = 17
_WORTH_SIEVING = 0.05

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)


def chunk_counts(
    chunk: Chunk, smooth: bool = True, only: NDArray[np.bool_] | None = None
) -> Counts:
    """Count the samples of a chunk; see `Backend.counts`."""
    settled, sieved = settled_by_float64(float64_kernel, chunk, only)
    counts = walk(*chunk.tables(), *chunk.offsets(), chunk.maxiter, settled).counts(smooth)
    counts.iterations += sieved
    return counts


def serves_both(tracing: Tracing) -> bool:
    """Tell whether the walk that counts has all that these traces need."""
    return tracing.last_steps == 0


def chunk_counts_and_traces(chunk: Chunk, tracing: Tracing) -> tuple[Counts, PointTraces]:
    """Count all samples, and trace those that escape, in one walk; `tracing` must allow it."""
    from pipeline.kernels.cpu.traces import perturbation

    settled, sieved = settled_by_float64(float64_kernel, chunk)
    tables = chunk.tables()
    walked = walk(*tables, *chunk.offsets(), chunk.maxiter, settled, slopes=True)
    counts = walked.counts()
    counts.iterations += sieved
    exponent = tables.approximation.offset_exponent
    return counts, perturbation.traces_of_walk(walked, exponent, tracing)


def chunk_traces(
    chunk: Chunk,
    n: NDArray[np.integer[Any]],
    escaped: NDArray[np.bool_],
    tracing: Tracing,
    count_and_trace: Callable[[Chunk, Tracing], tuple[Counts, PointTraces]] | None = None,
) -> tuple[PointTraces, int]:
    """Trace the samples that escape; see `Backend.traces`.

    `count_and_trace` does both in one walk, by default on this processor.
    """
    from pipeline.kernels.cpu.traces import perturbation

    if not serves_both(tracing):
        return perturbation.traces(*chunk.tables(), *chunk.offsets(), n, escaped, tracing)
    # The same walk again, so that traces are the same bits whether counts were stored before.
    counts, walked_traces = (count_and_trace or chunk_counts_and_traces)(chunk, tracing)
    walked = counts.outcome == _ESCAPED
    if np.array_equal(walked, escaped):
        return walked_traces, counts.iterations
    # Counts that were continued from a smaller maxiter may differ in a point beside the set.
    traces, steps = perturbation.traces(
        *chunk.tables(), *chunk.offsets(), n, escaped & ~walked, tracing
    )
    every = PointTraces.zeros(int(np.count_nonzero(escaped)))
    every.fill(walked[escaped], walked_traces, escaped[walked])
    every.fill(~walked[escaped], traces)
    return every, counts.iterations + steps


def chunk_cycles(chunk: Chunk, inside: NDArray[np.bool_]) -> Cycles:
    """Find the attracting cycles of the chosen samples; see `Backend.cycles`.

    None but in the minibrot about the reference, where that is its nucleus.
    """
    from pipeline.kernels.cpu.perturbation import minibrot

    if not chunk.formula.minibrot:
        size = np.count_nonzero(inside)
        return Cycles(np.zeros(size, np.int64), np.zeros(size, np.complex128), 0)
    reference, approximation = chunk.tables()
    w_re, w_im = (component.reshape(-1)[inside] for component in chunk.offsets())
    return minibrot.cycles(reference, approximation.offset_exponent, w_re, w_im, chunk.maxiter)


def settled_by_float64(
    kernel: Kernel, chunk: Chunk, only: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.uint8] | None, int]:
    """Return what float64 finds out, if that saves work, and the iterations that it took.

    float64 takes a fifth of the time a step, and what it finds not to escape is right: there an
    orbit is drawn in and errors shrink, where those of escaping orbits grow.

    Parameters
    ----------
    kernel : Kernel
        What counts in float64.
    only : ndarray of bool, optional
        Samples to be counted; all others come as settled.

    Returns
    -------
    settled : ndarray of uint8, shape (samples,), or None
        Outcomes; what is an escape is still to be counted. None where that is all of them.
    iterations : int
    """
    settled, iterations = _sieved(kernel, chunk)
    if only is not None:
        settled = np.where(only, _ESCAPED if settled is None else settled, _INTERIOR)
    return settled, iterations


def _sieved(kernel: Kernel, chunk: Chunk) -> tuple[NDArray[np.uint8] | None, int]:
    """Return the outcomes in float64 where that is worth while, and the iterations."""
    if chunk.roundings_a_sample() < _SIEVE_ROUNDINGS:
        return None, 0
    re, im = (component[::_SIEVE_STEP].copy() for component in chunk.points())
    few = kernel(re, im, chunk.maxiter, smooth=False)
    staying = np.count_nonzero(few.outcome != Outcome.ESCAPED)
    if staying < _WORTH_SIEVING * few.outcome.size:
        return None, few.iterations
    counts = float64_counts(kernel, chunk, smooth=False)
    return counts.outcome, few.iterations + counts.iterations
