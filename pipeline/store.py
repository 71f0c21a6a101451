"""The store: counts on disk, one checksummed file a canvas, named by what they depend on."""

import io
import json
import os
import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from pipeline.band import Band
from pipeline.canvas import Canvas
from pipeline.counts_packing import StoredCounts, counts_from_packed
from pipeline.durable import write_durably
from pipeline.kernels.outcome import Outcome
from pipeline.traces_packing import StoredTraces, traces_from_packed

_MAGIC = b"mandelbrot counts 3\n"
# Bands may hold samples of others that have so many times as many each way.
_FACTORS = (Fraction(4), Fraction(2), Fraction(1, 2), Fraction(1, 4))
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
            return canvas.samples

    def relatives(self, canvas: Canvas) -> list["Relative"]:
        """Return stored canvases that hold some of a canvas's samples.

        Itself with a smaller maxiter, and bands of twice or four times as many samples each way, or
        half or a quarter as many.

        Traces are made from their counts alone.

        Only those with the same counts bit for bit: deep kernels work on neighbours together, and
        round differently where there are others.
        """
        if canvas.tracing is not None:
            return [Relative(self.path(canvas.counted), canvas.counted, Fraction(1))]
        relatives = [Relative(self.path(canvas), canvas, Fraction(1))]
        if isinstance(canvas.grid, Band) and not canvas.kernel.deep:
            for factor in _FACTORS:
                grid = canvas.grid.multiplied(factor)
                if grid is not None:
                    other = replace(canvas, grid=grid)
                    relatives.append(Relative(self.path(other), other, factor))
        return [relative for relative in relatives if relative.path.exists()]

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


@dataclass(frozen=True, slots=True)
class Known:
    """Samples of some rows of a canvas that need not be computed."""

    place: tuple[NDArray[np.intp], ...]
    """Where they lie among these rows, as numpy indexes."""
    counts: StoredCounts
    decided: NDArray[np.bool_]
    """Which of them are; others would go on with a larger maxiter."""


@dataclass(frozen=True, slots=True)
class CarriedChunks:
    """Packed chunks of a stored canvas, on their way to another machine."""

    maxiter: int
    """That they were stored with."""
    chunks: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Relative:
    """Stored counts that another canvas's samples are among, or among its samples."""

    path: Path
    canvas: Canvas
    """With the other's maxiter."""
    factor: Fraction
    """How many samples it has each way for one of the other's."""
    carried: "CarriedChunks | None" = None
    """What it needs of its file, where it is sent to another machine."""

    @property
    def carried_bytes(self) -> int:
        """What it takes along."""
        return 0 if self.carried is None else sum(map(len, self.carried.chunks.values()))

    def carrying(self, first_row: int, last_row: int) -> "Relative":
        """Return it with all that it holds of some rows of the other, without its file."""
        rows = self._rows(first_row, last_row)
        chunks: dict[int, bytes] = {}
        maxiter = 0
        # Where it is damaged it knows nothing, as here.
        with suppress(DamagedError, FileNotFoundError), self._opened() as stored:
            maxiter = stored.maxiter
            wanted = np.unique(rows * self.factor.numerator // self.canvas.chunk_rows)
            chunks = {int(chunk): stored.packed(int(chunk)) for chunk in wanted}
        carried = CarriedChunks(maxiter, chunks)
        return replace(self, path=Path(), canvas=self.canvas.elsewhere(), carried=carried)

    def _rows(self, first_row: int, last_row: int) -> NDArray[np.intp]:
        """Return which of the other's rows, by `factor.denominator`, are among these."""
        step = self.factor.denominator
        return np.arange(-(-first_row // step), -(-last_row // step))

    def _opened(self) -> "StoredCanvas":
        if self.carried is not None:
            return StoredCanvas.of_chunks(self.canvas, self.carried)
        return StoredCanvas.open(self.path, self.canvas)

    def known(self, first_row: int, last_row: int, columns: int) -> Known | None:
        """Return what it holds of some rows of the other; None for nothing, or where damaged."""
        step, times = self.factor.denominator, self.factor.numerator
        rows = self._rows(first_row, last_row)
        if rows.size == 0:
            return None
        own_columns = np.s_[:, ::times]
        try:
            with self._opened() as stored:
                there = stored.counts_of(rows * times)
                reached = stored.maxiter >= self.canvas.maxiter
        except (DamagedError, FileNotFoundError):
            return None
        counts = StoredCounts(
            there.n[own_columns], there.smooth[own_columns], there.outcome[own_columns]
        )
        place = np.ix_(rows * step - first_row, np.arange(0, columns, step))
        return Known(place, counts, reached | (counts.outcome != Outcome.UNRESOLVED))


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
    _recent_traces: dict[int, StoredTraces] = field(default_factory=dict)

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

    @staticmethod
    def of_chunks(canvas: Canvas, carried: CarriedChunks) -> "StoredCanvas":
        """Return a canvas of which only some chunks are there; all others count as damaged."""
        data = io.BytesIO()
        spans = [(0, -1, 0)] * canvas.chunks
        for chunk, packed in carried.chunks.items():
            spans[chunk] = data.tell(), len(packed), zlib.crc32(packed)
            data.write(packed)
        return StoredCanvas(Path(), canvas, carried.maxiter, 0, data, spans)

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
        packed = self.packed(chunk)
        first, last = self.canvas.chunk_bounds(chunk)
        counts = counts_from_packed(packed, last - first, self.canvas.columns)
        maxiter = self.canvas.maxiter
        # With a smaller one something may be open, for whoever goes on from here.
        return counts.seen_with(maxiter) if self.maxiter > maxiter else counts

    def counts_of(self, rows: NDArray[np.intp]) -> StoredCounts:
        """Return the counts of some rows, ascending.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
        height = self.canvas.chunk_rows
        parts = []
        for chunk in np.unique(rows // height):
            counts = self.chunk(int(chunk))
            own = rows[rows // height == chunk] - chunk * height
            parts.append((counts.n[own], counts.smooth[own], counts.outcome[own]))
        return StoredCounts(*map(np.concatenate, zip(*parts, strict=True)))

    def check(self) -> None:
        """Read all that was written.

        Raises
        ------
        DamagedError
            Some of it has changed.
        """
        for chunk in range(len(self._spans)):
            self.packed(chunk)

    def packed(self, chunk: int) -> bytes:
        """Return a chunk as it is stored.

        Raises
        ------
        DamagedError
            Its bytes are not those that were written.
        """
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

    def trace_rows(self, first: int, last: int) -> StoredTraces:
        """Return the traces of rows `first` up to `last`, of a canvas that holds traces."""
        height = self.canvas.chunk_rows
        chunks = range(first // height, -(-last // height))
        self._recent_traces = {
            chunk: self._recent_traces[chunk]
            if chunk in self._recent_traces
            else self._traces(chunk)
            for chunk in chunks
        }
        return StoredTraces.joined(
            [
                self._recent_traces[chunk].rows(
                    slice(max(0, first - chunk * height), last - chunk * height)
                )
                for chunk in chunks
            ]
        )

    def _traces(self, chunk: int) -> StoredTraces:
        first, last = self.canvas.chunk_bounds(chunk)
        return traces_from_packed(self.packed(chunk), last - first, self.canvas.columns)
