"""The processor as a backend: z² + c compiled by numba, in float64 and by perturbation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.backend import Backend, Chunk
from pipeline.kernels.cpu.float64 import chunk as float64
from pipeline.kernels.cpu.float64.counts import escape_counts
from pipeline.kernels.cpu.perturbation import chunk as perturbation
from pipeline.kernels.results import Counts, Cycles, PointTraces
from pipeline.kernels.tracing import Tracing


class CpuBackend(Backend):
    """Compiled kernels, in whichever arithmetic a chunk is counted."""

    def counts(
        self, chunk: Chunk, smooth: bool = True, only: NDArray[np.bool_] | None = None
    ) -> Counts:
        """Count, see `Backend`."""
        if chunk.needs_orbit:
            return perturbation.chunk_counts(chunk, smooth, only)
        return float64.chunk_counts(escape_counts, chunk, smooth, only)

    def traces(
        self,
        chunk: Chunk,
        n: NDArray[np.integer[Any]],
        escaped: NDArray[np.bool_],
        tracing: Tracing,
    ) -> tuple[PointTraces, int]:
        """Trace, see `Backend`."""
        if chunk.needs_orbit:
            return perturbation.chunk_traces(chunk, n, escaped, tracing)
        return float64.chunk_traces(chunk, n, escaped, tracing)

    def counts_and_traces(self, chunk: Chunk, tracing: Tracing) -> tuple[Counts, PointTraces, int]:
        """Count and trace, see `Backend`; in one walk where that serves both."""
        if chunk.needs_orbit and perturbation.serves_both(tracing):
            return *perturbation.chunk_counts_and_traces(chunk, tracing), 0
        return super().counts_and_traces(chunk, tracing)

    def cycles(self, chunk: Chunk, inside: NDArray[np.bool_]) -> Cycles:
        """Find cycles, see `Backend`."""
        if chunk.needs_orbit:
            return perturbation.chunk_cycles(chunk, inside)
        return float64.chunk_cycles(chunk, inside)


BACKEND = CpuBackend()
