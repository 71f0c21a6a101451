"""Counts as few bytes: one chunk of rows packed, and unpacked again.

A sample is its count, exact, and how far its smooth count lies from that, in steps of 1/4096.
Both are written as differences along the row, the bytes of equal weight side by side, and
compressed by Zstandard: about 0.4 to 1.7 bytes a sample.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from pipeline.kernels.counts import Counts
from pipeline.kernels.outcome import Outcome

# Steps of the smooth part; ±8 counts fit 16 bits, and 1/4096 of a count is no visible colour.
SMOOTH_STEPS = 4096
_LARGEST = 32767
_UNRESOLVED = -32768
_INTERIOR = -32767
_ZSTD_LEVEL = 1


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """Counts of some rows as they come back from disk, shape (rows, columns)."""

    n: NDArray[np.int32]
    smooth: NDArray[np.float64]
    outcome: NDArray[np.uint8]


def packed_from_counts(counts: Counts, rows: int, columns: int) -> bytes:
    """Pack the counts of `rows` rows of a canvas."""
    n = counts.n.reshape(rows, columns)
    part = np.rint((counts.smooth - counts.n) * SMOOTH_STEPS).reshape(rows, columns)
    np.clip(part, _INTERIOR + 1, _LARGEST, out=part)
    outcome = counts.outcome.reshape(rows, columns)
    part[outcome == Outcome.INTERIOR] = _INTERIOR
    part[outcome == Outcome.UNRESOLVED] = _UNRESOLVED
    whole = _differences(n.astype("<i4"), 31)
    fraction = _differences(part.astype("<i2"), 15)
    planes = _planes(whole, 4) + _planes(fraction, 2)
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(planes)


def counts_from_packed(packed: bytes, rows: int, columns: int) -> StoredCounts:
    """Unpack a chunk.

    Raises
    ------
    ValueError
        The bytes are not a chunk of this size.
    """
    samples = rows * columns
    try:
        planes = zstandard.ZstdDecompressor().decompress(packed, max_output_size=6 * samples)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from None
    if len(planes) != 6 * samples:
        raise ValueError(f"{len(planes)} bytes, expected {6 * samples}")
    data = np.frombuffer(planes, np.uint8)
    whole = _interleaved(data[: 4 * samples], "<i4").reshape(rows, columns)
    fraction = _interleaved(data[4 * samples :], "<i2").reshape(rows, columns)
    n = _sums(whole)
    part = _sums(fraction)
    smooth = n + part * (1.0 / SMOOTH_STEPS)
    outcome = np.zeros(part.shape, np.uint8)
    special = part <= _INTERIOR
    smooth[special] = np.nan
    outcome[special] = np.where(
        part[special] == _INTERIOR, np.uint8(Outcome.INTERIOR), np.uint8(Outcome.UNRESOLVED)
    )
    return StoredCounts(n, smooth, outcome)


def _differences(values: NDArray[Any], sign_bit: int) -> NDArray[Any]:
    """Return differences along rows, small ones of either sign as small numbers."""
    change = values.copy()
    # Wraps round where it overflows, and back again on summing.
    change[:, 1:] -= values[:, :-1]
    return (change << 1) ^ (change >> sign_bit)


def _sums(folded: NDArray[Any]) -> NDArray[Any]:
    """Undo `_differences`."""
    unsigned = folded.view(folded.dtype.str.replace("i", "u"))
    change = (unsigned >> 1).astype(folded.dtype) ^ -(folded & 1)
    return np.cumsum(change, axis=1, dtype=folded.dtype)


def _planes(values: NDArray[Any], width: int) -> bytes:
    """Return all lowest bytes, then all next ones."""
    return np.ascontiguousarray(values.reshape(-1, 1).view(np.uint8).reshape(-1, width).T).tobytes()


def _interleaved(planes: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    """Undo `_planes`."""
    width = np.dtype(dtype).itemsize
    return np.ascontiguousarray(planes.reshape(width, -1).T).view(dtype).reshape(-1)
