"""What a worker of a cluster does: row blocks, against reference orbits kept on its machine.

Nothing but these functions is sent to it, by name: a worker runs its own copy of them.
"""

import importlib
import os
import platform
import shutil
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline import __version__
from pipeline.counts.compute import BlockResult, count_chunks
from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target
from pipeline.counts.reusable_counts import ReusableCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import OrbitError
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.system.machine import keep_freed_memory
from pipeline.system.sources import sources_digest
from pipeline.workers.compiling import compile_missing
from pipeline.workers.processes import WORKER_KEPT_BYTES

# Orbits, and their tables, that stay on a machine: the latest, as far as they fit.
_KEPT_BYTES = 2 << 30
_FOLDER = "mandelbrot-zoom-orbits"
_INCOMING = "incoming."


@dataclass(frozen=True, slots=True)
class Facts:
    """What a worker says of itself before it gets work."""

    version: str
    """Of this package."""
    sources: str
    """The digest of this package's sources."""
    numba: bool
    machine: str
    """The name of its machine."""
    architecture: str
    folder: str
    """Where its machine keeps orbits; workers with the same share them."""

    @property
    def computes_as(self) -> str:
        """The version, told from others of the same name."""
        return f"{self.version} ({self.sources})"


def facts() -> Facts:
    """Say what this worker is."""
    return Facts(
        version=__version__,
        sources=sources_digest(),
        numba=HAVE_NUMBA,
        machine=platform.node(),
        architecture=platform.machine(),
        folder=str(_folder()),
    )


@lru_cache(maxsize=1)
def _prepare() -> None:
    """Load the kernels, and have memory as workers of the local pool have it."""
    compile_missing(tracing=True)
    keep_freed_memory(WORKER_KEPT_BYTES)
    # By name, as the fork server of the local pool loads it: it stands above this module.
    importlib.import_module("pipeline.workers.preload")


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Return where this machine keeps orbits: beside the workers' own folders."""
    from distributed import get_worker

    try:
        beside = Path(get_worker().local_directory).parent
    except ValueError:
        beside = Path(tempfile.gettempdir())
    return beside / _FOLDER


def _references(target: Target, steps: int) -> References:
    folder = _folder() / f"{target.key()}-{steps}"
    return References(folder / "orbits", folder / "tables")


def count_block(
    grid: SampleGrid,
    steps: int,
    first_chunk: int,
    last_chunk: int,
    reusable: tuple[ReusableCounts, ...],
) -> BlockResult | None:
    """Count chunks as `count_chunks` does; None where this machine has no such orbit.

    `steps` are those of the orbit, 0 where none is needed.
    """
    _prepare()
    if grid.target is not None:
        grid = grid.with_references(_references(grid.target, steps))
    try:
        return count_chunks(grid, first_chunk, last_chunk, reusable)
    except OrbitError:
        return None


def has_orbit(target: Target, steps: int) -> bool:
    """Tell whether this machine has an orbit whole."""
    return _references(target, steps).orbit(target).state().steps == steps > 0


def receive_orbit(
    target: Target, steps: int, transfer: str, offset: int, part: bytes, state: bytes | None
) -> None:
    """Take a part of an orbit's values; with the last comes its state, and it is there.

    `transfer` tells this sending from others of the same orbit.
    """
    folder = _folder()
    incoming = folder / f"{_INCOMING}{transfer}"
    orbit = Orbit(incoming / "orbits" / target.key(), target)
    orbit.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(orbit.values_file, os.O_RDWR | os.O_CREAT, 0o666)
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(offset)
        file.write(part)
    if state is None:
        return
    orbit.state_file.write_bytes(state)
    place = folder / f"{target.key()}-{steps}"
    shutil.rmtree(place, ignore_errors=True)
    try:
        incoming.rename(place)
    except OSError:
        # Another run has put it there meanwhile.
        shutil.rmtree(incoming, ignore_errors=True)
    prune(folder, place, _KEPT_BYTES)


def prune(folder: Path, latest: Path, kept_bytes: int) -> None:
    """Remove the oldest orbits beyond what may stay; whoever has one mapped keeps it.

    The latest stays, whatever its size.
    """
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    kept = 0
    for path in [latest, *(path for path in by_age if path != latest)]:
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        kept += size
        if kept > kept_bytes and path != latest:
            shutil.rmtree(path, ignore_errors=True)
