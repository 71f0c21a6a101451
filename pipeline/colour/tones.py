"""Tones: counts mapped to the palette so that all of its colours appear equally often."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Smooth counts reach a little below 0 outside the disc of radius 2 (-2.4 at |c| = 1000).
LOG_SHIFT = 4.0
_ENTRIES = 513
# Intervals of equal frequency; more would follow the noise of the sample.
_INTERVALS = 96


@dataclass(frozen=True, slots=True)
class Tones:
    """A rising function of the smooth count, by a table over its logarithm.

    Its fields are among those on which the names of segments depend, see `Look`.
    """

    low: float
    high: float
    """log2 of the count (plus LOG_SHIFT) at the table's ends."""
    places: tuple[float, ...]
    """Positions along the palette, rising from 0."""

    def places_of(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of smooth counts; NaN for NaN.

        Beyond the table's ends the function goes on with the slope that it has there.
        """
        table = np.array(self.places)
        step = (self.high - self.low) / (len(table) - 1)
        index = (np.log2(np.maximum(smooth + LOG_SHIFT, 0.5)) - self.low) / step
        inside = np.clip(np.nan_to_num(index), 0, len(table) - 1)
        entry = np.minimum(inside.astype(np.int64), len(table) - 2)
        slope = table[entry + 1] - table[entry]
        return np.asarray(table[entry] + (index - entry) * slope)


def tones_from(smooth: NDArray[np.float64], total: float) -> Tones:
    """Return the tones that equalise a sample of smooth counts, with positions from 0 to `total`.

    Notes
    -----
    Histogram equalisation: the distribution's quantiles, interpolated linearly in the logarithm of
    the count, and smoothed once so that no kink is visible.
    """
    logs = np.sort(np.log2(np.maximum(smooth[~np.isnan(smooth)] + LOG_SHIFT, 0.5)))
    if logs.size < 2 or logs[-1] - logs[0] < 1e-9:
        middle = float(logs[0]) if logs.size else 4.0
        return Tones(middle - 1.0, middle + 1.0, (0.0, total))
    probabilities = np.linspace(0, 1, _INTERVALS + 1)
    quantiles = np.quantile(logs, probabilities)
    # Many equal counts, as in a flat picture, would make a jump.
    quantiles = np.maximum.accumulate(quantiles + np.arange(_INTERVALS + 1) * 1e-9)
    table_logs = np.linspace(quantiles[0], quantiles[-1], _ENTRIES)
    places = np.interp(table_logs, quantiles, probabilities)
    kernel = np.hanning(33)[1:-1]
    margin = kernel.size // 2
    slopes = np.diff(places)
    padded = np.pad(slopes, margin, mode="edge")
    slopes = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    places = np.concatenate([[0.0], np.cumsum(slopes)])
    places *= total / places[-1]
    return Tones(
        float(table_logs[0]), float(table_logs[-1]), tuple(float(place) for place in places)
    )
