"""Tones: rising functions of the smooth count, found from the counts of a whole zoom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.choice import HAVE_NUMBA

# Smooth counts reach a little below 0 outside the disc of radius 2 (-2.4 at |c| = 1000).
LOG_SHIFT = 4.0
NODE_BITS = 5
"""log2 of the number of nodes of a table for each doubling of the count."""
_SHIFT = 52 - NODE_BITS
_NODE = np.int64(1) << _SHIFT
MOST_NODE = 2047 << NODE_BITS
"""Largest node of any number."""
# Intervals of equal frequency; more would follow the noise of the sample.
_INTERVALS = 96
# The share of a picture's points that its spread leaves out at either end.
_TAIL = 0.1
# Pictures whose counts spread less are empty. They have no say: a zoom that runs into nothing would
# stretch its last counts over the whole palette.
_EMPTY_SPREAD = 2.0
# Half the width over which slopes are averaged, in nodes. Narrower, a zoom would brake and hurry
# through the palette; wider, the first pictures would be coloured as the deepest need it.
_EASED_NODES = 10
_WIDE_NODES = 3 * _EASED_NODES


@dataclass(frozen=True, slots=True)
class Tones:
    """A rising function of the smooth count, by a table whose nodes lie evenly in each doubling.

    Its fields are among those on which the names of segments depend, see `Look`.

    Notes
    -----
    The table's index is the pseudo-logarithm of the count plus LOG_SHIFT: the exponent and the
    first bits of the mantissa of its float64, which is exact on every machine.
    """

    first_node: int
    """Pseudo-logarithm at which the table begins, in nodes."""
    positions: tuple[float, ...]
    """Positions along the palette at the nodes, rising from 0."""

    def positions_of(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the positions of smooth counts; NaN for NaN.

        Beyond the table's ends the function goes on with the slope that it has there.
        """
        table = np.array(self.positions)
        if HAVE_NUMBA:
            from pipeline.colour.shade_numba import fill_positions

            out = np.empty(smooth.size)
            fill_positions(smooth.ravel(), LOG_SHIFT, NODE_BITS, self.first_node, table, out)
            return out.reshape(smooth.shape)
        return self.positions_by_numpy(smooth)

    def positions_by_numpy(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what `positions_of` does, by numpy alone."""
        table = np.array(self.positions)
        bits = np.maximum(np.where(np.isnan(smooth), 1.0, smooth) + LOG_SHIFT, 0.5).view(np.int64)
        entry = np.clip((bits >> _SHIFT) - self.first_node, 0, len(table) - 2)
        beyond = (bits - ((entry + self.first_node) << _SHIFT)) / float(_NODE)
        found = table[entry] + beyond * (table[entry + 1] - table[entry])
        return np.asarray(np.where(np.isnan(smooth), np.nan, found))


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
        first, last = _span(np.array([middle, middle]))
        return Tones(first, tuple(np.linspace(0, total, last - first + 1).tolist()))
    probabilities = np.linspace(0, 1, _INTERVALS + 1)
    quantiles = np.quantile(counts, probabilities)
    # Many equal counts, as in a flat picture, would make a jump.
    quantiles = np.maximum.accumulate(quantiles + np.arange(_INTERVALS + 1) * 1e-9)
    first, last = _span(quantiles[[0, -1]])
    nodes = _counts_at(np.arange(first, last + 1))
    rises = np.diff(np.interp(nodes, quantiles, probabilities))
    kernel = np.hanning(9)[1:-1]
    rises = np.convolve(np.pad(rises, kernel.size // 2, mode="edge"), kernel, mode="valid")
    positions = np.concatenate([[0.0], np.cumsum(rises)])
    return Tones(first, tuple((positions * (total / positions[-1])).tolist()))


def adapted(pictures: list[NDArray[np.float64]]) -> Tones:
    """Return the tones that rise by 1 over the spread of the counts of any picture of a zoom.

    `pictures` are the smooth counts of small views along the zoom, all of equal weight.

    Notes
    -----
    A picture's spread is the distance of the 10th and the 90th percentile of its counts. The slope
    of the tones at a count is one over the spread: of those pictures in which the count occurs the
    geometric mean, weighted by how often, and averaged over neighbouring counts. So it depends on
    the count alone, and a picture's colours span about one unit at any depth.
    """
    known = [np.sort(each[~np.isnan(each)]) for each in pictures]
    known = [each for each in known if each.size]
    if not known:
        return Tones(_span(np.array([0.0, 1000.0]))[0], (0.0, 1.0))
    lowest, highest = min(each[0] for each in known), max(each[-1] for each in known)
    first, last = _span(np.array([lowest, highest]))
    middles = [each[(tail := int(_TAIL * each.size)) : each.size - tail] for each in known]
    full = [each for each in middles if each[-1] - each[0] >= _EMPTY_SPREAD]
    weights, logs = np.zeros((2, last - first))
    for middle in full or middles:
        often = np.bincount(_nodes_of(middle) - first, minlength=last - first) / middle.size
        weights += often
        logs -= often * np.log(max(middle[-1] - middle[0], _EMPTY_SPREAD))
    near, far = (
        [_averaged(values, reach) for values in (weights, logs)]
        for reach in (_EASED_NODES, _WIDE_NODES)
    )
    # Where no picture has such counts the slope is that of the nearest that has.
    weight = near[0] + 1e-3 * far[0]
    there = weight > 1e-9
    steepness = (near[1] + 1e-3 * far[1])[there] / weight[there]
    nodes = np.arange(first, last)
    slopes = np.exp(np.interp(nodes, nodes[there], steepness))
    rises = slopes * np.diff(_counts_at(np.arange(first, last + 1)))
    return Tones(first, (0.0, *np.cumsum(rises).tolist()))


def _averaged(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    kernel = np.exp(-0.5 * (np.arange(-3 * reach, 3 * reach + 1) / reach) ** 2)
    return np.convolve(values, kernel / kernel.sum())[3 * reach : -3 * reach]


def _nodes_of(smooth: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the node at or below each count."""
    return np.maximum(smooth + LOG_SHIFT, 0.5).view(np.int64) >> _SHIFT


def _span(ends: NDArray[np.float64]) -> tuple[int, int]:
    """Return the nodes below and above two counts."""
    node = _nodes_of(ends)
    return int(node[0]), int(node[1]) + 1


def _counts_at(nodes: NDArray[np.int64]) -> NDArray[np.float64]:
    return (nodes.astype(np.int64) << _SHIFT).view(np.float64) - LOG_SHIFT
