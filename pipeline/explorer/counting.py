"""Task of a worker for the explorer: count the samples of a small rectangle."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.compute import counts_of_chunk, packed_traces, traces_from_chunks
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels.results import Traces


@dataclass(frozen=True, slots=True)
class CountedSamples:
    """Samples of a grid, shape (rows, columns)."""

    smooth: NDArray[np.float64]
    traces: Traces | None
    cpu_s: float


def count_samples(grid: SampleGrid) -> CountedSamples:
    """Count a sample grid, and trace it where it asks for traces."""
    start = time.thread_time()
    counted = grid.counted
    chunks = [counts_of_chunk(counted, chunk, ())[0] for chunk in range(grid.chunks)]
    smooth = np.concatenate([chunk.smooth.reshape(-1, grid.columns) for chunk in chunks])
    traces = None
    if grid.tracing is not None:
        packed = [packed_traces(grid, index, chunk)[0] for index, chunk in enumerate(chunks)]
        traces = traces_from_chunks(grid, packed)
    return CountedSamples(smooth, traces, time.thread_time() - start)
