"""The report of a run, in figures."""

import json
import platform
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline import __version__
from pipeline.monitor.events import (
    Began,
    BlockCounted,
    Done,
    EncoderDone,
    Ended,
    Event,
    GridStored,
    Measured,
    OrbitsComputed,
    Retried,
    Ticked,
    Warned,
)
from pipeline.system.atomic_files import write_durably
from pipeline.system.terminal import say
from pipeline.workers.machine_stats import MachineStats

STAGES = ("reference", "compute", "colour", "reproject", "encode")
_PACKAGES = ("numpy", "numba", "gmpy2", "imageio", "imageio-ffmpeg", "zstandard", "pydantic")


@dataclass(slots=True)
class Stage:
    """Wall and CPU seconds of a stage; wall time passes while any of its work is going on."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    _at_work: int = 0
    _since: float = 0.0

    def begin(self) -> None:
        """Note that a piece of work begins."""
        if self._at_work == 0:
            self._since = time.monotonic()
        self._at_work += 1

    def end(self, cpu_s: float) -> None:
        """Note that a piece of work ended, and the CPU seconds it took."""
        self._at_work -= 1
        self.cpu_s += cpu_s
        if self._at_work == 0:
            self.wall_s += time.monotonic() - self._since


@dataclass(slots=True)
class Report:
    """Figures of one run, filled while it goes on."""

    command: str
    config: dict[str, Any]
    frames: int = 0
    workers: int = 0
    kernels: dict[str, int] = field(default_factory=dict)
    """Samples of the video, by arithmetic."""
    frames_from_bands: int = 0
    """Frames drawn from bands; the others have their own grids."""
    bands: int = 0
    """Number of bands of all zooms."""
    maxiter: list[tuple[float, int]] = field(default_factory=list)
    """Position in keyframes and maxiter there, with `maxiter: auto`."""
    references: list[dict[str, Any]] = field(default_factory=list)
    """Bits and steps of each reference orbit, and how it ended."""
    stages: dict[str, Stage] = field(default_factory=lambda: {name: Stage() for name in STAGES})
    pixels_computed: int = 0
    """Samples counted by this run."""
    pixels_traced: int = 0
    """Samples traced by this run."""
    pixels_reused: int = 0
    """Samples of the video whose counts, or encoded frames, were stored before."""
    iterations_computed: int = 0
    bytes_stored: int = 0
    peak_memory_bytes: int = 0
    machines: list[MachineStats] = field(default_factory=list)
    """Statistics of each machine of a cluster."""
    warnings: list[str] = field(default_factory=list)
    """Warnings about stretches of the video that show too little."""
    retried: list[str] = field(default_factory=list)
    """Messages about everything that was retried, and why."""
    wall_s: float = 0.0
    outcome: str = "running"

    def hear(self, event: Event) -> None:  # noqa: C901  # a case for each event
        """Update the figures with an event."""
        match event:
            case Began():
                self.stages[event.stage].begin()
            case Done():
                self.stages[event.stage].end(event.cpu_s)
            case BlockCounted():
                self.iterations_computed += event.iterations
            case GridStored():
                self.bytes_stored += event.stored_bytes
                self.pixels_computed += event.computed
                self.pixels_traced += event.traced
            case Measured():
                self.peak_memory_bytes = max(self.peak_memory_bytes, event.memory_bytes)
            case Ticked():
                self.machines = event.machines
            case OrbitsComputed():
                self.references = event.described
            case Retried():
                self.retried.append(event.text)
            case Warned():
                self.warnings.append(event.text)
            case EncoderDone():
                self.stages["encode"].wall_s += event.busy_s
            case Ended():
                self.machines = event.machines
                self.stages["encode"].cpu_s += event.encode_cpu_s

    def say_again(self, line: str) -> None:
        """Say what has to be retried, and note it, where there are no listeners yet."""
        say(line)
        self.retried.append(line)

    def write(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all."""
        write_durably(path, [json.dumps(self.plain(), indent=2).encode() + b"\n"])

    def plain(self) -> dict[str, Any]:
        """Return the report as values that JSON has."""
        return {
            "command": self.command,
            "outcome": self.outcome,
            "config": self.config,
            "versions": _versions(),
            "frames": self.frames,
            "workers": self.workers,
            "frames_from_bands": self.frames_from_bands,
            "bands": self.bands,
            "kernels": self.kernels,
            "maxiter": self.maxiter or "as in the config",
            "references": self.references,
            "wall_s": round(self.wall_s, 3),
            "stages": {
                name: {"wall_s": round(stage.wall_s, 3), "cpu_s": round(stage.cpu_s, 3)}
                for name, stage in self.stages.items()
            },
            "pixels_computed": self.pixels_computed,
            "pixels_traced": self.pixels_traced,
            "pixels_reused": self.pixels_reused,
            "iterations_computed": self.iterations_computed,
            "bytes_stored": self.bytes_stored,
            "peak_memory_bytes": self.peak_memory_bytes,
            "machines": [machine.plain() for machine in self.machines],
            "warnings": self.warnings,
            "retried": self.retried,
        }


def _versions() -> dict[str, str]:
    versions = {
        "pipeline": __version__,
        "python": sys.version.split()[0],
        "machine": f"{platform.system()} {platform.machine()}",
    }
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
