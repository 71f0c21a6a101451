"""The store: counts on disk, one checksummed file a canvas, named by what they depend on."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.band import Band
from pipeline.canvas import Canvas
from pipeline.counts_packing import StoredCounts
from pipeline.durable import write_durably
from pipeline.errors import DamagedError, NotStoredError
from pipeline.kernels.outcome import Outcome
from pipeline.stored_canvas import StoredCanvas, header_of

# Bands may hold samples of others that have so many times as many each way.
_FACTORS = (Fraction(4), Fraction(2), Fraction(1, 2), Fraction(1, 4))


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
        except DamagedError:
            return canvas.samples

    def damage(self, canvas: Canvas) -> str | None:
        """Return why a canvas's file cannot be read; None where it can, or there is none."""
        try:
            StoredCanvas.open(self.path(canvas), canvas).close()
        except NotStoredError:
            return None
        except DamagedError as error:
            return str(error)
        return None

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
        """Tell whether all of a canvas's counts are what was written, and could be counts."""
        try:
            with StoredCanvas.open(self.path(canvas), canvas) as stored:
                stored.check()
        except DamagedError:
            return False
        return True

    def save(
        self, canvas: Canvas, chunks: Sequence[bytes], unresolved: int, iterations: int
    ) -> int:
        """Store a canvas's packed chunks durably; return the bytes written.

        What was stored of it with a smaller maxiter is replaced.
        """
        header = header_of(canvas, chunks, unresolved, iterations)
        write_durably(self.path(canvas), [header, *chunks])
        return len(header) + sum(map(len, chunks))

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
        with suppress(DamagedError), self._opened() as stored:
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
            return StoredCanvas.of_chunks(self.canvas, self.carried.maxiter, self.carried.chunks)
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
        except DamagedError:
            return None
        counts = StoredCounts(
            there.n[own_columns], there.smooth[own_columns], there.outcome[own_columns]
        )
        place = np.ix_(rows * step - first_row, np.arange(0, columns, step))
        return Known(place, counts, reached | (counts.outcome != Outcome.UNRESOLVED))
