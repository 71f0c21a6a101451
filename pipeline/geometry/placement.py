"""Position of a picture relative to a zoom's target: all that drawing from bands needs to know."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placement:
    """Position of a zoom's target in a picture, and the size of the picture's pixels."""

    x: float
    """Columns from the left edge."""
    y: float
    """Rows from the top edge."""
    log2_spacing: float
    """log2 of the distance of pixels."""
    turn: float
    """Radians by which the picture is turned, counterclockwise."""

    def far_px(self, columns: int, rows: int) -> float:
        """Return the distance in pixels from the target to the farthest corner."""
        return math.hypot(max(self.x, columns - self.x), max(self.y, rows - self.y))

    def near_px(self, columns: int, rows: int) -> float:
        """Return the distance in pixels from the target to the picture, 0 where it is in it."""
        return math.hypot(max(-self.x, 0.0, self.x - columns), max(-self.y, 0.0, self.y - rows))

    def reduced(self, factor: int) -> "Placement":
        """Return that in the same picture with pixels `factor` times as large."""
        log2_spacing = self.log2_spacing + math.log2(factor)
        return Placement(self.x / factor, self.y / factor, log2_spacing, self.turn)
