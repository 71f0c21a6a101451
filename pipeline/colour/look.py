"""The look: all that decides a picture's colours once the counts are known."""

from dataclasses import dataclass
from typing import Literal

Rgb = tuple[int, int, int]
"""Red, green and blue, sRGB, 0 to 255."""

Scale = Literal["linear", "sqrt", "log"]

DEFAULT_PERIOD: dict[Scale, float] = {"linear": 60.0, "sqrt": 8.0, "log": 1.6}
"""A turn of the palette in the scale's own unit: counts, square roots of counts, doublings."""


@dataclass(frozen=True, slots=True)
class Look:
    """How counts look."""

    palette: str | tuple[Rgb, ...]
    """A palette's name, or its colours."""
    period: float
    """One turn of the palette: in counts, square roots of counts, or doublings of the count."""
    offset: float
    """Turns by which the palette is shifted."""
    cycle: float
    """Turns a second by which it moves."""
    scale: Scale
    interior: Rgb
    """What never escapes, proved or not."""
