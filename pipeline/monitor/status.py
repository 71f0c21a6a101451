"""The status of a run, which its page shows."""

import base64
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.workers.machine_stats import MachineStats

# Points of a curve; where there are more, every second one is dropped.
_MOST_POINTS = 240
_JPEG_QUALITY = 82
# Number of the latest warnings that are shown.
_MOST_LINES = 20


@dataclass(slots=True)
class Status:
    """Everything that the page of a run shows."""

    name: str
    title: str
    """Size, frame rate and widths of the video."""
    state: str = "starting"
    running: bool = True
    video: str | None = None
    """Address of the finished video, relative to the page."""
    frames: int = 0
    """Number of frames of the video."""
    encoded: int = 0
    """Number of frames that are encoded."""
    fraction: float = 0.0
    """Fraction of this run's work that is done, 0 to 1."""
    left_s: float | None = None
    log10_width: float | None = None
    """log10 of the latest frame's width."""
    log10_deepest: float = 0.0
    """log10 of the smallest width."""
    workers: int = 0
    samples: int = 0
    """Samples computed by this run."""
    stored_bytes: int = 0
    free_bytes: int | None = None
    memory_bytes: int = 0
    machines: list[MachineStats] = field(default_factory=list)
    """Statistics of each machine of a cluster."""
    temperature_c: float | None = None
    begun: datetime = field(default_factory=lambda: datetime.now().astimezone())
    updated: datetime = field(default_factory=lambda: datetime.now().astimezone())
    picture: str | None = None
    """The latest frame, as a data URL."""
    picture_of: str = ""
    sheet: list[tuple[str, str]] = field(default_factory=list)
    """Contact sheet: frames of the whole video as data URLs, each with its caption."""
    figures: list[tuple[str, str]] = field(default_factory=list)
    """Figures of the finished run: names and texts."""
    lines: list[str] = field(default_factory=list)
    """Warnings, and what had to be retried."""
    retried: list[str] = field(default_factory=list)
    """Lines of the report that have been added to `lines`."""
    speed: list[tuple[float, float]] = field(default_factory=list)
    """Active seconds, and million samples computed by then."""
    costs: list[tuple[float, float]] = field(default_factory=list)
    """log10 of a sample grid's radius, and its CPU seconds."""

    @property
    def done_at(self) -> datetime | None:
        """Time at which the run will be done, if it can be estimated."""
        return self.updated + timedelta(seconds=self.left_s) if self.left_s is not None else None

    def warn(self, line: str) -> None:
        """Add a line to the warnings."""
        stamp = datetime.now().astimezone().strftime("%a %H:%M")
        self.lines = [*self.lines, f"{stamp} {line}"][-_MOST_LINES:]

    def add_speed(self, active_s: float) -> None:
        """Add a point to the curve of computed samples."""
        self.speed.append((active_s, self.samples / 1e6))
        if len(self.speed) > _MOST_POINTS:
            self.speed = self.speed[::2]

    def add_cost(self, log10_radius: float, cpu_s: float) -> None:
        """Add the cost of a sample grid."""
        self.costs.append((log10_radius, cpu_s))

    def costs_by_octave(self) -> list[tuple[float, float]]:
        """Return log10 of a radius and the CPU seconds an octave there, the widest first."""
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
    """Return a width to two digits from its log10: ``3.5``, ``1.2e-345``."""
    if -3 < log10 < 4:
        return f"{10**log10:.2g}"
    # The small addition keeps 1e-10 from becoming 10.0e-11.
    exponent = math.floor(log10 + 1e-9)
    return f"{10 ** (log10 - exponent):.1f}e{exponent}"


def jpeg_address(rgb: NDArray[np.uint8]) -> str:
    """Return a picture, 8-bit sRGB of shape (rows, columns, 3), as the data URL of a JPEG."""
    # Imported here: it takes 0.1 s, and most commands need no pictures.
    import imageio.v3 as imageio

    data: bytes = imageio.imwrite("<bytes>", rgb, extension=".jpg", quality=_JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
