"""The store: counts on disk, one checksummed file a sample grid, named by what they depend on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from pipeline.counts.reusable_counts import ReusableCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.stored_grid import StoredGrid, header_of
from pipeline.errors import DamagedError, NotStoredError
from pipeline.geometry.band import Band
from pipeline.system.atomic_files import write_durably

# Bands may share samples with bands of so many times as many columns and rows.
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

    def reusable(self, grid: SampleGrid) -> list[ReusableCounts]:
        """Return stored sample grids that hold some of a sample grid's samples.

        They are its own counts with a smaller maxiter, and, where the arithmetic is pointwise,
        bands of two or four times as many columns and rows, or a half or a quarter as many. For
        traces they are the counts that these belong to.
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
