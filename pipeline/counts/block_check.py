"""Plausibility of a row block that a worker sent."""

import numpy as np

from pipeline.counts.chunk_bytes import size_named
from pipeline.counts.codec_counts import SAMPLE_BYTES, counts_from_packed
from pipeline.counts.codec_traces import TRACE_BYTES, traces_from_packed
from pipeline.counts.compute import BlockResult
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels.results import Outcome
from pipeline.system.state_file import finite_number, whole_number

_MOST_ITERATIONS = 1 << 62


def fault_of(
    block: object, grid: SampleGrid, first_chunk: int, last_chunk: int, thorough: bool = False
) -> str | None:
    """Return what is wrong with a block of a sample grid's chunks; None where it is plausible.

    `thorough` unpacks every chunk and looks at every count, for blocks from other machines; it
    needs the compiler, which only workers load.
    """
    if not isinstance(block, BlockResult):
        return f"{type(block).__name__} instead of a row block"
    bounds = [grid.chunk_bounds(chunk) for chunk in range(first_chunk, last_chunk)]
    rows = [last - first for first, last in bounds]
    try:
        _check_figures(block, len(rows), sum(rows) * grid.columns)
        unresolved = [
            _unresolved_in(chunk, grid, height, thorough)
            for chunk, height in zip(block.chunks, rows, strict=True)
        ]
        if thorough and grid.tracing is None and sum(unresolved) != block.unresolved:
            return f"{sum(unresolved)} samples unresolved, said to be {block.unresolved}"
    except (ValueError, TypeError) as error:
        return str(error)
    return None


def _check_figures(block: BlockResult, chunks: int, samples: int) -> None:
    """Raise ValueError unless a block's figures fit its number of chunks and samples."""
    if len(block.chunks) != chunks or len(block.chunk_cpu_s) != chunks:
        raise ValueError(f"{len(block.chunks)} chunks instead of {chunks}")
    for seconds in block.chunk_cpu_s:
        finite_number(seconds, 0.0)
    for count in (block.computed, block.traced, block.unresolved):
        whole_number(count, 0, samples)
    whole_number(block.iterations, 0, _MOST_ITERATIONS)


def _unresolved_in(chunk: bytes, grid: SampleGrid, rows: int, thorough: bool) -> int:
    """Check a chunk; return its unresolved samples where it is unpacked, 0 where not."""
    sample_bytes = SAMPLE_BYTES if grid.tracing is None else TRACE_BYTES
    named, size = size_named(chunk), rows * grid.columns * sample_bytes
    if named != size:
        raise ValueError(f"a chunk of {named} bytes instead of {size}")
    if thorough and grid.tracing is not None:
        traces_from_packed(chunk, rows, grid.columns)
    if not thorough or grid.tracing is not None:
        return 0
    counts = counts_from_packed(chunk, rows, grid.columns, grid.maxiter)
    return int(np.count_nonzero(counts.outcome == Outcome.UNRESOLVED))
