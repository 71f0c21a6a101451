"""The look: all that decides a picture's colours once the counts are known."""

import bisect
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from pipeline.colour.oklab import (
    linear_from_oklab,
    linear_from_srgb,
    oklab_from_linear,
    srgb_from_linear,
)
from pipeline.colour.tones import ZoomTones
from pipeline.kernels.tracing import Tracing, TrapShape

Rgb = tuple[int, int, int]
"""Red, green and blue, sRGB, 0 to 255."""

Scale = Literal["adaptive", "linear", "sqrt", "log", "histogram"]
By = Literal["count", "distance", "stripes", "trap", "decomposition"]
InteriorBy = Literal["colour", "multiplier", "period"]
Blend = Literal["normal", "multiply", "screen", "overlay", "soft-light", "add"]

DEFAULT_PERIOD: dict[Scale, float] = {
    "adaptive": 1.0, "linear": 60.0, "sqrt": 8.0, "log": 1.6, "histogram": 4.0,
}  # fmt: skip  # a table
"""Length of a turn of the palette in the unit of each scale: spreads of a picture's counts, counts,
square roots of counts, doublings of the count, octaves of the zoom."""
FOUND_SCALES: tuple[Scale, ...] = "adaptive", "histogram"
"""Scales whose tones are found from the counts of the whole zoom."""
# Bands are coloured this many times per turn of the palette, or between two colour keyframes with
# different looks; pictures in between are blended from the nearest two, which then look alike.
_NODES_PER_TURN = 24
_NODES_PER_CHANGE = 8
DEFAULT_DISTANCE = 8.0
"""Distance from the set, in pixels, that shows the middle of the palette."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A palette between two others, mixed in Oklab."""

    start: str | tuple[Rgb, ...]
    end: str | tuple[Rgb, ...]
    part: float
    """Weight of the end: 0 is the start alone, 1 the end alone."""


@dataclass(frozen=True, slots=True)
class Light:
    """A light from the side, on a relief that rises towards the set."""

    azimuth: float
    """Direction from which it comes, in degrees counterclockwise from the right."""
    elevation: float
    """Height above the picture plane, in degrees."""
    strength: float
    """Depth of the shadows: 0 for none, 1 for the darkest."""
    highlight: float = 0.0
    """Brightness of the highlight: 0 for a matt relief, 1 for white."""
    shininess: float = 20.0
    """Narrowness of the highlight: the exponent of Blinn and Phong."""


@dataclass(frozen=True, slots=True)
class Fog:
    """Fog in which the relief stands: thicker the farther a point is from the set."""

    colour: Rgb
    strength: float
    """Part of the light that is the fog's own, far from the set."""
    distance: float
    """Distance from the set, in pixels, at which it is at 63 % of its strength."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of colour by one property of the points."""

    by: By
    palette: str | tuple[Rgb, ...] | Mixed
    """A palette's name, or its colours."""
    period: float
    """Length of a turn of the palette in the unit of the scale; for `distance`, the distance in
    pixels that shows its middle."""
    offset: float
    """Shift of the palette, in turns."""
    scale: Scale
    blend: Blend = "normal"
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A colour keyframe: all that changes with time, interpolated between two of them."""

    seconds: float
    palette: str | tuple[Rgb, ...]
    offset: float
    interior: Rgb
    light: Light | None


@dataclass(frozen=True, slots=True)
class Look:
    """Colouring of points, with all of its settings.

    The names of segments depend on these fields, by name and value, and on those of their classes:
    renaming one makes every stored segment useless.
    """

    palette: str | tuple[Rgb, ...] | Mixed
    period: float
    offset: float
    cycle: float
    """Speed of the palette, in turns per second."""
    scale: Scale
    interior: Rgb
    """Colour of points that never escape, proved interior or not."""
    by: By = "count"
    seam: Rgb | Literal["auto", "none"] = "none"
    """Tone that fine detail falls to where the palette turns faster than samples can show: that
    which goes with the palette, or the palette's mean."""
    light: Light | None = None
    fog: Fog | None = None
    bloom: float = 0.0
    """Part of the light that spreads over its surroundings, 0 to 1."""
    grain: float = 0.0
    """Standard deviation of brightness from pixel to pixel, as a fraction of it."""
    layers: tuple[Layer, ...] = ()
    """Layers over the base, from the lowest up."""
    stripes: int = 5
    trap: TrapShape = "cross"
    trap_at: tuple[float, float] = (0.0, 0.0)
    interior_by: InteriorBy = "colour"
    interior_palette: str | tuple[Rgb, ...] = "gray"
    moments: tuple[Moment, ...] = ()
    """Colour keyframes by rising time; empty where nothing changes."""
    tones: ZoomTones | None = None
    """Tones found from the zoom's counts, for FOUND_SCALES."""

    @property
    def moves(self) -> bool:
        """Whether it changes with time."""
        return bool(self.cycle or self.moments)

    def at(self, seconds: float) -> "Look":
        """Return the look at a time in seconds, as one that does not move."""
        if not self.moves:
            return self
        turned = self.cycle * seconds
        look = replace(self, cycle=0.0, moments=(), offset=self.offset + turned)
        if not self.moments:
            return look
        after = bisect.bisect_right(self.moments, seconds, key=lambda moment: moment.seconds)
        start = self.moments[max(0, after - 1)]
        end = self.moments[min(after, len(self.moments) - 1)]
        weight = 0.0
        if end.seconds > start.seconds:
            weight = (seconds - start.seconds) / (end.seconds - start.seconds)
        mixed = weight > 0 and start.palette != end.palette
        return replace(
            look,
            palette=Mixed(start.palette, end.palette, weight) if mixed else start.palette,
            offset=start.offset + weight * (end.offset - start.offset) + turned,
            interior=_mixed_rgb(start.interior, end.interior, weight),
            light=_mixed_light(start.light, end.light, weight),
        )

    def nodes(self, seconds: float) -> list[float]:
        """Return the times, 0 to `seconds`, at which to colour; between two, pictures blend."""
        if not self.moves:
            return [0.0]
        knots = {0.0, seconds, *(moment.seconds for moment in self.moments)}
        times = sorted(time for time in knots if time <= seconds)
        nodes = [0.0]
        for start, end in pairwise(times):
            first, last = self.at(start), self.at(end)
            alike = replace(first, offset=0.0) == replace(last, offset=0.0)
            steps = math.ceil(abs(last.offset - first.offset) * _NODES_PER_TURN)
            steps = max(steps, 1 if alike else _NODES_PER_CHANGE)
            nodes += [start + (end - start) * step / steps for step in range(1, steps + 1)]
        return nodes

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """The base layer, which the look itself describes, and those over it."""
        base = Layer(self.by, self.palette, self.period, self.offset, self.scale)
        return (base, *self.layers)

    @property
    def needs_tones(self) -> bool:
        """Whether the tones of the whole video must be found before it can be drawn."""
        return any(layer.by == "count" and layer.scale in FOUND_SCALES for layer in self.all_layers)

    @property
    def needs_compiler(self) -> bool:
        """Whether it cannot be drawn with numpy alone."""
        return self.tracing is not None or bool(self.layers)

    @property
    def tracing(self) -> Tracing | None:
        """Traces that it needs; None where counts are enough."""
        wanted = {layer.by for layer in self.all_layers}
        lit = self.light is not None or any(moment.light is not None for moment in self.moments)
        lit |= self.fog is not None
        if wanted == {"count"} and not lit and self.interior_by == "colour":
            return None
        trap = self.trap if "trap" in wanted else None
        return Tracing(
            self.stripes if "stripes" in wanted else 0,
            trap,
            self.trap_at if trap else (0.0, 0.0),
            self.interior_by != "colour",
        )


def _mixed_rgb(start: Rgb, end: Rgb, weight: float) -> Rgb:
    """Return a colour between two others, mixed in Oklab; `weight` is that of the end."""
    if start == end or weight == 0:
        return start
    pair = oklab_from_linear(linear_from_srgb(np.array([start, end]) / 255.0))
    srgb = srgb_from_linear(linear_from_oklab(pair[0] + weight * (pair[1] - pair[0])))
    red, green, blue = (round(255 * float(value)) for value in srgb)
    return red, green, blue


def _mixed_light(start: Light | None, end: Light | None, weight: float) -> Light | None:
    if start == end or weight == 0:
        return start
    # None is a light of strength 0, in the position of the other.
    start = start or replace(end or Light(0, 45, 0), strength=0.0, highlight=0.0)
    end = end or replace(start, strength=0.0, highlight=0.0)
    return Light(
        *(
            a + weight * (b - a)
            for a, b in (
                (start.azimuth, end.azimuth),
                (start.elevation, end.elevation),
                (start.strength, end.strength),
                (start.highlight, end.highlight),
                (start.shininess, end.shininess),
            )
        )
    )
