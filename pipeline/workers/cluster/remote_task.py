"""What a worker of a cluster does: it counts row blocks with reference orbits of its machine.

These functions are sent by name: a worker runs its own copy of them.
"""

import importlib
import os
import platform
import shutil
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from pipeline import __version__
from pipeline.counts.compute import BlockResult
from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target
from pipeline.errors import OrbitError
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.system.machine import keep_freed_memory
from pipeline.system.sources import sources_digest
from pipeline.workers.compiling import compile_missing
from pipeline.workers.processes import WORKER_KEPT_BYTES
from pipeline.workers.row_block import RowBlock

# Size of the orbits, with their tables, that stay on a machine: the latest.
_KEPT_BYTES = 2 << 30
_FOLDER = "mandelbrot-zoom-orbits"
_INCOMING = "incoming."


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a worker, asked before it gets work."""

    version: str
    """Version of this package."""
    sources: str
    """Digest of this package's sources."""
    numba: bool
    machine: str
    """Host name."""
    architecture: str
    folder: str
    """Folder of orbits; workers of one machine with the same folder share them."""

    @property
    def computes_as(self) -> str:
        """The version and the digest of its sources: equal ones compute the same counts."""
        return f"{self.version} ({self.sources})"


def facts() -> Facts:
    """Return the facts about this worker."""
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
    """Load the kernels, and set up memory as in workers of the local pool."""
    compile_missing(tracing=True)
    keep_freed_memory(WORKER_KEPT_BYTES)
    # By name, as the fork server of the local pool does: its work is in the import.
    importlib.import_module("pipeline.workers.preload")


@lru_cache(maxsize=1)
def _folder() -> Path:
    """Return the folder of this machine's orbits: beside the workers' own folders."""
    from distributed import get_worker

    try:
        beside = Path(get_worker().local_directory).parent
    except ValueError:
        beside = Path(tempfile.gettempdir())
    return beside / _FOLDER


def _references(target: Target, steps: int) -> References:
    folder = _folder() / f"{target.key()}-{steps}"
    return References(folder / "orbits", folder / "tables")


def count_block(block: RowBlock, steps: int) -> BlockResult | None:
    """Count a row block; None where this machine lacks the reference orbit.

    `steps` are those of the orbit, 0 where none is needed.
    """
    _prepare()
    if block.grid.target is not None:
        block = block.with_references(_references(block.grid.target, steps))
    try:
        return _counted_on_card(block) or block.count()
    except OrbitError:
        return None


class _Card:
    """The graphics processor of this machine, which one thread at a time may use."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.losses = 0
        self.name = self._found()

    def _found(self) -> str | None:
        """Return its name, None where there is none that is quicker than a core."""
        if find_spec("wgpu") is None:
            return None
        from pipeline.workers.card.ability import abilities

        found = abilities()
        return found.best.name if found.best is not None and found.pays() else None


@lru_cache(maxsize=1)
def _card() -> _Card:
    return _Card()


def _counted_on_card(block: RowBlock) -> BlockResult | None:
    """Count a row block on the graphics processor; None where there is none, or it is busy."""
    from pipeline.workers.card.count import MOST_LOSSES, count_on_card

    card = _card()
    if card.name is None or card.losses >= MOST_LOSSES or not card.lock.acquire(blocking=False):
        return None
    try:
        counted = count_on_card(card.name, [block])
    finally:
        card.lock.release()
    card.losses += bool(counted.lost)
    result: BlockResult | None = None if counted.lost else counted.results[0]
    return result


def has_orbit(target: Target, steps: int) -> bool:
    """Tell whether this machine has all of an orbit."""
    return _references(target, steps).orbit(target).state().steps == steps > 0


def receive_orbit(
    target: Target, steps: int, transfer: str, offset: int, piece: bytes, state: bytes | None
) -> None:
    """Write a piece of an orbit's values; the last comes with the state, and completes it.

    `transfer` distinguishes simultaneous transfers of the same orbit.
    """
    folder = _folder()
    incoming = folder / f"{_INCOMING}{transfer}"
    orbit = Orbit(incoming / "orbits" / target.key(), target)
    orbit.folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(orbit.values_file, os.O_RDWR | os.O_CREAT, 0o666)
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(offset)
        file.write(piece)
    if state is None:
        return
    orbit.state_file.write_bytes(state)
    complete = folder / f"{target.key()}-{steps}"
    shutil.rmtree(complete, ignore_errors=True)
    try:
        incoming.rename(complete)
    except OSError:
        # Another run has completed it meanwhile.
        shutil.rmtree(incoming, ignore_errors=True)
    prune(folder, complete, _KEPT_BYTES)


def prune(folder: Path, latest: Path, kept_bytes: int) -> None:
    """Remove the oldest orbits beyond `kept_bytes`; a process that has one mapped keeps it.

    The latest stays, whatever its size.
    """
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    kept = 0
    for path in [latest, *(path for path in by_age if path != latest)]:
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        kept += size
        if kept > kept_bytes and path != latest:
            shutil.rmtree(path, ignore_errors=True)
