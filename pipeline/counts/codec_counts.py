"""A chunk's counts as few bytes, and back.

A sample is its count, exact, and how far its smooth count lies from that, in steps of 1/4096:
mostly within two counts, but without bound towards -2, where orbits leave the disc ever slower.
Both are written as differences along the row, the bytes of equal weight side by side, and
compressed by Zstandard: about 0.4 to 1.7 bytes a sample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.chunk_bytes import compressed, decompressed
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.kernels.results import Counts, Outcome

# 1/4096 of a count makes no visible difference in colour.
SMOOTH_STEPS = 4096
_LARGEST = 2**30
_INTERIOR = -_LARGEST
_UNRESOLVED = -_LARGEST - 1
SAMPLE_BYTES = 8
# A smooth count is at most log2(log2 |c|) below its count, which is 10 at the largest of float64.
_LEAST = -64 * SMOOTH_STEPS
_ANY = -1

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """Counts of some rows as they come back from disk, shape (rows, columns)."""

    n: NDArray[np.int32]
    smooth: NDArray[np.float64]
    outcome: NDArray[np.uint8]

    def seen_with(self, maxiter: int) -> "StoredCounts":
        """Return the counts for a smaller maxiter, or for any where nothing is unresolved."""
        escaped = (self.outcome == Outcome.ESCAPED) & (self.n < maxiter)
        beyond = (self.outcome == Outcome.ESCAPED) & ~escaped
        return StoredCounts(
            np.where(escaped, self.n, np.int32(maxiter)),
            np.where(beyond, np.nan, self.smooth),
            np.where(beyond, np.uint8(Outcome.UNRESOLVED), self.outcome),
        )


def packed_from_counts(counts: Counts, rows: int, columns: int) -> bytes:
    """Pack the counts of `rows` rows of a sample grid."""
    if HAVE_NUMBA:
        # Its code needs numba, which takes a fifth of a second to load: only workers do.
        from pipeline.counts.codec_numba import pack_rows

        lanes = np.empty((SAMPLE_BYTES, rows * columns), np.uint8)
        pack_rows(
            counts.n, counts.smooth, counts.outcome, rows, columns, float(SMOOTH_STEPS),
            float(_LARGEST), _INTERIOR, _UNRESOLVED, lanes,
        )  # fmt: skip  # in signature order
        planes = lanes.tobytes()
    else:
        planes = _packed_planes(counts, rows, columns)
    return compressed(planes)


def counts_from_packed(
    packed: bytes, rows: int, columns: int, maxiter: int | None = None
) -> StoredCounts:
    """Unpack a chunk, which was counted with `maxiter` where that is given.

    Raises
    ------
    ValueError
        The bytes are not a chunk of this size, or not counts.
    """
    samples = rows * columns
    data = np.frombuffer(decompressed(packed, SAMPLE_BYTES * samples), np.uint8)
    limit = _ANY if maxiter is None else maxiter
    if not HAVE_NUMBA:
        counts, wrong = _counts_from_planes(data, rows, columns, limit)
    else:
        from pipeline.counts.codec_numba import unpack_rows

        shape = rows, columns
        counts = StoredCounts(np.empty(shape, np.int32), np.empty(shape), np.empty(shape, np.uint8))
        wrong = unpack_rows(
            data.reshape(SAMPLE_BYTES, samples), rows, columns, 1.0 / SMOOTH_STEPS,
            _LEAST, _LARGEST, _INTERIOR, _UNRESOLVED, limit,
            counts.n.reshape(-1), counts.smooth.reshape(-1), counts.outcome.reshape(-1),
        )  # fmt: skip  # in signature order
    if wrong:
        raise ValueError(f"{wrong} of {samples} counts cannot be")
    return counts


def _packed_planes(counts: Counts, rows: int, columns: int) -> bytes:
    """Return the bytes of a chunk before compression."""
    n = counts.n.reshape(rows, columns)
    offset = np.rint((counts.smooth - counts.n) * SMOOTH_STEPS).reshape(rows, columns)
    np.clip(offset, _INTERIOR + 1, _LARGEST, out=offset)
    outcome = counts.outcome.reshape(rows, columns)
    offset[outcome == Outcome.INTERIOR] = _INTERIOR
    offset[outcome == Outcome.UNRESOLVED] = _UNRESOLVED
    return _planes(_differences(n.astype("<i4"))) + _planes(_differences(offset.astype("<i4")))


def _counts_from_planes(
    data: NDArray[np.uint8], rows: int, columns: int, maxiter: int
) -> tuple[StoredCounts, int]:
    """Undo `_packed_planes`; also return how many values cannot be counts."""
    samples = rows * columns
    n = _sums(_interleaved(data[: 4 * samples]).reshape(rows, columns))
    offset = _sums(_interleaved(data[4 * samples :]).reshape(rows, columns))
    smooth = n + offset * (1.0 / SMOOTH_STEPS)
    outcome = np.zeros(offset.shape, np.uint8)
    special = offset <= _INTERIOR
    smooth[special] = np.nan
    outcome[special] = np.where(
        offset[special] == _INTERIOR, np.uint8(Outcome.INTERIOR), np.uint8(Outcome.UNRESOLVED)
    )
    wrong = np.where(
        special, offset < _UNRESOLVED, (offset < _LEAST) | (offset > _LARGEST) | (n < 0)
    )
    if maxiter != _ANY:
        wrong |= np.where(special, n != maxiter, n >= maxiter)
    return StoredCounts(n, smooth, outcome), int(np.count_nonzero(wrong))


def _differences(values: Ints) -> Ints:
    """Return differences along rows, small ones of either sign as small numbers."""
    change = values.copy()
    # Wraps round where it overflows, and back again on summing.
    change[:, 1:] -= values[:, :-1]
    return (change << 1) ^ (change >> 31)


def _sums(folded: Ints) -> Ints:
    """Undo `_differences`."""
    change = (folded.view("<u4") >> 1).view("<i4") ^ -(folded & 1)
    return np.cumsum(change, axis=1, dtype=np.int32)


def _planes(values: Ints) -> bytes:
    """Return all lowest bytes, then all next ones."""
    return np.ascontiguousarray(values.reshape(-1, 1).view(np.uint8).T).tobytes()


def _interleaved(planes: NDArray[np.uint8]) -> Ints:
    """Undo `_planes`."""
    return np.ascontiguousarray(planes.reshape(4, -1).T).view("<i4").reshape(-1)
