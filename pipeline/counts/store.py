"""The store: counts on disk, one checksummed file a sample grid, named by what they depend on."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.codec_counts import StoredCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.stored_grid import StoredGrid, header_of
from pipeline.errors import DamagedError, NotStoredError
from pipeline.geometry.band import Band
from pipeline.kernels.results import Outcome
from pipeline.system.atomic_files import write_durably

# Bands may hold samples of others that have so many times as many each way.
_FACTORS = (Fraction(4), Fraction(2), Fraction(1, 2), Fraction(1, 4))


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of counts."""

    folder: Path

    def path(self, grid: SampleGrid) -> Path:
        """Return where a sample grid's counts lie, stored or not."""
        return self.folder / f"{grid.key()}.counts"

    def holds(self, grid: SampleGrid) -> bool:
        """Tell whether a sample grid's counts are stored whole; each chunk is checked when read."""
        return self.missing(grid) == 0

    def missing(self, grid: SampleGrid) -> int:
        """Return how many samples of a sample grid are still to be computed.

        All of them where it is not stored; where it is with a smaller maxiter, those that stayed
        unresolved.
        """
        try:
            with StoredGrid.open(self.path(grid), grid) as stored:
                return 0 if stored.maxiter >= grid.maxiter else stored.unresolved
        except DamagedError:
            return grid.samples

    def damage(self, grid: SampleGrid) -> str | None:
        """Return why a sample grid's file cannot be read; None where it can, or there is none."""
        try:
            StoredGrid.open(self.path(grid), grid).close()
        except NotStoredError:
            return None
        except DamagedError as error:
            return str(error)
        return None

    def reusable(self, grid: SampleGrid) -> list["ReusableCounts"]:
        """Return stored sample grids that hold some of a sample grid's samples.

        Itself with a smaller maxiter, and bands of twice or four times as many samples each way, or
        half or a quarter as many.

        Traces are made from their counts alone.

        Only those with the same counts bit for bit: deep kernels work on neighbours together, and
        round differently where there are others.
        """
        if grid.tracing is not None:
            return [ReusableCounts(self.path(grid.counted), grid.counted, Fraction(1))]
        reusable = [ReusableCounts(self.path(grid), grid, Fraction(1))]
        if isinstance(grid.geometry, Band) and grid.arithmetic.is_pointwise:
            for factor in _FACTORS:
                geometry = grid.geometry.multiplied(factor)
                if geometry is not None:
                    other = replace(grid, geometry=geometry)
                    reusable.append(ReusableCounts(self.path(other), other, factor))
        return [reusable_counts for reusable_counts in reusable if reusable_counts.path.exists()]

    def is_whole(self, grid: SampleGrid) -> bool:
        """Tell whether all of a sample grid's counts are what was written, and could be counts."""
        try:
            with StoredGrid.open(self.path(grid), grid) as stored:
                stored.check()
        except DamagedError:
            return False
        return True

    def save(
        self, grid: SampleGrid, chunks: Sequence[bytes], unresolved: int, iterations: int
    ) -> int:
        """Store a sample grid's packed chunks durably; return the bytes written.

        What was stored of it with a smaller maxiter is replaced.
        """
        header = header_of(grid, chunks, unresolved, iterations)
        write_durably(self.path(grid), [header, *chunks])
        return len(header) + sum(map(len, chunks))

    def discard(self, grid: SampleGrid) -> None:
        """Remove a sample grid's file, damaged or not."""
        self.path(grid).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Known:
    """Samples of some rows of a sample grid that need not be computed."""

    place: tuple[NDArray[np.intp], ...]
    """Where they lie among these rows, as numpy indexes."""
    counts: StoredCounts
    decided: NDArray[np.bool_]
    """Which of them are; others would go on with a larger maxiter."""


@dataclass(frozen=True, slots=True)
class CarriedChunks:
    """Packed chunks of a stored sample grid, on their way to another machine."""

    maxiter: int
    """That they were stored with."""
    chunks: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class ReusableCounts:
    """Stored counts that another sample grid's samples are among, or among its samples."""

    path: Path
    grid: SampleGrid
    """With the other's maxiter."""
    factor: Fraction
    """How many samples it has each way for one of the other's."""
    carried: "CarriedChunks | None" = None
    """What it needs of its file, where it is sent to another machine."""

    @property
    def carried_bytes(self) -> int:
        """What it takes along."""
        return 0 if self.carried is None else sum(map(len, self.carried.chunks.values()))

    def with_bytes(self, first_row: int, last_row: int) -> "ReusableCounts":
        """Return it with all that it holds of some rows of the other, without its file."""
        rows = self._rows(first_row, last_row)
        chunks: dict[int, bytes] = {}
        maxiter = 0
        # Where it is damaged it knows nothing, as here.
        with suppress(DamagedError), self._opened() as stored:
            maxiter = stored.maxiter
            wanted = np.unique(rows * self.factor.numerator // self.grid.chunk_rows)
            chunks = {int(chunk): stored.packed(int(chunk)) for chunk in wanted}
        carried = CarriedChunks(maxiter, chunks)
        return replace(self, path=Path(), grid=self.grid.detached(), carried=carried)

    def _rows(self, first_row: int, last_row: int) -> NDArray[np.intp]:
        """Return which of the other's rows, by `factor.denominator`, are among these."""
        step = self.factor.denominator
        return np.arange(-(-first_row // step), -(-last_row // step))

    def _opened(self) -> "StoredGrid":
        if self.carried is not None:
            return StoredGrid.of_chunks(self.grid, self.carried.maxiter, self.carried.chunks)
        return StoredGrid.open(self.path, self.grid)

    def known(self, first_row: int, last_row: int, columns: int) -> Known | None:
        """Return what it holds of some rows of the other; None for nothing, or where damaged."""
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
        place = np.ix_(rows * step - first_row, np.arange(0, columns, step))
        return Known(place, counts, reached | (counts.outcome != Outcome.UNRESOLVED))
