"""The store: counts on disk, one checksummed file a canvas, named by what they depend on."""

import json
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipeline.canvas import Canvas
from pipeline.counts_packing import StoredCounts, counts_from_packed
from pipeline.durable import write_durably

_MAGIC = b"mandelbrot counts 2\n"
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
        return self.missing(canvas) == 0

    def missing(self, canvas: Canvas) -> int:
        """Return how many samples of a canvas are still to be computed.

        All of them where it is not stored; where it is with a smaller maxiter, those that stayed
        unresolved.
        """
        try:
            with StoredCanvas.open(self.path(canvas), canvas) as stored:
                return 0 if stored.maxiter >= canvas.maxiter else stored.unresolved
        except (DamagedError, FileNotFoundError):
            return canvas.rows * canvas.columns

    def is_whole(self, canvas: Canvas) -> bool:
        """Tell whether every byte of a canvas's counts is what was written."""
        try:
            with StoredCanvas.open(self.path(canvas), canvas) as stored:
                stored.check()
        except (DamagedError, FileNotFoundError):
            return False
        return True

    def save(
        self, canvas: Canvas, chunks: Sequence[bytes], unresolved: int, iterations: int
    ) -> int:
        """Store a canvas's packed chunks durably; return the bytes written.

        What was stored of it with a smaller maxiter is replaced.
        """
        header = json.dumps(
            {
                "key": canvas.key(),
                "grid": canvas.grid.key(),
                "maxiter": canvas.maxiter,
                "unresolved": unresolved,
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
    """A stored canvas, its rows read on demand; a context that holds its file open.

    Where it was stored with a larger maxiter than is wanted, counts from there on are unresolved.
    """

    path: Path
    canvas: Canvas
    maxiter: int
    """That it was stored with."""
    unresolved: int
    """Samples that reached that."""
    _file: BinaryIO
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
        file = path.open("rb")
        try:
            return StoredCanvas._read(path, canvas, file)
        except BaseException:
            file.close()
            raise

    @staticmethod
    def _read(path: Path, canvas: Canvas, file: BinaryIO) -> "StoredCanvas":
        start = len(_MAGIC) + _PREFIX.size
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
        there = os.fstat(file.fileno()).st_size
        if there != offset:
            raise DamagedError(f"{path}: {there} bytes long, {offset} were written")
        return StoredCanvas(path, canvas, facts["maxiter"], facts["unresolved"], file, spans)

    def __enter__(self) -> "StoredCanvas":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def chunk(self, chunk: int) -> StoredCounts:
        """Return the counts of a chunk.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
        packed = self._packed(chunk)
        first, last = self.canvas.chunk_bounds(chunk)
        counts = counts_from_packed(packed, last - first, self.canvas.columns)
        maxiter = self.canvas.maxiter
        # With a smaller one something may be open, for whoever goes on from here.
        return counts.seen_with(maxiter) if self.maxiter > maxiter else counts

    def check(self) -> None:
        """Read all that was written.

        Raises
        ------
        DamagedError
            Some of it has changed.
        """
        for chunk in range(len(self._spans)):
            self._packed(chunk)

    def _packed(self, chunk: int) -> bytes:
        offset, size, crc = self._spans[chunk]
        self._file.seek(offset)
        packed = self._file.read(size)
        if len(packed) != size or zlib.crc32(packed) != crc:
            raise DamagedError(f"{self.path}: chunk {chunk} is damaged")
        return packed

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
