"""The status of a run: what its page shows, brought up to date while it goes on."""

import base64
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.workers.machine_stats import MachineStats

# Points of a curve; where there are more, every second one goes.
_MOST_POINTS = 240
_JPEG_QUALITY = 82
# Warnings that are shown, the latest.
_MOST_LINES = 20


@dataclass(slots=True)
class Status:
    """What the page of a run shows."""

    name: str
    title: str
    """Size, rate, depth: what is being made."""
    state: str = "starting"
    running: bool = True
    video: str | None = None
    """Where the video is, seen from the page, once it is made."""
    frames: int = 0
    """Of the video."""
    encoded: int = 0
    fraction: float = 0.0
    """Fraction of this run's work that is done, 0 to 1."""
    left_s: float | None = None
    log10_width: float | None = None
    """Of the latest frame."""
    log10_deepest: float = 0.0
    workers: int = 0
    samples: int = 0
    """Computed in this run."""
    stored_bytes: int = 0
    free_bytes: int | None = None
    memory_bytes: int = 0
    machines: list[MachineStats] = field(default_factory=list)
    """Those of a cluster that count."""
    temperature_c: float | None = None
    begun: datetime = field(default_factory=lambda: datetime.now().astimezone())
    updated: datetime = field(default_factory=lambda: datetime.now().astimezone())
    picture: str | None = None
    """The latest frame, as the address of its data."""
    picture_of: str = ""
    sheet: list[tuple[str, str]] = field(default_factory=list)
    """Pictures of the whole video, and what each is of."""
    figures: list[tuple[str, str]] = field(default_factory=list)
    """Of the finished run."""
    lines: list[str] = field(default_factory=list)
    """Warnings, and what had to be done again."""
    retried: list[str] = field(default_factory=list)
    """What of the report's has been added to the lines."""
    speed: list[tuple[float, float]] = field(default_factory=list)
    """Active seconds, and million samples computed in all."""
    costs: list[tuple[float, float]] = field(default_factory=list)
    """log10 of a sample grid's radius, and the CPU seconds it took."""

    @property
    def done_at(self) -> datetime | None:
        """When the run will be done, if that can be said."""
        return self.updated + timedelta(seconds=self.left_s) if self.left_s is not None else None

    def warn(self, line: str) -> None:
        """Add a line to the warnings."""
        stamp = datetime.now().astimezone().strftime("%a %H:%M")
        self.lines = [*self.lines, f"{stamp} {line}"][-_MOST_LINES:]

    def add_speed(self, active_s: float) -> None:
        """Note how much has been computed by now."""
        self.speed.append((active_s, self.samples / 1e6))
        if len(self.speed) > _MOST_POINTS:
            self.speed = self.speed[::2]

    def add_cost(self, log10_radius: float, cpu_s: float) -> None:
        """Note what a sample grid took."""
        self.costs.append((log10_radius, cpu_s))

    def costs_by_octave(self) -> list[tuple[float, float]]:
        """Return log10 of a radius and the CPU seconds of its octave, the widest first."""
        if not self.costs:
            return []
        octave = math.log10(2)
        widest = max(radius for radius, _ in self.costs)
        octaves = (widest - min(radius for radius, _ in self.costs)) / octave + 1
        together = max(1, math.ceil(octaves / _MOST_POINTS))
        step = octave * together
        sums: dict[int, float] = {}
        for radius, cpu_s in self.costs:
            at = round((widest - radius) / step)
            sums[at] = sums.get(at, 0.0) + cpu_s
        return [(widest - at * step, sums[at] / together) for at in sorted(sums)]


def width_text(log10: float) -> str:
    """Return a width of any depth to two digits: ``3.5``, ``1.2e-345``."""
    if -3 < log10 < 4:
        return f"{10**log10:.2g}"
    # The nudge keeps 1e-10 from being 10.0e-11.
    exponent = math.floor(log10 + 1e-9)
    return f"{10 ** (log10 - exponent):.1f}e{exponent}"


def jpeg_address(rgb: NDArray[np.uint8]) -> str:
    """Return a picture, 8-bit sRGB of shape (rows, columns, 3), as an address that holds it."""
    # Imported here: it takes a tenth of a second, and most commands show nothing.
    import imageio.v3 as imageio

    data: bytes = imageio.imwrite("<bytes>", rgb, extension=".jpg", quality=_JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
