"""Reference orbits and their tables on disk, shared by all workers as mapped memory."""

import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.target import Target
from pipeline.errors import about
from pipeline.kernels.backend import ReferenceTables
from pipeline.kernels.reference import Approximation, Reference
from pipeline.system.atomic_files import temporary_path
from pipeline.system.checksums import crc32_of

Floats = NDArray[np.float64]

# Tables that a process keeps mapped: those of neighbouring octaves.
_MAPPED_TABLES = 3
# Tables that stay on disk: those that neighbouring frames need, not the whole zoom.
_KEPT_TABLES = 4
# CRC-32 of a table, behind it.
_CHECKSUM = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class References:
    """Two folders: the orbits, which stay, and the tables of one run, which are quickly rebuilt."""

    orbits: Path
    tables: Path

    def orbit(self, target: Target) -> Orbit:
        """Return the files of a target's orbit."""
        return Orbit(self.orbits / target.key(), target)

    def loaded(
        self, target: Target, maxiter: int, offset_exponent: int, error_exponent: int
    ) -> ReferenceTables:
        """Return a target's orbit and the table for views of this size, mapped.

        Raises
        ------
        OrbitError
            The orbit does not suffice for maxiter.
        """
        # Keyed by the steps on disk, not by maxiter, which may differ from frame to frame.
        steps = self.orbit(target).steps_for(maxiter)
        return _loaded(self, target, steps, offset_exponent, error_exponent)


@lru_cache(maxsize=_MAPPED_TABLES)
def _loaded(
    references: References, target: Target, steps: int, offset_exponent: int, error_exponent: int
) -> ReferenceTables:
    from pipeline.kernels.cpu.perturbation.approximation import level_offsets, lowest_level

    reference = references.orbit(target).reference(steps)
    offsets = level_offsets(steps)
    count = int(offsets[-1])
    path = references.tables / f"{target.key()}-{steps}-{offset_exponent}-{error_exponent}.table"
    references.tables.mkdir(parents=True, exist_ok=True)
    with _alone(references.tables / "lock"):
        if not _is_whole(path, count):
            _write(path, reference, offset_exponent, error_exponent, count)
            _prune(references.tables)
        nodes, radius = _mapped(path, "r", count)
    lowest = lowest_level(steps)
    approximation = Approximation(nodes, radius, offsets, lowest, offset_exponent)
    return ReferenceTables(reference, approximation)


def _write(
    path: Path, reference: Reference, offset_exponent: int, error_exponent: int, count: int
) -> None:
    """Build a table in its file, followed by a checksum, which makes a flush needless."""
    from pipeline.kernels.cpu.perturbation.approximation import NODE_BYTES, fill

    temporary = temporary_path(path)
    with about(path), temporary.open("wb") as file:
        file.truncate(count * NODE_BYTES)
    fill(reference, offset_exponent, 2.0**error_exponent, *_mapped(temporary, "r+", count))
    checksum = crc32_of(temporary)
    with temporary.open("ab") as file:
        file.write(_CHECKSUM.pack(checksum))
    temporary.replace(path)


def _is_whole(path: Path, count: int) -> bool:
    """Tell whether a table on disk is as it was written: on a cluster's machines tables stay."""
    from pipeline.kernels.cpu.perturbation.approximation import NODE_BYTES

    size = count * NODE_BYTES
    try:
        with path.open("rb") as file:
            file.seek(size)
            said = file.read()
        return said == _CHECKSUM.pack(crc32_of(path, size))
    except (OSError, struct.error):
        return False


def _prune(tables: Path) -> None:
    """Remove all but the latest tables; processes that have one mapped keep it."""
    by_age = sorted(tables.glob("*.table"), key=lambda path: path.stat().st_mtime_ns)
    for path in by_age[:-_KEPT_TABLES]:
        path.unlink()


def _mapped(path: Path, mode: Literal["r", "r+"], count: int) -> tuple[Floats, Floats]:
    """Return nodes and radii, which lie in the file one after the other."""
    from pipeline.kernels.cpu.perturbation.approximation import NODE_SIZE

    if count == 0:
        return np.empty((0, NODE_SIZE)), np.empty((0, 2))
    shape = (count * (NODE_SIZE + 2),)
    with about(path):
        table: Floats = np.asarray(np.memmap(path, np.float64, mode, shape=shape))
    nodes = table[: count * NODE_SIZE].reshape(count, NODE_SIZE)
    return nodes, table[count * NODE_SIZE :].reshape(count, 2)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock that excludes other workers; it is freed when its holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        # Without locks two workers may write the same table, each to a temporary file of its own.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
