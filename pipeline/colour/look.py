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
# Looks in between are mixed of the nearest painted ones: so near that no mixture is seen.
_NODES_A_TURN = 24
_NODES_OF_A_CHANGE = 8
DEFAULT_DISTANCE = 8.0
"""The distance, in pixels, that shows the palette's middle."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A palette on the way from one to another, mixed in Oklab."""

    start: str | tuple[Rgb, ...]
    end: str | tuple[Rgb, ...]
    part: float
    """0 for the start, 1 for the end."""


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
    palette: str | tuple[Rgb, ...] | Mixed
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
class Moment:
    """A colour keyframe: what changes in time, and is even between keyframes."""

    seconds: float
    palette: str | tuple[Rgb, ...]
    offset: float
    interior: Rgb
    light: Light | None


@dataclass(frozen=True, slots=True)
class Look:
    """How points look."""

    palette: str | tuple[Rgb, ...] | Mixed
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
    moments: tuple[Moment, ...] = ()
    """Colour keyframes, by rising time; none where all stays as it is."""
    tones: Tones | None = None
    """Found from the video's counts, for the scale `histogram`."""

    @property
    def moves(self) -> bool:
        """Whether it changes in time."""
        return bool(self.cycle or self.moments)

    def at(self, seconds: float) -> "Look":
        """Return the look at a time, which stays as it is."""
        if not self.moves:
            return self
        turned = self.cycle * seconds
        look = replace(self, cycle=0.0, moments=(), offset=self.offset + turned)
        if not self.moments:
            return look
        after = bisect.bisect_right(self.moments, seconds, key=lambda moment: moment.seconds)
        start = self.moments[max(0, after - 1)]
        end = self.moments[min(after, len(self.moments) - 1)]
        part = 0.0
        if end.seconds > start.seconds:
            part = (seconds - start.seconds) / (end.seconds - start.seconds)
        mixed = part > 0 and start.palette != end.palette
        return replace(
            look,
            palette=Mixed(start.palette, end.palette, part) if mixed else start.palette,
            offset=start.offset + part * (end.offset - start.offset) + turned,
            interior=mixed_rgb(start.interior, end.interior, part),
            light=_mixed_light(start.light, end.light, part),
        )

    def nodes(self, seconds: float) -> list[float]:
        """Return times from 0 to `seconds` between which a look may be mixed of its neighbours'."""
        if not self.moves:
            return [0.0]
        knots = {0.0, seconds, *(moment.seconds for moment in self.moments)}
        times = sorted(time for time in knots if time <= seconds)
        nodes = [0.0]
        for start, end in pairwise(times):
            first, last = self.at(start), self.at(end)
            alike = replace(first, offset=0.0) == replace(last, offset=0.0)
            parts = math.ceil(abs(last.offset - first.offset) * _NODES_A_TURN)
            parts = max(parts, 1 if alike else _NODES_OF_A_CHANGE)
            nodes += [start + (end - start) * part / parts for part in range(1, parts + 1)]
        return nodes

    @property
    def all_layers(self) -> tuple[Layer, ...]:
        """The lowest, which the look itself names, and those over it."""
        base = Layer(self.by, self.palette, self.period, self.offset, self.scale)
        return (base, *self.layers)

    @property
    def needs_tones(self) -> bool:
        """Whether the tones of the whole video must be found before it can be drawn."""
        return any(layer.scale == "histogram" for layer in self.all_layers)

    @property
    def needs_compiler(self) -> bool:
        """Whether numpy alone cannot draw it."""
        return self.tracing is not None or bool(self.layers)

    @property
    def tracing(self) -> Tracing | None:
        """The traces that it needs; None where counts are enough."""
        wanted = {layer.by for layer in self.all_layers}
        lit = self.light is not None or any(moment.light is not None for moment in self.moments)
        if wanted == {"count"} and not lit and self.interior_by == "colour":
            return None
        trap = self.trap if "trap" in wanted else None
        return Tracing(
            self.stripes if "stripes" in wanted else 0,
            trap,
            self.trap_at if trap else (0.0, 0.0),
            self.interior_by != "colour",
        )


def mixed_rgb(start: Rgb, end: Rgb, part: float) -> Rgb:
    """Return a colour between two others, even to the eye."""
    if start == end or part == 0:
        return start
    pair = oklab_from_linear(linear_from_srgb(np.array([start, end]) / 255.0))
    srgb = srgb_from_linear(linear_from_oklab(pair[0] + part * (pair[1] - pair[0])))
    red, green, blue = (round(255 * float(value)) for value in srgb)
    return red, green, blue


def _mixed_light(start: Light | None, end: Light | None, part: float) -> Light | None:
    if start == end or part == 0:
        return start
    # None is a light without strength, wherever it stands.
    start = start or replace(end or Light(0, 45, 0), strength=0.0)
    end = end or replace(start, strength=0.0)
    return Light(
        *(
            a + part * (b - a)
            for a, b in (
                (start.azimuth, end.azimuth),
                (start.elevation, end.elevation),
                (start.strength, end.strength),
            )
        )
    )
