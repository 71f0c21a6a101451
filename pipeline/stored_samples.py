"""Stored samples: a canvas's counts and its traces on disk, read together."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.canvas import Canvas
from pipeline.colour.samples import Samples
from pipeline.kernels.tracing import Tracing
from pipeline.store import Store
from pipeline.stored_canvas import StoredCanvas


@dataclass(frozen=True, slots=True)
class StoredSamples:
    """A canvas's samples, their rows read on demand."""

    counts: StoredCanvas
    traces: StoredCanvas | None
    log2_px: float
    """log2 of the distance of samples in pixels."""

    @property
    def canvas_rows(self) -> int:
        """Rows that there are."""
        return self.counts.canvas.rows

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
    store: Store, canvas: Canvas, tracing: Tracing | None, log2_px: float
) -> Iterator[StoredSamples]:
    """Open a canvas's counts and, where they are wanted, its traces.

    Raises
    ------
    NotStoredError
        One of them is not stored.
    DamagedError
        It is not what was written, or of another version.
    """
    with StoredCanvas.open(store.path(canvas), canvas) as counts:
        if tracing is None:
            yield StoredSamples(counts, None, log2_px)
            return
        traced = canvas.traced(tracing)
        with StoredCanvas.open(store.path(traced), traced) as traces:
            yield StoredSamples(counts, traces, log2_px)
