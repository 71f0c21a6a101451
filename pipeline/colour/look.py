"""The look: all that decides a picture's colours once the counts are known."""

from dataclasses import dataclass
from typing import Literal

from pipeline.colour.tones import Tones
from pipeline.kernels.tracing import Tracing, TrapShape

Rgb = tuple[int, int, int]
"""Red, green and blue, sRGB, 0 to 255."""

Scale = Literal["linear", "sqrt", "log", "histogram"]
By = Literal["count", "distance", "stripes", "trap", "decomposition"]
InteriorBy = Literal["colour", "multiplier", "period"]
Blend = Literal["normal", "multiply", "screen", "overlay", "soft-light", "add"]

DEFAULT_PERIOD: dict[Scale, float] = {"linear": 60.0, "sqrt": 8.0, "log": 1.6, "histogram": 4.0}
"""A turn of the palette in the scale's own unit: counts, square roots of counts, doublings, octaves
of the zoom."""
DEFAULT_DISTANCE = 8.0
"""The distance, in pixels, that shows the palette's middle."""


@dataclass(frozen=True, slots=True)
class Light:
    """A light from the side, on a relief that rises towards the set."""

    azimuth: float
    """Where it comes from: degrees, counterclockwise from the right."""
    elevation: float
    """How high it stands: degrees."""
    strength: float
    """0 for none, 1 for shadows as dark as they get."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Colours by one property of the points."""

    by: By
    palette: str | tuple[Rgb, ...]
    """A palette's name, or its colours."""
    period: float
    """One turn of the palette: in counts, square roots of counts, doublings of the count or octaves
    of the zoom; for `distance`, the pixels that show its middle."""
    offset: float
    """Turns by which the palette is shifted."""
    scale: Scale
    blend: Blend = "normal"
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """How points look."""

    palette: str | tuple[Rgb, ...]
    period: float
    offset: float
    cycle: float
    """Turns a second by which the palette moves."""
    scale: Scale
    interior: Rgb
    """What never escapes, proved or not."""
    by: By = "count"
    light: Light | None = None
    layers: tuple[Layer, ...] = ()
    """What lies over it, from below."""
    stripes: int = 5
    trap: TrapShape = "cross"
    trap_at: tuple[float, float] = (0.0, 0.0)
    interior_by: InteriorBy = "colour"
    interior_palette: str | tuple[Rgb, ...] = "gray"
    tones: Tones | None = None
    """Found from the video's counts, for the scale `histogram`."""

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """The lowest, which the look itself names, and those over it."""
        base = Layer(self.by, self.palette, self.period, self.offset, self.scale)
        return (base, *self.layers)

    @property
    def tracing(self) -> Tracing | None:
        """The traces that it needs; None where counts are enough."""
        wanted = {layer.by for layer in self.all_layers}
        if wanted == {"count"} and self.light is None and self.interior_by == "colour":
            return None
        trap = self.trap if "trap" in wanted else None
        return Tracing(
            self.stripes if "stripes" in wanted else 0,
            trap,
            self.trap_at if trap else (0.0, 0.0),
            self.interior_by != "colour",
        )
