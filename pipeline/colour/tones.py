"""Tones: rising functions of the smooth count, found from the counts of a whole zoom."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.choice import HAVE_NUMBA

# Smooth counts reach a little below 0 outside the disc of radius 2 (-2.4 at |c| = 1000).
LOG_SHIFT = 4.0
# log2 of the number of entries of a guide for each doubling of the count.
_GUIDE_BITS = 11
# Nodes for each doubling of the count, of tones that equalise.
_NODE_BITS = 5
# Intervals of equal frequency; more would follow the noise of the sample.
_INTERVALS = 96
# The share of a picture's points that its spread leaves out at either end.
_TAIL = 0.1
# Pictures whose counts spread less are empty. They have no say: a zoom that runs into nothing would
# stretch its last counts over the whole palette.
_EMPTY_SPREAD = 2.0
# Intervals of equal frequency of one picture.
_PICTURE_INTERVALS = 24
# How far a picture's own counts are equalised: 0 spreads its palette evenly over all counts from
# the lowest to the highest, 1 evenly over its area. Deep down counts lie in heaps, one for each
# ring around the target. At 0 a plain has a single colour, at 1 plains have all and rings none.
_EQUALISED = 0.8
# The narrowest interval that counts, as a fraction of the spread.
_NARROWEST = 1e-3
# Knots for each picture of a zoom, and half the width over which slopes are averaged, in knots.
# Narrower, the noise of small pictures would show; wider, rings would be coloured as their
# neighbours need it.
_KNOTS_PER_PICTURE = 12
_EASED_KNOTS = 1.0


class ToneTable(NamedTuple):
    """The pieces of tones, as their compiled code takes them: one more than there are knots.

    The first lies below all knots, each other begins at one.
    """

    counts: NDArray[np.float64]
    """At which pieces begin; of the first, at which it ends."""
    positions: NDArray[np.float64]
    """There."""
    slopes: NDArray[np.float64]
    """There."""
    bends: NDArray[np.float64]
    """Half of the change of the slope for each count."""
    guide: NDArray[np.int32]
    """For each entry of the guide, and one more, the number of knots before it."""
    first_entry: int


@dataclass(frozen=True)
class Tones:
    """A rising function of the smooth count, whose slope is straight between knots.

    Its fields are among those on which the names of segments depend, see `Look`.

    Notes
    -----
    With straight pieces instead, smooth fields would show lines where the slope changes (Mach
    bands). Among which knots a count lies is looked up in a guide, whose index is the
    pseudo-logarithm of the count plus LOG_SHIFT: the exponent and the first bits of the mantissa
    of its float64, which is exact on every machine. So a look-up costs about the same among ten
    knots or thousands.
    """

    counts: tuple[float, ...]
    """Smooth counts of the knots, strictly rising, two at least."""
    slopes: tuple[float, ...]
    """Positions along the palette for each count, at the knots: 0 or more."""

    @property
    def total(self) -> float:
        """By how much positions rise from the first knot to the last."""
        return float(self._table.positions[-1])

    def positions_of(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of smooth counts, 0 at the first knot; NaN for NaN.

        Beyond the outermost knots the function goes on with the slope that it has there.
        """
        if HAVE_NUMBA:
            from pipeline.colour.shade_numba import fill_positions

            out = np.empty(smooth.size)
            fill_positions(smooth.ravel(), LOG_SHIFT, 52 - _GUIDE_BITS, *self._table, out)
            return out.reshape(smooth.shape)
        return self.positions_by_numpy(smooth)

    def positions_by_numpy(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what `positions_of` does, by numpy alone."""
        counts, positions, slopes, bends, _, _ = self._table
        piece = np.searchsorted(counts[1:], smooth, "right")
        on = smooth - counts[piece]
        return np.asarray(positions[piece] + on * (slopes[piece] + on * bends[piece]))

    @cached_property
    def _table(self) -> ToneTable:
        knots, slopes = np.array(self.counts), np.array(self.slopes)
        lengths = np.diff(knots)
        positions = np.cumsum((slopes[1:] + slopes[:-1]) / 2 * lengths)
        bends = np.diff(slopes) / (2 * lengths)
        entries = _pseudo_logs(knots, _GUIDE_BITS)
        guided = np.arange(entries[0], entries[-1] + 2)
        return ToneTable(
            np.concatenate([knots[:1], knots]),
            np.concatenate([[0.0, 0.0], positions]),
            np.concatenate([slopes[:1], slopes]),
            np.concatenate([[0.0], bends, [0.0]]),
            np.searchsorted(entries, guided, "left").astype(np.int32),
            int(entries[0]),
        )

    def __getstate__(self) -> dict[str, object]:
        """Leave out the table: each process makes its own."""
        return {"counts": self.counts, "slopes": self.slopes}


@dataclass(frozen=True, slots=True)
class ZoomTones:
    """The tones of a zoom for each scale that needs them."""

    adaptive: Tones
    histogram: Tones


def equalised(smooth: NDArray[np.float64], total: float) -> Tones:
    """Return the tones that equalise a sample of smooth counts, with positions from 0 to `total`.

    Notes
    -----
    Histogram equalisation: the distribution's quantiles, interpolated linearly, and smoothed once
    so that no kink is visible.
    """
    counts = np.sort(smooth[~np.isnan(smooth)])
    if counts.size < 2 or counts[-1] - counts[0] < 1e-9:
        middle = float(counts[0]) if counts.size else 12.0
        return _scaled(_nodes(middle, middle), np.ones(2), total)
    probabilities = np.linspace(0, 1, _INTERVALS + 1)
    quantiles = np.quantile(counts, probabilities)
    # Many equal counts, as in a flat picture, would make a jump.
    quantiles = np.maximum.accumulate(quantiles + np.arange(_INTERVALS + 1) * 1e-9)
    nodes = _nodes(quantiles[0], quantiles[-1])
    rises = np.diff(np.interp(nodes, quantiles, probabilities))
    kernel = np.hanning(9)[1:-1]
    rises = np.convolve(np.pad(rises, kernel.size // 2, mode="edge"), kernel, mode="valid")
    each = np.pad(rises / np.diff(nodes), 1, mode="edge")
    return _scaled(nodes, (each[1:] + each[:-1]) / 2, total)


def _scaled(counts: NDArray[np.float64], slopes: NDArray[np.float64], total: float) -> Tones:
    """Return tones that rise by `total` from the first knot to the last."""
    rise = float(np.sum((slopes[1:] + slopes[:-1]) / 2 * np.diff(counts)))
    return Tones(tuple(counts.tolist()), tuple((slopes * (total / rise)).tolist()))


def adapted(pictures: list[NDArray[np.float64]]) -> Tones:
    """Return the tones that rise by about 1 over the counts of any picture of a zoom.

    `pictures` are the smooth counts of small views along the zoom, all of equal weight.

    Notes
    -----
    A picture by itself asks at each count for the slope ``spread**(q - 1) * density**q``, where the
    spread is the distance of the 10th and the 90th percentile of its counts, the density the
    share of its area that has a count of this unit, and ``q`` is _EQUALISED: by one over the spread
    alone a picture's colours span one unit; by the density alone its histogram is equalised. The
    slope of the tones is the geometric mean over all pictures in which a count occurs, averaged
    over neighbouring counts. Neighbours are told by frequency: a knot comes after each twelfth of
    a picture, wherever its counts lie. So the tones depend on the count alone, and follow a zoom
    as closely at a count of a million as at one of ten.
    """
    counts, logs = _slopes_asked_for(pictures)
    if not counts.size:
        return Tones((0.0, 1000.0), (1e-3, 1e-3))
    # Cells of equal frequency; all samples have the same weight.
    size = _PICTURE_INTERVALS // _KNOTS_PER_PICTURE
    cells = max(2, counts.size // size)
    edges = np.arange(cells + 1) * counts.size // cells
    knots = np.add.reduceat(counts, edges[:-1]) / np.diff(edges)
    steepness = np.add.reduceat(logs, edges[:-1]) / np.diff(edges)
    steepness = np.exp(_averaged(steepness, _EASED_KNOTS))
    # Equal counts, as in a flat picture, are one knot's.
    apart = np.concatenate([[True], np.diff(knots) > np.abs(knots[1:]) * 1e-12])
    knots, steepness = knots[apart], steepness[apart]
    if knots.size == 1:
        knots, steepness = np.append(knots, knots + 1), np.repeat(steepness, 2)
    return Tones(tuple(knots.tolist()), tuple(steepness.tolist()))


def _slopes_asked_for(
    pictures: list[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return counts of equal weight, rising, and the logarithm of the slope wanted at each."""
    known = [np.sort(each[~np.isnan(each)]) for each in pictures]
    middles = [
        each[(tail := int(_TAIL * each.size)) : each.size - tail] for each in known if each.size
    ]
    full = [each for each in middles if each[-1] - each[0] >= _EMPTY_SPREAD]
    counts, logs = [np.empty(0)], [np.empty(0)]
    for middle in full or middles:
        spread = max(middle[-1] - middle[0], _EMPTY_SPREAD)
        ends = np.quantile(middle, np.linspace(0, 1, _PICTURE_INTERVALS + 1))
        lengths = np.maximum(np.diff(ends), _NARROWEST * spread) * _PICTURE_INTERVALS
        counts.append((ends[1:] + ends[:-1]) / 2)
        logs.append(-(1 - _EQUALISED) * np.log(spread) - _EQUALISED * np.log(lengths))
    order = np.argsort(np.concatenate(counts), kind="stable")
    return np.concatenate(counts)[order], np.concatenate(logs)[order]


def _averaged(values: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return values averaged over their neighbours by a Gaussian."""
    reach = int(np.ceil(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def _nodes(lowest: float, highest: float) -> NDArray[np.float64]:
    """Return counts from one at or below the lowest to one above the highest.

    They lie evenly in each doubling, as the ticks of a logarithmic scale.
    """
    first, last = _pseudo_logs(np.array([lowest, highest]), _NODE_BITS)
    return (np.arange(first, last + 2) << (52 - _NODE_BITS)).view(np.float64) - LOG_SHIFT


def _pseudo_logs(smooth: NDArray[np.float64], bits: int) -> NDArray[np.int64]:
    """Return the exponent and the first bits of the mantissa of counts, which rise with them."""
    return np.maximum(smooth + LOG_SHIFT, 0.5).view(np.int64) >> (52 - bits)
