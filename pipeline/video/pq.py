"""PQ, the transfer function of HDR10: SMPTE ST 2084, as BT.2100-2, table 4, writes it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_MOST_NITS = 10_000.0


def pq_from_nits(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a signal's values, 0 to 1, from the brightness in nits (cd/m²)."""
    power = (nits / _MOST_NITS) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def nits_from_pq(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the brightness in nits (cd/m²) from a signal's values, 0 to 1."""
    power = np.asarray(values, np.float64) ** (1 / _M2)
    return np.asarray(_MOST_NITS * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1))
