"""A canvas: anything that has pixels to compute. Here, a frame's own grid of samples."""

import hashlib
import json
from dataclasses import dataclass

from pipeline.kernels.choice import Kernel
from pipeline.kernels.counts import Counts
from pipeline.view import View

# Samples of a chunk: the least that is computed, packed and stored at once.
CHUNK_SAMPLES = 1 << 15


@dataclass(frozen=True, slots=True)
class Canvas:
    """A grid of samples to count; equal canvases have equal counts, whoever asks for them."""

    view: View
    """One pixel of it is one sample."""
    maxiter: int
    kernel: Kernel

    @property
    def columns(self) -> int:
        """Samples across."""
        return self.view.columns

    @property
    def rows(self) -> int:
        """Samples down."""
        return self.view.rows

    @property
    def chunk_rows(self) -> int:
        """Rows of a chunk."""
        return max(1, min(self.rows, CHUNK_SAMPLES // self.columns))

    @property
    def chunks(self) -> int:
        """Number of chunks; the last may have fewer rows."""
        return -(-self.rows // self.chunk_rows)

    def chunk_bounds(self, chunk: int) -> tuple[int, int]:
        """Return the first row of a chunk and the row after its last."""
        first = chunk * self.chunk_rows
        return first, min(first + self.chunk_rows, self.rows)

    def key(self) -> str:
        """Return the hexadecimal digest of all that the counts depend on, and nothing else."""
        facts = {
            **self.view.key(),
            "maxiter": self.maxiter,
            "arithmetic": self.kernel.arithmetic,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    def counts(self, first_row: int, last_row: int, smooth: bool = True) -> Counts:
        """Compute rows `first_row` up to, not including, `last_row`; arrays one-dimensional."""
        real, imaginary = self.view.points(first_row, last_row)
        return self.kernel.load()(real, imaginary, self.maxiter, smooth)
