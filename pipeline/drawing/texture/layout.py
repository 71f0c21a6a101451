"""Layout of a texture in memory: its levels of detail, each with a border, one after another."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.drawing.arena import ArenaMap

BORDER = 1
"""Width in texels of the border around each level, which repeats the texels beyond its edge, so
that look-ups need no test."""

SHARPER_LEVELS = -0.5
"""Added to the level that fits a pixel's size, since interpolation between texels blurs too.
Measured against 8 × 8 samples per pixel."""

Texels = NDArray[np.uint32]
TEXEL_BYTES = 4


def texels_in(arena: ArenaMap) -> Texels:
    """Return the arena as texels, one-dimensional, to be read and written."""
    return arena.mapped().view(np.uint32)


@dataclass(frozen=True)
class Layout:
    """Sizes and offsets of the levels of a sample grid; level 0 has a texel for each sample."""

    columns: int
    rows: int
    coarsest: int
    """Least number of columns of the coarsest level."""

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each level, half of those of the level before, rounded up."""
        shapes = [(self.rows, self.columns)]
        while shapes[-1][1] >= 2 * self.coarsest and shapes[-1][0] >= 2:
            rows, columns = shapes[-1]
            shapes.append(((rows + 1) // 2, (columns + 1) // 2))
        return tuple(shapes)

    @property
    def levels(self) -> int:
        """Number of levels."""
        return len(self.shapes)

    def size(self, first: int, last: int) -> int:
        """Return the number of texels of levels `first` up to, not including, `last`."""
        return sum(_bordered(shape) for shape in self.shapes[first:last])

    def bordered(self, level: int, first: int, memory: Texels) -> Texels:
        """Return a level with its border as a view of memory that begins with level `first`."""
        rows, columns = self.shapes[level]
        offset = self.size(first, level)
        shape = (rows + 2 * BORDER, columns + 2 * BORDER)
        return memory[offset : offset + shape[0] * shape[1]].reshape(shape)


def _bordered(shape: tuple[int, int]) -> int:
    return (shape[0] + 2 * BORDER) * (shape[1] + 2 * BORDER)
