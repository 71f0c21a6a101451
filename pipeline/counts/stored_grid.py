"""The file of a stored sample grid: a checksummed header, and chunks that are checked when read."""

import io
import json
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.codec_counts import StoredCounts, counts_from_packed
from pipeline.counts.codec_traces import traces_from_packed
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import DamagedError, NotStoredError
from pipeline.kernels.results import Outcome, Traces
from pipeline.system.state_file import parsed, whole_number

_MAGIC = b"mandelbrot counts 3\n"
# Length and CRC-32 of the header that follows.
_PREFIX = struct.Struct("<II")
_MAX_HEADER_BYTES = 1 << 24
_LARGEST_MAXITER = (1 << 31) - 1
_LARGEST_CRC = (1 << 32) - 1
_LARGEST_CHUNK_BYTES = 1 << 40


def header_of(grid: SampleGrid, chunks: Sequence[bytes], unresolved: int, iterations: int) -> bytes:
    """Return the header of a sample grid's file, which comes before its packed chunks."""
    header = json.dumps(
        {
            "key": grid.key(),
            "grid": grid.geometry.key(),
            "maxiter": grid.maxiter,
            "unresolved": unresolved,
            "arithmetic": grid.arithmetic.name,
            "iterations": iterations,
            "chunk_rows": grid.chunk_rows,
            "chunks": [[len(chunk), zlib.crc32(chunk)] for chunk in chunks],
        }
    ).encode()
    return _MAGIC + _PREFIX.pack(len(header), zlib.crc32(header)) + header


@dataclass(slots=True)
class StoredGrid:
    """A stored sample grid, its rows read on demand; a context that holds its file open.

    Where the stored maxiter is larger than the grid's, escapes beyond the grid's are unresolved.
    """

    path: Path
    grid: SampleGrid
    maxiter: int
    """maxiter of the stored counts."""
    unresolved: int
    """Upper bound of the samples that reached it."""
    _file: BinaryIO
    _spans: list[tuple[int, int, int]]
    """Offset, length and CRC-32 of each chunk."""
    _recent: dict[int, StoredCounts] = field(default_factory=dict)
    _recent_traces: dict[int, Traces] = field(default_factory=dict)

    @staticmethod
    def open(path: Path, grid: SampleGrid) -> "StoredGrid":
        """Open a sample grid's file; its header and length are checked.

        Raises
        ------
        NotStoredError
            It is not stored.
        DamagedError
            It is not what was written, or of another version.
        """
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise NotStoredError(f"{path}: is not there") from None
        try:
            return StoredGrid._read(path, grid, file)
        except BaseException:
            file.close()
            raise

    @staticmethod
    def _read(path: Path, grid: SampleGrid, file: BinaryIO) -> "StoredGrid":
        start = len(_MAGIC) + _PREFIX.size
        prefix = _read(file, start, path)
        if len(prefix) < start or not prefix.startswith(_MAGIC):
            raise DamagedError(f"{path}: not a file of counts of this version")
        length, checksum = _PREFIX.unpack(prefix[len(_MAGIC) :])
        header = _read(file, length, path) if length <= _MAX_HEADER_BYTES else b""
        if len(header) != length or zlib.crc32(header) != checksum:
            raise DamagedError(f"{path}: its header is damaged")
        maxiter, unresolved, chunks = parsed(path, header, lambda facts: _facts(facts, grid))
        spans = []
        offset = start + length
        for size, crc in chunks:
            spans.append((offset, size, crc))
            offset += size
        there = os.fstat(file.fileno()).st_size
        if there != offset:
            raise DamagedError(f"{path}: {there} bytes long, {offset} were written")
        return StoredGrid(path, grid, maxiter, unresolved, file, spans)

    @staticmethod
    def of_chunks(grid: SampleGrid, maxiter: int, chunks: dict[int, bytes]) -> "StoredGrid":
        """Return a sample grid with only some chunks; reading any other raises DamagedError."""
        data = io.BytesIO()
        spans = [(0, -1, 0)] * grid.chunks
        for chunk, packed in chunks.items():
            spans[chunk] = data.tell(), len(packed), zlib.crc32(packed)
            data.write(packed)
        return StoredGrid(Path(), grid, maxiter, grid.samples, data, spans)

    def __enter__(self) -> "StoredGrid":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its file."""
        self._file.close()

    def chunk(self, chunk: int) -> StoredCounts:
        """Return the counts of a chunk.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written, or no counts that could be.
        """
        packed = self.packed(chunk)
        first, last = self.grid.chunk_bounds(chunk)
        try:
            counts = counts_from_packed(packed, last - first, self.grid.columns, self.maxiter)
        except ValueError as error:
            raise DamagedError(f"{self.path}: chunk {chunk}: {error}") from None
        maxiter = self.grid.maxiter
        if (
            self.maxiter < maxiter
            and self.unresolved == 0
            and (counts.outcome == Outcome.UNRESOLVED).any()
        ):
            # They would never be computed.
            raise DamagedError(
                f"{self.path}: chunk {chunk} has unresolved samples, its header says none"
            )
        # Counted with a smaller maxiter, samples may be unresolved: they are computed on.
        return counts.seen_with(maxiter) if self.maxiter > maxiter else counts

    def counts_of(self, rows: NDArray[np.intp]) -> StoredCounts:
        """Return the counts of some rows, ascending.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
        height = self.grid.chunk_rows
        runs = []
        for chunk in np.unique(rows // height):
            counts = self.chunk(int(chunk))
            own = rows[rows // height == chunk] - chunk * height
            runs.append((counts.n[own], counts.smooth[own], counts.outcome[own]))
        return StoredCounts(*map(np.concatenate, zip(*runs, strict=True)))

    def check(self) -> None:
        """Read all that was written.

        Raises
        ------
        DamagedError
            Some of it has changed, or could not be.
        """
        for chunk in range(len(self._spans)):
            if self.grid.tracing is None:
                self.chunk(chunk)
            else:
                self._traces(chunk)

    def packed(self, chunk: int) -> bytes:
        """Return a chunk as it is stored.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
        offset, size, crc = self._spans[chunk]
        self._file.seek(offset)
        packed = _read(self._file, max(size, 0), self.path)
        if len(packed) != size or zlib.crc32(packed) != crc:
            raise DamagedError(f"{self.path}: chunk {chunk} is damaged")
        return packed

    def smooth_rows(self, first: int, last: int) -> NDArray[np.float64]:
        """Return the smooth counts of rows `first` up to `last`, shape (last - first, columns)."""
        height = self.grid.chunk_rows
        chunks = range(first // height, -(-last // height))
        # Neighbouring calls share a chunk.
        self._recent = {
            chunk: self._recent[chunk] if chunk in self._recent else self.chunk(chunk)
            for chunk in chunks
        }
        runs = [
            self._recent[chunk].smooth[max(0, first - chunk * height) : last - chunk * height]
            for chunk in chunks
        ]
        return runs[0] if len(runs) == 1 else np.concatenate(runs)

    def trace_rows(self, first: int, last: int) -> Traces:
        """Return the traces of rows `first` up to `last`, of a sample grid that holds traces."""
        height = self.grid.chunk_rows
        chunks = range(first // height, -(-last // height))
        self._recent_traces = {
            chunk: self._recent_traces[chunk]
            if chunk in self._recent_traces
            else self._traces(chunk)
            for chunk in chunks
        }
        return Traces.joined(
            [
                self._recent_traces[chunk].rows(
                    slice(max(0, first - chunk * height), last - chunk * height)
                )
                for chunk in chunks
            ]
        )

    def _traces(self, chunk: int) -> Traces:
        packed = self.packed(chunk)
        first, last = self.grid.chunk_bounds(chunk)
        try:
            cycles = self.grid.tracing is not None and self.grid.tracing.interior
            return traces_from_packed(packed, last - first, self.grid.columns, cycles)
        except ValueError as error:
            raise DamagedError(f"{self.path}: chunk {chunk}: {error}") from None


def _facts(facts: dict[str, Any], grid: SampleGrid) -> tuple[int, int, list[tuple[int, int]]]:
    """Return maxiter, unresolved samples, and size and CRC-32 of each chunk, from a header."""
    if facts["key"] != grid.key() or facts["chunk_rows"] != grid.chunk_rows:
        raise ValueError("holds another sample grid")
    chunks = [
        (whole_number(size, 0, _LARGEST_CHUNK_BYTES), whole_number(crc, 0, _LARGEST_CRC))
        for size, crc in facts["chunks"]
    ]
    if len(chunks) != grid.chunks:
        raise ValueError("holds another sample grid")
    maxiter = whole_number(facts["maxiter"], 1, _LARGEST_MAXITER)
    return maxiter, whole_number(facts["unresolved"], 0, grid.samples), chunks


def _read(file: BinaryIO, size: int, path: Path) -> bytes:
    """Read up to `size` bytes; what the disk cannot read any more is damaged."""
    try:
        return file.read(size)
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
