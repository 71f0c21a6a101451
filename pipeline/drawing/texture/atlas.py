"""The atlas: memory for textures that all workers map, and the places in it."""

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

from pipeline.drawing.texture.layout import Texels
from pipeline.errors import about
from pipeline.system.machine import PROC
from pipeline.system.temporary import run_folder

_TEXEL_BYTES = 4
_PAGE_TEXELS = mmap.PAGESIZE // _TEXEL_BYTES


@dataclass(frozen=True, slots=True)
class AtlasMap:
    """What a worker needs to find the atlas."""

    path: str
    inode: int
    """Tells it from an earlier atlas of the same process, which had the same path."""
    texels: int

    def frame(self, offset: int, size: int) -> NDArray[np.uint8]:
        """Return the bytes of a frame that begins at a texel."""
        first = offset * _TEXEL_BYTES
        return self.mapped().view(np.uint8)[first : first + size]

    def mapped(self) -> Texels:
        """Return the atlas's texels, one-dimensional, to be read and written."""
        return _mapped(self)


@lru_cache(maxsize=1)
def _mapped(atlas: AtlasMap) -> Texels:
    shared: Texels = np.asarray(np.memmap(atlas.path, np.uint32, "r+", shape=(atlas.texels,)))
    return shared


def texels_for(size: int) -> int:
    """Return how many texels take so many bytes."""
    return -(-size // _TEXEL_BYTES)


class Atlas:
    """Memory of the parent that workers map by its name; it is gone when the parent is.

    Only what has been written takes room, so that its size may be generous.
    """

    def __init__(self, texels: int) -> None:
        self._file: Any = None
        try:
            self._descriptor, path = _memory()
        except OSError:
            folder = run_folder()
            self._file = tempfile.NamedTemporaryFile(prefix="textures-", dir=folder)  # noqa: SIM115  # until closed
            self._descriptor, path = self._file.fileno(), self._file.name
        texels = _whole_pages(texels)
        with about(f"shared memory of {texels * _TEXEL_BYTES / 1e6:.0f} MB for pictures"):
            os.ftruncate(self._descriptor, texels * _TEXEL_BYTES)
            self._memory = mmap.mmap(self._descriptor, texels * _TEXEL_BYTES)
        self.map = AtlasMap(path, os.fstat(self._descriptor).st_ino, texels)
        self._free: list[tuple[int, int]] = [(0, texels)]

    def close(self) -> None:
        """Let go of the memory; what workers have mapped goes with them."""
        self._memory.close()
        _mapped.cache_clear()
        if self._file is not None:
            self._file.close()
        else:
            os.close(self._descriptor)

    def take(self, texels: int) -> int:
        """Return the offset of so many free texels, the first that there are.

        Raises
        ------
        MemoryError
            There are none.
        """
        texels = _whole_pages(texels)
        for index, (offset, size) in enumerate(self._free):
            if size >= texels:
                if size == texels:
                    del self._free[index]
                else:
                    self._free[index] = (offset + texels, size - texels)
                return offset
        raise MemoryError(f"no {texels} texels are left in the atlas")

    def give_back(self, offset: int, texels: int) -> None:
        """Make some texels free again, and their memory too."""
        texels = _whole_pages(texels)
        if hasattr(mmap, "MADV_REMOVE"):
            with contextlib.suppress(OSError):
                self._memory.madvise(mmap.MADV_REMOVE, offset * _TEXEL_BYTES, texels * _TEXEL_BYTES)
        insort(self._free, (offset, texels))
        joined: list[tuple[int, int]] = []
        for start, size in self._free:
            if joined and joined[-1][0] + joined[-1][1] == start:
                joined[-1] = (joined[-1][0], joined[-1][1] + size)
            else:
                joined.append((start, size))
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
    descriptor = os.memfd_create("textures")
    path = PROC / f"{os.getpid()}/fd/{descriptor}"
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, str(path)


def _whole_pages(texels: int) -> int:
    return -(-texels // _PAGE_TEXELS) * _PAGE_TEXELS
