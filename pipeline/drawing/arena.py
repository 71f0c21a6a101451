"""The arena: memory that all workers map, of which textures and frame pictures take regions."""

import contextlib
import errno
import mmap
import os
import tempfile
from bisect import insort
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import about
from pipeline.system.machine import PROC
from pipeline.system.temporary import run_folder


@dataclass(frozen=True, slots=True)
class ArenaMap:
    """Handle by which a worker finds the arena."""

    path: str
    inode: int
    """Distinguishes it from an earlier arena of the same process at the same path."""
    size: int
    """Bytes."""

    def mapped(self) -> NDArray[np.uint8]:
        """Return the arena's bytes, one-dimensional, to be read and written."""
        return _mapped(self)

    def region(self, offset: int, size: int) -> NDArray[np.uint8]:
        """Return `size` bytes from `offset` on."""
        return self.mapped()[offset : offset + size]


@lru_cache(maxsize=1)
def _mapped(arena: ArenaMap) -> NDArray[np.uint8]:
    shared: NDArray[np.uint8] = np.asarray(
        np.memmap(arena.path, np.uint8, "r+", shape=(arena.size,))
    )
    return shared


class Arena:
    """Memory of the parent that workers map by name; it is gone when the parent is.

    Only pages that have been written take room, so its size may be generous. Regions begin at a
    page.
    """

    def __init__(self, size: int) -> None:
        self._file: Any = None
        try:
            self._descriptor, path = _memory()
        except OSError:
            folder = run_folder()
            self._file = tempfile.NamedTemporaryFile(prefix="pictures-", dir=folder)  # noqa: SIM115  # until closed
            self._descriptor, path = self._file.fileno(), self._file.name
        size = max(mmap.PAGESIZE, whole_pages(size))
        with about(f"shared memory of {size / 1e6:.0f} MB for pictures"):
            os.ftruncate(self._descriptor, size)
            self._memory = mmap.mmap(self._descriptor, size)
        self.map = ArenaMap(path, os.fstat(self._descriptor).st_ino, size)
        self._free: list[tuple[int, int]] = [(0, size)]

    def close(self) -> None:
        """Release the memory; workers keep their mappings until they end."""
        self._memory.close()
        _mapped.cache_clear()
        if self._file is not None:
            self._file.close()
        else:
            os.close(self._descriptor)

    def take(self, size: int) -> int:
        """Return the offset of a free region of so many bytes, the first that is large enough.

        Raises
        ------
        MemoryError
            There is none.
        """
        size = whole_pages(size)
        for index, (offset, free) in enumerate(self._free):
            if free >= size:
                if free == size:
                    del self._free[index]
                else:
                    self._free[index] = (offset + size, free - size)
                return offset
        raise MemoryError(f"no {size} bytes in a row are left in the arena")

    def give_back(self, offset: int, size: int) -> None:
        """Free a region, and the memory of its pages."""
        size = whole_pages(size)
        if hasattr(mmap, "MADV_REMOVE"):
            with contextlib.suppress(OSError):
                self._memory.madvise(mmap.MADV_REMOVE, offset, size)
        insort(self._free, (offset, size))
        joined: list[tuple[int, int]] = []
        for start, length in self._free:
            if joined and joined[-1][0] + joined[-1][1] == start:
                joined[-1] = (joined[-1][0], joined[-1][1] + length)
            else:
                joined.append((start, length))
        self._free = joined


def _memory() -> tuple[int, str]:
    """Return memory as an open file, and the name by which other processes find it.

    Raises
    ------
    OSError
        This system has no such memory, or no such names.
    """
    if not hasattr(os, "memfd_create"):
        raise OSError(errno.ENOSYS, "no memory files")
    descriptor = os.memfd_create("pictures")
    path = PROC / f"{os.getpid()}/fd/{descriptor}"
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, str(path)


def whole_pages(size: int) -> int:
    """Return the bytes that a region of this size takes."""
    return -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
