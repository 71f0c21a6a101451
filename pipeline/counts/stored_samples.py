"""Stored samples: a sample grid's counts and its traces on disk, read together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.colour.samples import Samples
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_grid import StoredGrid
from pipeline.kernels.tracing import Tracing


@dataclass(frozen=True, slots=True)
class StoredSamples:
    """A sample grid's samples, their rows read on demand."""

    counts: StoredGrid
    traces: StoredGrid | None
    log2_px: float
    """log2 of the distance of samples in pixels."""

    @property
    def grid_rows(self) -> int:
        """Number of rows."""
        return self.counts.grid.rows

    @property
    def grid_columns(self) -> int:
        """Number of columns."""
        return self.counts.grid.columns

    def rows(self, first: int, last: int) -> Samples:
        """Return rows `first` up to, not including, `last`.

        Raises
        ------
        DamagedError
            Their bytes are not those that were written.
        """
        traces = None if self.traces is None else self.traces.trace_rows(first, last)
        return Samples(self.counts.smooth_rows(first, last), traces, self.log2_px)


@contextmanager
def stored_samples(
    store: Store, grid: SampleGrid, tracing: Tracing | None, log2_px: float
) -> Iterator[StoredSamples]:
    """Open a sample grid's counts and, given a tracing, its traces.

    Raises
    ------
    NotStoredError
        One of them is not stored.
    DamagedError
        It is not what was written, or of another version.
    """
    with StoredGrid.open(store.path(grid), grid) as counts:
        if tracing is None:
            yield StoredSamples(counts, None, log2_px)
            return
        traced = grid.traced(tracing)
        with StoredGrid.open(store.path(traced), traced) as traces:
            yield StoredSamples(counts, traces, log2_px)
