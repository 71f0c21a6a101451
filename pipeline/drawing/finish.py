"""Finish of a frame: bloom and grain, added to its light after colouring."""

from dataclasses import dataclass

from pipeline.colour.look import Look
from pipeline.drawing.bloom import Bloom, Floats
from pipeline.drawing.grain import add_grain


@dataclass(frozen=True, slots=True)
class Finish:
    """Bloom and grain of a frame."""

    bloom: float
    """Part of the light that spreads over its surroundings, 0 to 1."""
    grain: float
    """Standard deviation of brightness, as a fraction of it."""
    frame: int
    """Index of the frame, which decides its grain."""

    @classmethod
    def of(cls, look: Look, frame: int) -> "Finish":
        """Return what a look asks for of a frame."""
        return cls(look.bloom, look.grain, frame)

    def apply(
        self,
        light: Floats,
        first_row: int,
        first_column: int,
        smaller_side: int,
        bloom: Bloom | None,
    ) -> None:
        """Finish the light of a tile, shape (rows, 3, columns), in place.

        `smaller_side` is that of the frame, in pixels; `bloom` its bloom, needed unless that is 0.
        """
        if bloom is not None:
            bloom.add(light, first_row, first_column)
        if self.grain:
            add_grain(light, self.grain, self.frame, first_row, first_column, smaller_side)
