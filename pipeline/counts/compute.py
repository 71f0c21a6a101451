"""Tasks of a worker process: counts and traces of a sample grid, by the grid's backend."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.samples import Samples
from pipeline.counts.chunk import GridChunk
from pipeline.counts.codec_counts import counts_from_packed, packed_from_counts
from pipeline.counts.codec_traces import packed_from_traces, traces_from_packed
from pipeline.counts.reusable_counts import ReusableCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels.backend import Backend
from pipeline.kernels.choice import backend_for
from pipeline.kernels.results import Counts, Outcome, PointTraces, Traces
from pipeline.kernels.tracing import Tracing


@dataclass(slots=True)
class BlockResult:
    """The packed chunks of a row block, and what they cost."""

    chunks: list[bytes] = field(default_factory=list)
    computed: int = 0
    """Samples whose counts were computed."""
    traced: int = 0
    """Samples whose traces were computed."""
    unresolved: int = 0
    """Samples that reached maxiter."""
    iterations: int = 0
    chunk_cpu_s: list[float] = field(default_factory=list)
    traces: "BlockResult | None" = None
    """The traces that were made with the counts, and what they cost besides."""

    @property
    def parts(self) -> list["BlockResult"]:
        """The block itself, and the traces that were made with it."""
        return [self] if self.traces is None else [self, self.traces]


def count_chunks(
    grid: SampleGrid,
    first_chunk: int,
    last_chunk: int,
    reusable: Sequence[ReusableCounts] = (),
    tracing: Tracing | None = None,
) -> BlockResult:
    """Compute and pack chunks `first_chunk` up to, not including, `last_chunk`.

    Samples that are known from stored counts are not computed again. With `tracing` the traces of
    the counts are made with them: the same as later from stored counts, in less time.
    """
    [block] = count_together(grid, [(first_chunk, last_chunk)], reusable, tracing)
    return block


def count_together(
    grid: SampleGrid,
    ranges: Sequence[tuple[int, int]],
    reusable: Sequence[ReusableCounts] = (),
    tracing: Tracing | None = None,
) -> list[BlockResult]:
    """Compute and pack several half-open ranges of chunks, as `count_chunks` does each."""
    if grid.tracing is not None:
        return [trace_chunks(grid, first, last, reusable) for first, last in ranges]
    chunks = [chunk for first, last in ranges for chunk in range(first, last)]
    made = _made(grid, chunks, reusable, tracing)
    return [_packed_block(grid, first, last, made, tracing) for first, last in ranges]


class _Made(NamedTuple):
    """The counts of a chunk, and what was made of it."""

    counts: Counts
    computed: int
    """Samples that had to be computed."""
    traced: tuple[PointTraces, int] | None = None
    """Traces that were made with the counts, and their iterations."""


def _packed_block(
    grid: SampleGrid,
    first_chunk: int,
    last_chunk: int,
    made: Iterator[_Made],
    tracing: Tracing | None,
) -> BlockResult:
    """Pack the next chunks of those made."""
    block = BlockResult(traces=None if tracing is None else BlockResult())
    for chunk in range(first_chunk, last_chunk):
        start = time.thread_time()
        first, last = grid.chunk_bounds(chunk)
        counts, computed, traced = next(made)
        block.chunks.append(packed_from_counts(counts, last - first, grid.columns))
        block.computed += computed
        block.unresolved += _unresolved(counts)
        block.iterations += counts.iterations
        block.chunk_cpu_s.append(time.thread_time() - start)
        if block.traces is not None and tracing is not None:
            _add_traces(block.traces, grid.traced(tracing), chunk, counts, traced)
    return block


def _made(
    grid: SampleGrid,
    chunks: Sequence[int],
    reusable: Sequence[ReusableCounts],
    tracing: Tracing | None,
) -> Iterator[_Made]:
    """Yield the counts of each chunk; all at once where nothing of them is stored."""
    if reusable:
        for chunk in chunks:
            yield _computed(grid, chunk, reusable, tracing)
        return
    samples = [GridChunk.of(grid, chunk) for chunk in chunks]
    each = backend_of(grid).counts_and_traces_of_each(samples, tracing)
    for counts, traced in each:
        yield _Made(counts, counts.n.size, traced)


def trace_chunks(
    grid: SampleGrid, first_chunk: int, last_chunk: int, reusable: Sequence[ReusableCounts]
) -> BlockResult:
    """Compute and pack the traces of some chunks, whose counts are stored."""
    block = BlockResult()
    for chunk in range(first_chunk, last_chunk):
        start = time.thread_time()
        counts, _ = counts_of_chunk(grid.counted, chunk, reusable)
        read_s = time.thread_time() - start
        _add_traces(block, grid, chunk, counts)
        block.chunk_cpu_s[-1] += read_s
    return block


def _add_traces(
    block: BlockResult,
    grid: SampleGrid,
    chunk: int,
    counts: Counts,
    traced: tuple[PointTraces, int] | None = None,
) -> None:
    """Add the packed traces of a chunk to a block, computed unless they are `traced`."""
    start = time.thread_time()
    packed, escaped, steps = packed_traces(grid, chunk, counts, traced)
    block.chunks.append(packed)
    block.traced += escaped
    block.unresolved += _unresolved(counts)
    block.iterations += steps
    block.chunk_cpu_s.append(time.thread_time() - start)


def packed_traces(
    grid: SampleGrid, chunk: int, counts: Counts, traced: tuple[PointTraces, int] | None = None
) -> tuple[bytes, int, int]:
    """Trace a chunk; return the packed traces, the samples traced and the iterations done.

    Parameters
    ----------
    traced : tuple of PointTraces and int, optional
        The traces and their iterations, where they were made with the counts.
    """
    first, last = grid.chunk_bounds(chunk)
    escaped = counts.outcome.reshape(-1) == Outcome.ESCAPED
    assert grid.tracing is not None
    backend, samples = backend_of(grid), GridChunk.of(grid, chunk)
    traces, iterations = traced or backend.traces(
        samples, counts.n.reshape(-1), escaped, grid.tracing
    )
    cycles = None
    if grid.tracing.interior:
        cycles = backend.cycles(samples, ~escaped)
        iterations += cycles.iterations
    packed = packed_from_traces(
        traces,
        escaped.reshape(last - first, grid.columns),
        grid.geometry.log2_spacing(first, last),
        cycles,
    )
    return packed, int(np.count_nonzero(escaped)), iterations


def _unresolved(counts: Counts) -> int:
    return int(np.count_nonzero(counts.outcome == Outcome.UNRESOLVED))


def counts_of_chunk(
    grid: SampleGrid, chunk: int, reusable: Sequence[ReusableCounts]
) -> tuple[Counts, int]:
    """Return a chunk's counts, and how many of its samples had to be computed."""
    counts, computed, _ = _computed(grid, chunk, reusable)
    return counts, computed


def _computed(
    grid: SampleGrid,
    chunk: int,
    reusable: Sequence[ReusableCounts],
    tracing: Tracing | None = None,
) -> _Made:
    """Return a chunk's counts, how many were computed, and traces if they were made with them."""
    first, last = grid.chunk_bounds(chunk)
    shape = last - first, grid.columns
    n = np.full(shape, grid.maxiter, np.int32)
    smooth = np.full(shape, np.nan)
    outcome = np.full(shape, np.uint8(Outcome.UNRESOLVED))
    decided = np.zeros(shape, bool)
    for reusable_counts in reusable:
        if (known := reusable_counts.known(first, last, grid.columns)) is None:
            continue
        new = known.decided & ~decided[known.index]
        counts = known.counts
        n[known.index] = np.where(
            new & (counts.outcome == Outcome.ESCAPED), counts.n, n[known.index]
        )
        smooth[known.index] = np.where(new, counts.smooth, smooth[known.index])
        outcome[known.index] = np.where(new, counts.outcome, outcome[known.index])
        decided[known.index] |= new
    if not decided.any():
        backend, samples = backend_of(grid), GridChunk.of(grid, chunk)
        if tracing is None:
            return _Made(backend.counts(samples), decided.size)
        fresh, traces, steps = backend.counts_and_traces(samples, tracing)
        return _Made(fresh, decided.size, (traces, steps))
    open_ = ~decided.reshape(-1)
    counted = Counts(n.reshape(-1), smooth.reshape(-1), outcome.reshape(-1), 0)
    if open_.any():
        missing = backend_of(grid).counts(GridChunk.of(grid, chunk), only=open_)
        counted.iterations = missing.iterations
        counted.n[open_] = missing.n[open_]
        counted.smooth[open_] = missing.smooth[open_]
        counted.outcome[open_] = missing.outcome[open_]
    return _Made(counted, int(np.count_nonzero(open_)))


def backend_of(grid: SampleGrid) -> Backend:
    """Return what computes a sample grid in this process."""
    return backend_for(grid.device, grid.formula)


def counts_of_rows(grid: SampleGrid, first_row: int, last_row: int, smooth: bool = True) -> Counts:
    """Compute rows `first_row` up to, not including, `last_row`; arrays one-dimensional.

    Raises
    ------
    OrbitError
        The reference orbit has not been computed far enough.
    """
    backend = backend_of(grid)
    runs = []
    iterations = 0
    for number in range(first_row // grid.chunk_rows, -(-last_row // grid.chunk_rows)):
        # Whole chunks: their samples are counted together, whichever rows are asked for.
        chunk = GridChunk.of(grid, number)
        counts = backend.counts(chunk, smooth)
        first = chunk.first_row
        own = np.s_[max(0, first_row - first) * grid.columns : (last_row - first) * grid.columns]
        runs.append((counts.n[own], counts.smooth[own], counts.outcome[own]))
        iterations += counts.iterations
    n, nu, outcome = map(np.concatenate, zip(*runs, strict=True))
    return Counts(n, nu, outcome, iterations)


def count_outcomes(grid: SampleGrid) -> tuple[int, int]:
    """Return how many samples of a sample grid escaped, and how many ended in any way."""
    outcome = counts_of_rows(grid, 0, grid.rows, smooth=False).outcome
    return (
        int(np.count_nonzero(outcome == Outcome.ESCAPED)),
        int(np.count_nonzero(outcome != Outcome.UNRESOLVED)),
    )


def count_rows(grid: SampleGrid, first_row: int, last_row: int) -> tuple[Counts, float]:
    """Return the counts of some rows, unpacked, and the CPU seconds that they took."""
    start = time.thread_time()
    return counts_of_rows(grid, first_row, last_row), time.thread_time() - start


def count_n(grid: SampleGrid, first_row: int, last_row: int) -> NDArray[np.unsignedinteger[Any]]:
    """Compute the counts n alone, each in as few bytes as maxiter needs."""
    n = np.empty((last_row - first_row) * grid.columns, np.min_scalar_type(grid.maxiter))
    # Chunk by chunk: the arrays that the kernel works on stay in the cache, and are allocated once.
    for first in range(first_row, last_row, grid.chunk_rows):
        last = min(first + grid.chunk_rows, last_row)
        own = slice((first - first_row) * grid.columns, (last - first_row) * grid.columns)
        n[own] = counts_of_rows(grid, first, last, smooth=False).n
    return n


def _seeks_cycles(grid: SampleGrid) -> bool:
    return grid.tracing is not None and grid.tracing.interior


def samples_from_chunks(
    grid: SampleGrid, packed: list[bytes], packed_traces: list[bytes]
) -> Samples:
    """Return the samples of a sample grid's first chunks."""
    bounds = [grid.chunk_bounds(chunk) for chunk in range(len(packed))]
    smooth = [
        counts_from_packed(chunk, last - first, grid.columns).smooth
        for chunk, (first, last) in zip(packed, bounds, strict=True)
    ]
    return Samples(np.concatenate(smooth), traces_from_chunks(grid, packed_traces))


def traces_from_chunks(grid: SampleGrid, packed: list[bytes]) -> Traces | None:
    """Return the traces of a sample grid's first chunks."""
    if not packed:
        return None
    bounds = [grid.chunk_bounds(chunk) for chunk in range(len(packed))]
    return Traces.joined(
        [
            traces_from_packed(chunk, last - first, grid.columns, _seeks_cycles(grid))
            for chunk, (first, last) in zip(packed, bounds, strict=True)
        ]
    )
