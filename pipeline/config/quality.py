"""Quality: how many samples a picture is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quality:
    """Density of the samples of bands, and of frames' own grids."""

    name: str
    density: float
    """Samples of a band per pixel, along each axis, at the frame's corner."""
    supersample: int
    """Samples per pixel, along each axis, where a frame has its own grid; about as good."""


QUALITIES = {
    quality.name: quality
    for quality in (Quality("draft", 0.5, 1), Quality("good", 1.0, 2), Quality("best", 2.0, 4))
}
