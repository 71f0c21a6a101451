"""Row blocks: a canvas cut into pieces of about equal cost, the unit of work of the pool."""

from dataclasses import dataclass, field

from pipeline.canvas import Canvas

# Blocks a worker gets of a canvas whose cost nobody knows yet.
_FIRST_BLOCKS = 4


@dataclass(slots=True)
class RowCosts:
    """What each part of the latest canvas cost: its neighbour in the video will cost the same."""

    _chunk_cpu_s: list[float] = field(default_factory=list)
    _samples: int = 0

    def learn(self, canvas: Canvas, chunk_cpu_s: list[float]) -> None:
        """Take the measured cost of every chunk of a canvas."""
        self._chunk_cpu_s = chunk_cpu_s
        self._samples = canvas.samples

    def blocks(self, canvas: Canvas, workers: int, block_s: float) -> list[tuple[int, int]]:
        """Cut a canvas into runs of chunks, first and last excluded, of about so many seconds."""
        if not self._chunk_cpu_s:
            size = max(1, canvas.chunks // (workers * _FIRST_BLOCKS))
            return [
                (first, min(first + size, canvas.chunks)) for first in range(0, canvas.chunks, size)
            ]
        known = len(self._chunk_cpu_s)
        scale = canvas.samples / self._samples * known / canvas.chunks
        blocks = []
        first, cost = 0, 0.0
        for chunk in range(canvas.chunks):
            chunk_cost = scale * self._chunk_cpu_s[chunk * known // canvas.chunks]
            if chunk > first and cost + chunk_cost > block_s:
                blocks.append((first, chunk))
                first, cost = chunk, 0.0
            cost += chunk_cost
        blocks.append((first, canvas.chunks))
        return blocks
