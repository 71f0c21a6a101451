"""A row block on its way to a worker: the unit of counting, which any machine may do."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.counts.block_check import fault_of
from pipeline.counts.compute import BlockResult, count_chunks
from pipeline.counts.orbits.tables import References
from pipeline.counts.reusable_counts import ReusableCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels.tracing import Tracing


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Neighbouring chunks of a sample grid, to be counted or traced together."""

    grid: SampleGrid
    """The sample grid, told where its reference orbits lie on this machine."""
    first_chunk: int
    last_chunk: int
    """Chunk after the last."""
    reusable: Sequence[ReusableCounts] = ()
    """Stored counts that hold some of its samples."""
    tracing: Tracing | None = None
    """Recipe of the traces that are made with the counts; None for either alone."""

    @property
    def grids(self) -> list[SampleGrid]:
        """Sample grids of its results: its own, and that of the traces made with the counts."""
        return [self.grid] if self.tracing is None else [self.grid, self.grid.traced(self.tracing)]

    @property
    def rows(self) -> tuple[int, int]:
        """First row, and the row after the last."""
        first, last = self.first_chunk, self.last_chunk
        return self.grid.chunk_bounds(first)[0], self.grid.chunk_bounds(last - 1)[1]

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return self.last_chunk - self.first_chunk

    @property
    def carried_bytes(self) -> int:
        """Bytes of stored counts that it carries to another machine."""
        return sum(counts.carried_bytes for counts in self.reusable)

    def count(self) -> BlockResult:
        """Count or trace what its stored counts do not hold."""
        return count_chunks(
            self.grid, self.first_chunk, self.last_chunk, self.reusable, self.tracing
        )

    def fault_of(self, result: object, thorough: bool = False) -> str | None:
        """Return why a worker's result cannot be right; None where it can.

        `thorough` looks at every count; see `block_check.fault_of`.
        """
        parts = [result, result.traces] if isinstance(result, BlockResult) else [result]
        faults = (
            fault_of(part, grid, self.first_chunk, self.last_chunk, thorough)
            for part, grid in zip(parts, self.grids, strict=False)
        )
        return next((fault for fault in faults if fault is not None), None)

    def with_bytes(self) -> "RowBlock":
        """Return the block with the stored counts that it needs, instead of their files."""
        return replace(self, reusable=[counts.with_bytes(*self.rows) for counts in self.reusable])

    def detached(self) -> "RowBlock":
        """Return the block without what only this machine has."""
        return replace(self, grid=self.grid.detached())

    def with_references(self, references: References) -> "RowBlock":
        """Return the block with the reference orbits of another folder."""
        return replace(self, grid=self.grid.with_references(references))
