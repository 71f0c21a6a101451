"""Stored counts that spare computing some samples of a sample grid."""

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.codec_counts import StoredCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.stored_grid import StoredGrid
from pipeline.errors import DamagedError
from pipeline.kernels.results import Outcome


@dataclass(frozen=True, slots=True)
class Known:
    """Counts that are known of some rows of a sample grid."""

    index: tuple[NDArray[np.intp], ...]
    """Their rows and columns, as numpy indexes an array of these rows."""
    counts: StoredCounts
    decided: NDArray[np.bool_]
    """Which of them are final; the others need a larger maxiter than they were counted with."""


@dataclass(frozen=True, slots=True)
class CarriedChunks:
    """Packed chunks of a stored sample grid, sent to another machine."""

    maxiter: int
    """maxiter of the stored counts."""
    chunks: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class ReusableCounts:
    """Stored counts of a sample grid that shares samples with the one to be counted."""

    path: Path
    grid: SampleGrid
    """The stored grid, with maxiter of the one to be counted."""
    factor: Fraction
    """Ratio of its columns, and of its rows, to those of the grid to be counted."""
    carried: CarriedChunks | None = None
    """Chunks that are needed; None unless this is sent to another machine."""

    @property
    def carried_bytes(self) -> int:
        """Bytes of the chunks that are sent with it."""
        return 0 if self.carried is None else sum(map(len, self.carried.chunks.values()))

    def with_bytes(self, first_row: int, last_row: int) -> "ReusableCounts":
        """Return it with the chunks that some rows of the other grid need, and without its file."""
        rows = self._rows(first_row, last_row)
        chunks: dict[int, bytes] = {}
        maxiter = 0
        # A damaged file knows nothing, there as here.
        with suppress(DamagedError), self._opened() as stored:
            maxiter = stored.maxiter
            needed = np.unique(rows * self.factor.numerator // self.grid.chunk_rows)
            chunks = {int(chunk): stored.packed(int(chunk)) for chunk in needed}
        carried = CarriedChunks(maxiter, chunks)
        return replace(self, path=Path(), grid=self.grid.detached(), carried=carried)

    def _rows(self, first_row: int, last_row: int) -> NDArray[np.intp]:
        """Return the shared rows among these of the other grid, divided by `factor.denominator`."""
        step = self.factor.denominator
        return np.arange(-(-first_row // step), -(-last_row // step))

    def _opened(self) -> StoredGrid:
        if self.carried is not None:
            return StoredGrid.of_chunks(self.grid, self.carried.maxiter, self.carried.chunks)
        return StoredGrid.open(self.path, self.grid)

    def known(self, first_row: int, last_row: int, columns: int) -> Known | None:
        """Return what it knows of some rows of the other grid; None where nothing."""
        step, times = self.factor.denominator, self.factor.numerator
        rows = self._rows(first_row, last_row)
        if rows.size == 0:
            return None
        own_columns = np.s_[:, ::times]
        try:
            with self._opened() as stored:
                there = stored.counts_of(rows * times)
                reached = stored.maxiter >= self.grid.maxiter
        except DamagedError:
            return None
        counts = StoredCounts(
            there.n[own_columns], there.smooth[own_columns], there.outcome[own_columns]
        )
        index = np.ix_(rows * step - first_row, np.arange(0, columns, step))
        return Known(index, counts, reached | (counts.outcome != Outcome.UNRESOLVED))
