"""The store: counts on disk, one checksummed file a canvas, named by what they depend on."""

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.canvas import Canvas
from pipeline.counts_packing import StoredCounts, counts_from_packed
from pipeline.durable import write_durably

_MAGIC = b"mandelbrot counts 1\n"
# Length and CRC-32 of the header that follows.
_PREFIX = struct.Struct("<II")
_MAX_HEADER_BYTES = 1 << 24


class DamagedError(Exception):
    """A stored file is not what was written; its canvas must be computed again."""


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of counts."""

    folder: Path

    def path(self, canvas: Canvas) -> Path:
        """Return where a canvas's counts lie, stored or not."""
        return self.folder / f"{canvas.key()}.counts"

    def holds(self, canvas: Canvas) -> bool:
        """Tell whether a canvas's counts are stored whole; each chunk is checked when read."""
        try:
            return StoredCanvas.open(self.path(canvas), canvas) is not None
        except (DamagedError, FileNotFoundError):
            return False

    def save(self, canvas: Canvas, chunks: Sequence[bytes], iterations: int) -> int:
        """Store a canvas's packed chunks durably; return the bytes written."""
        header = json.dumps(
            {
                "key": canvas.key(),
                "view": canvas.view.key(),
                "maxiter": canvas.maxiter,
                "arithmetic": canvas.kernel.arithmetic,
                "iterations": iterations,
                "chunk_rows": canvas.chunk_rows,
                "chunks": [[len(chunk), zlib.crc32(chunk)] for chunk in chunks],
            }
        ).encode()
        prefix = _MAGIC + _PREFIX.pack(len(header), zlib.crc32(header))
        write_durably(self.path(canvas), [prefix, header, *chunks])
        return len(prefix) + len(header) + sum(map(len, chunks))

    def discard(self, canvas: Canvas) -> None:
        """Remove a canvas's file, damaged or not."""
        self.path(canvas).unlink(missing_ok=True)


@dataclass(slots=True)
class StoredCanvas:
    """A stored canvas, its rows read on demand."""

    path: Path
    canvas: Canvas
    _spans: list[tuple[int, int, int]]
    """Offset, length and CRC-32 of each chunk."""
    _recent: dict[int, StoredCounts] = field(default_factory=dict)

    @staticmethod
    def open(path: Path, canvas: Canvas) -> "StoredCanvas":
        """Open a canvas's file; its header and length are checked.

        Raises
        ------
        FileNotFoundError
            It is not stored.
        DamagedError
            It is not what was written, or of another version.
        """
        start = len(_MAGIC) + _PREFIX.size
        with path.open("rb") as file:
            prefix = file.read(start)
            if len(prefix) < start or not prefix.startswith(_MAGIC):
                raise DamagedError(f"{path}: not a file of counts of this version")
            length, checksum = _PREFIX.unpack(prefix[len(_MAGIC) :])
            header = file.read(length) if length <= _MAX_HEADER_BYTES else b""
        if len(header) != length or zlib.crc32(header) != checksum:
            raise DamagedError(f"{path}: its header is damaged")
        facts = json.loads(header)
        if facts["key"] != canvas.key() or len(facts["chunks"]) != canvas.chunks:
            raise DamagedError(f"{path}: holds another canvas")
        spans = []
        offset = start + length
        for size, crc in facts["chunks"]:
            spans.append((offset, size, crc))
            offset += size
        if path.stat().st_size != offset:
            raise DamagedError(f"{path}: {path.stat().st_size} bytes long, {offset} were written")
        return StoredCanvas(path, canvas, spans)

    def chunk(self, chunk: int) -> StoredCounts:
        """Return the counts of a chunk.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
        offset, size, crc = self._spans[chunk]
        with self.path.open("rb") as file:
            file.seek(offset)
            packed = file.read(size)
        if len(packed) != size or zlib.crc32(packed) != crc:
            raise DamagedError(f"{self.path}: chunk {chunk} is damaged")
        first, last = self.canvas.chunk_bounds(chunk)
        return counts_from_packed(packed, last - first, self.canvas.columns)

    def smooth_rows(self, first: int, last: int) -> NDArray[np.float64]:
        """Return the smooth counts of rows `first` up to `last`, shape (last - first, columns)."""
        height = self.canvas.chunk_rows
        chunks = range(first // height, -(-last // height))
        # Neighbouring calls share a chunk.
        self._recent = {
            chunk: self._recent[chunk] if chunk in self._recent else self.chunk(chunk)
            for chunk in chunks
        }
        parts = [
            self._recent[chunk].smooth[max(0, first - chunk * height) : last - chunk * height]
            for chunk in chunks
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
