"""Frame buffers: drawn frames in the arena, from the worker that draws to the encoder."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.drawing.arena import Arena


@dataclass(slots=True)
class FrameBuffers:
    """The frames that are being drawn, or wait for the encoder, by index."""

    arena: Arena
    frame_bytes: int
    """Size of a frame as the encoder takes it."""
    _offsets: dict[int, int] = field(default_factory=dict)

    def offset(self, index: int) -> int:
        """Return where a frame lies in the arena; the first call takes room for it."""
        if index not in self._offsets:
            self._offsets[index] = self.arena.take(self.frame_bytes)
        return self._offsets[index]

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Return a frame's bytes, without a copy."""
        return self.arena.map.region(self._offsets[index], self.frame_bytes)

    def free(self, index: int) -> None:
        """Free a frame's room."""
        self.arena.give_back(self._offsets.pop(index), self.frame_bytes)
