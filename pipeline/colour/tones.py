"""Tones: counts laid along the palette so that all of its colours are seen alike often."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Smooth counts reach a little below 0 outside the disc of radius 2 (-2.4 at |c| = 1000).
LOG_SHIFT = 4.0
_ENTRIES = 513
# So many parts of equal frequency, the ends apart: more would follow what is chance in the sample.
_PARTS = 96


@dataclass(frozen=True, slots=True)
class Tones:
    """A rising function of the smooth count, by a table over its logarithm."""

    low: float
    high: float
    """log2 of the count (with LOG_SHIFT) at the table's ends."""
    places: tuple[float, ...]
    """From 0 to `total`."""

    def places_of(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where counts lie; NaN for NaN. Beyond the ends it goes on as steeply."""
        table = np.array(self.places)
        step = (self.high - self.low) / (len(table) - 1)
        at = (np.log2(np.maximum(smooth + LOG_SHIFT, 0.5)) - self.low) / step
        inside = np.clip(np.nan_to_num(at), 0, len(table) - 1)
        entry = np.minimum(inside.astype(np.int64), len(table) - 2)
        slope = table[entry + 1] - table[entry]
        return np.asarray(table[entry] + (at - entry) * slope)


def tones_from(smooth: NDArray[np.float64], total: float) -> Tones:
    """Return the tones of smooth counts that are seen alike often; `total` is the last's place.

    Notes
    -----
    Histogram equalisation, on the distribution's quantiles joined by straight lines in the
    logarithm of the count, smoothed once so that no kink is seen.
    """
    logs = np.sort(np.log2(np.maximum(smooth[~np.isnan(smooth)] + LOG_SHIFT, 0.5)))
    if logs.size < 2 or logs[-1] - logs[0] < 1e-9:
        middle = float(logs[0]) if logs.size else 4.0
        return Tones(middle - 1.0, middle + 1.0, (0.0, total))
    parts = np.linspace(0, 1, _PARTS + 1)
    quantiles = np.quantile(logs, parts)
    # Equal counts, as of a flat picture, would be a jump.
    quantiles = np.maximum.accumulate(quantiles + np.arange(_PARTS + 1) * 1e-9)
    at = np.linspace(quantiles[0], quantiles[-1], _ENTRIES)
    places = np.interp(at, quantiles, parts)
    kernel = np.hanning(33)[1:-1]
    margin = kernel.size // 2
    slopes = np.diff(places)
    padded = np.pad(slopes, margin, mode="edge")
    slopes = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    places = np.concatenate([[0.0], np.cumsum(slopes)])
    places *= total / places[-1]
    return Tones(float(at[0]), float(at[-1]), tuple(float(place) for place in places))
