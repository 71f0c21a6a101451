"""Row blocks: a sample grid cut into pieces of about equal cost, the unit of work of the pool."""

from dataclasses import dataclass, field

from pipeline.counts.sample_grid import SampleGrid

# Blocks per worker of the first sample grid, whose cost is not known yet.
_FIRST_BLOCKS = 4


@dataclass(slots=True)
class RowCosts:
    """CPU seconds of each chunk of the latest sample grid: the next will cost about the same."""

    _chunk_cpu_s: list[float] = field(default_factory=list)
    _samples: int = 0

    def learn(self, grid: SampleGrid, chunk_cpu_s: list[float]) -> None:
        """Take the measured cost of every chunk of a sample grid."""
        self._chunk_cpu_s = chunk_cpu_s
        self._samples = grid.samples

    def blocks(self, grid: SampleGrid, workers: int, block_s: float) -> list[tuple[int, int]]:
        """Cut a sample grid into half-open runs of chunks that take about `block_s` CPU seconds."""
        if not self._chunk_cpu_s:
            size = max(1, grid.chunks // (workers * _FIRST_BLOCKS))
            return [
                (first, min(first + size, grid.chunks)) for first in range(0, grid.chunks, size)
            ]
        known = len(self._chunk_cpu_s)
        scale = grid.samples / self._samples * known / grid.chunks
        blocks = []
        first, cost = 0, 0.0
        for chunk in range(grid.chunks):
            chunk_cost = scale * self._chunk_cpu_s[chunk * known // grid.chunks]
            if chunk > first and cost + chunk_cost > block_s:
                blocks.append((first, chunk))
                first, cost = chunk, 0.0
            cost += chunk_cost
        blocks.append((first, grid.chunks))
        return blocks
