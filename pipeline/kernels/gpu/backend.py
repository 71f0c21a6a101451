"""A graphics processor as a backend: z² + c in float64, and perturbation in whichever numbers.

In float64 all is the same, bit by bit, as on the processor. What a card does not do, the processor
does here: traces of the last steps, cycles, float64 without a card that has it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import RenderError
from pipeline.kernels.backend import Backend, Chunk
from pipeline.kernels.cpu.backend import CpuBackend
from pipeline.kernels.cpu.float64 import chunk as float64
from pipeline.kernels.cpu.float64.counts import escape_counts
from pipeline.kernels.cpu.float64.series import Series
from pipeline.kernels.cpu.perturbation import chunk as perturbation
from pipeline.kernels.cpu.perturbation.counts import Walk, walk
from pipeline.kernels.gpu.blocks import Blocks
from pipeline.kernels.gpu.device import opened_device
from pipeline.kernels.gpu.numbers import FLOAT64, NUMBERS
from pipeline.kernels.gpu.walk import Job, fits, walks
from pipeline.kernels.results import Counts, PointTraces
from pipeline.kernels.tracing import Tracing


def _count_in_float64(
    cr: NDArray[np.float64],
    ci: NDArray[np.float64],
    maxiter: int,
    smooth: bool = True,
    series: Series | None = None,
) -> Counts:
    """Count points as `escape_counts` does, in blocks on the card if it has float64."""
    device = opened_device()
    if not device.adapter.can(FLOAT64):
        return escape_counts(cr, ci, maxiter, smooth, series)
    return escape_counts(cr, ci, maxiter, smooth, series, Blocks(device))


class GpuBackend(CpuBackend):
    """Shaders, and the processor's kernels for what they do not do."""

    def counts(
        self, chunk: Chunk, smooth: bool = True, only: NDArray[np.bool_] | None = None
    ) -> Counts:
        """Count, see `Backend`."""
        if not chunk.needs_orbit:
            return float64.chunk_counts(_count_in_float64, chunk, smooth, only)
        [(walked, sieved)] = _walks([chunk], only=only)
        counts = walked.counts(smooth)
        counts.iterations += sieved
        return counts

    def traces(
        self,
        chunk: Chunk,
        n: NDArray[np.integer[Any]],
        escaped: NDArray[np.bool_],
        tracing: Tracing,
    ) -> tuple[PointTraces, int]:
        """Trace, see `Backend`."""
        if not chunk.needs_orbit:
            return super().traces(chunk, n, escaped, tracing)
        return perturbation.chunk_traces(chunk, n, escaped, tracing, _count_and_trace)

    def counts_and_traces(self, chunk: Chunk, tracing: Tracing) -> tuple[Counts, PointTraces, int]:
        """Count and trace, see `Backend`; in one walk where that serves both."""
        if chunk.needs_orbit and perturbation.serves_both(tracing):
            return *_count_and_trace(chunk, tracing), 0
        return Backend.counts_and_traces(self, chunk, tracing)

    def counts_and_traces_of_each(
        self, chunks: Sequence[Chunk], tracing: Tracing | None
    ) -> Iterator[tuple[Counts, tuple[PointTraces, int] | None]]:
        """Count the chunks of a grid together, see `Backend`."""
        together = all(chunk.needs_orbit for chunk in chunks)
        if not together or not (tracing is None or perturbation.serves_both(tracing)):
            yield from super().counts_and_traces_of_each(chunks, tracing)
            return
        walked = _walks(chunks, slopes=tracing is not None)
        for chunk, (made, sieved) in zip(chunks, walked, strict=True):
            counts = made.counts()
            counts.iterations += sieved
            yield counts, None if tracing is None else (_traces_of(chunk, made, tracing), 0)


def _walks(
    chunks: Sequence[Chunk], slopes: bool = False, only: NDArray[np.bool_] | None = None
) -> list[tuple[Walk, int]]:
    """Return the walks of chunks of one grid, and the iterations in float64 before each."""
    if not chunks:
        return []
    settled = [perturbation.settled_by_float64(_count_in_float64, chunk, only) for chunk in chunks]
    jobs = [Job(*chunk.offsets(), known) for chunk, (known, _) in zip(chunks, settled, strict=True)]
    numbers = NUMBERS[chunks[0].numbers]
    tables = chunks[0].tables()
    device, maxiter = opened_device(), chunks[0].maxiter
    if fits(device, numbers, *tables):
        walked = walks(device, numbers, *tables, jobs, maxiter, slopes)
    elif numbers is FLOAT64:
        walked = [walk(*tables, job.w_re, job.w_im, maxiter, job.settled, slopes) for job in jobs]
    else:
        raise RenderError(
            f"an orbit of {tables.reference.steps} steps is larger than the buffers of "
            f"{device.adapter.name}; render.device: cpu has room for it"
        )
    return [(made, sieved) for made, (_, sieved) in zip(walked, settled, strict=True)]


def _traces_of(chunk: Chunk, walked: Walk, tracing: Tracing) -> PointTraces:
    """Return the traces of a walk that followed slopes."""
    # Imported here: counting alone needs none of it, and it takes a second to load.
    from pipeline.kernels.cpu.traces.perturbation import traces_of_walk

    return traces_of_walk(walked, chunk.tables().approximation.offset_exponent, tracing)


def _count_and_trace(chunk: Chunk, tracing: Tracing) -> tuple[Counts, PointTraces]:
    """Count all samples, and trace those that escape, in one walk; `tracing` must allow it."""
    [(walked, sieved)] = _walks([chunk], slopes=True)
    counts = walked.counts()
    counts.iterations += sieved
    return counts, _traces_of(chunk, walked, tracing)


BACKEND = GpuBackend()
