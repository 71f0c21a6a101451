"""A chunk's traces as few bytes, and back.

Five planes of 16 bits, each written as differences along the row and compressed by Zstandard. What
was not asked for is zeros, which take no room.
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.chunk_bytes import compressed, decompressed
from pipeline.kernels.results import Cycles, PointTraces, Traces

# Steps of log2 of a distance: 0.3 % each, not visible.
_DISTANCE_STEPS = 256
_FARTHEST = 120.0
# Steps of a turn, and of stripes and traps: as fine as colours are.
TURN_STEPS = 1024
_PLANES = 5
TRACE_BYTES = 2 * _PLANES
# The first plane where a sample does not escape. Where cycles were sought, the planes of phase,
# stripes and trap hold there the angle and the size of the multiplier, and the period.
_INSIDE = round(_FARTHEST * _DISTANCE_STEPS)
# What each plane may hold.
_LEAST = np.array([-_INSIDE, 0, 0, 0, 0])
_MOST = np.array([_INSIDE] + 4 * [TURN_STEPS])


def packed_from_traces(
    traces: PointTraces,
    escaped: NDArray[np.bool_],
    log2_spacing: NDArray[np.float64],
    cycles: Cycles | None = None,
) -> bytes:
    """Pack the traces of a chunk.

    Parameters
    ----------
    escaped : ndarray of bool, shape (rows, columns)
        The samples that `traces` are of.
    log2_spacing : ndarray of float64, shape (rows,)
        log2 of the distance of samples, row by row.
    cycles : Cycles, optional
        Those of all other samples.
    """
    rows, columns = escaped.shape
    where = np.flatnonzero(escaped)
    distance = traces.log2_distance - np.repeat(log2_spacing, columns)[where]
    # NaN where an estimate left the range of float64, and all of an orbit so close to the set that
    # its own roundings carried it away long before n: near the set, and at the mean of the rest.
    distance = np.clip(_finite(distance, -_FARTHEST), -_FARTHEST, _FARTHEST)
    planes = np.zeros((_PLANES, rows * columns), np.int16)
    planes[0] = _INSIDE
    planes[0, where] = np.rint(distance * _DISTANCE_STEPS)
    for plane, values in ((1, traces.direction), (2, traces.phase)):
        # TURN_STEPS is a power of two, so that all turns are one of its residues.
        turned = np.rint(_finite(values, 0.0) * TURN_STEPS).astype(np.int16)
        planes[plane, where] = turned & np.int16(TURN_STEPS - 1)
    for plane, values in ((3, traces.stripes), (4, traces.trap)):
        if values.any():
            known = np.clip(_finite(values, 0.5), 0.0, 1.0)
            planes[plane, where] = np.rint(known * TURN_STEPS)
    if cycles is not None:
        periods, multipliers, _ = cycles
        inside = np.flatnonzero(~escaped)
        angle = np.angle(multipliers) / (2 * np.pi) % 1.0
        planes[2, inside] = np.rint(angle * TURN_STEPS) % TURN_STEPS
        planes[3, inside] = np.rint(np.minimum(np.abs(multipliers), 1.0) * TURN_STEPS)
        # 0 is for none: periods begin again at 1.
        planes[4, inside] = np.where(periods > 0, (periods - 1) % (TURN_STEPS - 1) + 1, 0)
    change = planes.reshape(_PLANES, rows, columns)
    # Wraps round where it overflows, and back again on summing.
    change[:, :, 1:] -= change[:, :, :-1].copy()
    folded = (change << 1) ^ (change >> 15)
    return compressed(_bytes_apart(folded))


def traces_from_packed(packed: bytes, rows: int, columns: int, cycles: bool = False) -> Traces:
    """Unpack a chunk.

    Parameters
    ----------
    cycles : bool
        Whether the cycles of samples that stay inside were packed with it.

    Raises
    ------
    ValueError
        The bytes are not a chunk of this size, or not traces.
    """
    data = decompressed(packed, TRACE_BYTES * rows * columns)
    low, high = np.frombuffer(data, np.uint8).reshape(2, -1).astype(np.uint16)
    folded = low | (high << np.uint16(8))
    change = (folded >> np.uint16(1)).view(np.int16) ^ -(folded & np.uint16(1)).view(np.int16)
    planes = np.cumsum(change.reshape(_PLANES, rows, columns), axis=2, dtype=np.int16)
    least, most = planes.min(axis=(1, 2)), planes.max(axis=(1, 2))
    if (least < _LEAST).any() or (most > _MOST).any():
        raise ValueError("traces that cannot be")
    period = multiplier = None
    if cycles:
        inside = planes[0] == _INSIDE
        period = np.where(inside, planes[4], np.int16(0))
        multiplier = np.where(inside, planes[3] * np.float32(1 / TURN_STEPS), np.float32(0))
        planes[2:, inside] = 0
    scale = np.array([1 / _DISTANCE_STEPS] + 4 * [1 / TURN_STEPS], np.float32)
    log2_distance, direction, phase, stripes, trap = planes * scale[:, None, None]
    return Traces(log2_distance, direction, phase, stripes, trap, period, multiplier)


def _finite(values: NDArray[np.float64], otherwise: float) -> NDArray[np.float64]:
    """Return the values, infinite ones as the largest and NaN as another; mostly there are none."""
    # A sum tells whether there is any, in a tenth of the time.
    return values if np.isfinite(values.sum()) else np.nan_to_num(values, nan=otherwise)


def _bytes_apart(values: NDArray[np.int16]) -> bytes:
    """Return all lower bytes, then all higher ones."""
    return np.ascontiguousarray(values.reshape(-1, 1).view(np.uint8).T).tobytes()
