"""From samples to the light of each pixel, averaged over its samples in linear light."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.blend import blended, fogged, shaded
from pipeline.colour.look import FOUND_SCALES, By, Layer, Look
from pipeline.colour.oklab import linear_from_srgb
from pipeline.colour.palette import (
    TURN,
    mixed_palettes,
    ramp_from_palette,
    seam_of,
    turn_from_palette,
)
from pipeline.colour.samples import Samples
from pipeline.colour.tones import LOG_SHIFT, Tones
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.kernels.results import Traces

# The part of the way to its neighbours over which a sample shows the palette's mean; the mean with
# its neighbours does the rest.
_FOOTPRINT = 0.3
# From this change a sample, in turns of the palette, a sample is wholly averaged with its
# neighbours: what lies between them is no gradient.
_ROUGH_TURNS = 0.25
# At this change a sample, in turns, half of the seam's tone shows. Less, and lace would be taken
# for a seam; more, and the grey of a palette's mean shows before.
_SEAM_TURNS = 0.35
_SEAM_POWER = 3
# The share of the palette's mean that is left where it turns fastest.
_SEAM_LEAST = 0.1
# A palette that does not close: its end is no beginning.
_LAST_PLACE = 1 - 1e-6

# The set's distance, in samples, at which what turns with the orbit is half told apart.
_CELL_SAMPLES = 2.0
_MEAN_TRAP = 0.2
_GOLDEN = 0.6180339887498949

HALO_ROWS = 2
"""Rows of samples beyond those wanted that a picture's light depends on."""


class Shader:
    """Turns samples into light for one look that stays as it is; made once, used often.

    Where counts change fast from sample to sample, as they do beside the boundary, colours taken
    at points would be noise. There each sample shows the palette averaged over a part of the way
    to its neighbours, from a stack of ever smoother palettes, and is averaged with them by the
    weights 1 2 1 across and down. Where counts change slowly it stays as it is.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._layers = [_Coloured(layer, look) for layer in look.all_layers]
        self._inside: _Inside | None = None
        if look.interior_by != "colour":
            self._inside = _Inside(look)

    def pixels(
        self,
        samples: Samples,
        supersample: int,
        above: int = 0,
        below: int = 0,
    ) -> NDArray[np.float32]:
        """Return the same as `light`, channel by channel: shape (pixel rows, 3, pixel columns)."""
        if not HAVE_NUMBA:
            return self.light(samples.smooth, supersample, above, below).transpose(0, 2, 1)
        from pipeline.colour.shade_numba import add_pixels

        smooth = samples.smooth
        rows, columns = smooth.shape[0] - above - below, smooth.shape[1]
        light = np.zeros((rows // supersample, 3, columns // supersample), np.float32)
        for row, of_samples in enumerate(self.rows(samples, above, below, False)):
            add_pixels(of_samples, supersample, light[row // supersample])
        return light

    def rows(
        self, samples: Samples, above: int, below: int, wrapped: bool
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the linear light of each row of samples, by compiled code.

        Parameters
        ----------
        samples : Samples
            Their first and last rows, `above` and `below`, are only there for their neighbours.
        above, below
            As for `light`.
        wrapped : bool
            Whether the last column is the first one's neighbour, as it is in a band.

        Yields
        ------
        ndarray of float32, shape (3, columns)
            Valid until the next.
        """
        each = [layer.rows(samples, above, below, wrapped) for layer in self._layers]
        look = self._look
        if len(each) == 1 and look.light is None and look.fog is None and self._inside is None:
            yield from each[0]
            return
        layers = look.all_layers[1:]
        for row, (light, *over) in enumerate(zip(*each, strict=True), above):
            outside = np.float32(1) - np.isnan(samples.smooth[row])
            for layer, one in zip(layers, over, strict=True):
                light = blended(light, one, layer.blend, outside * np.float32(layer.opacity))
            if look.light is not None and samples.traces is not None:
                light = shaded(light, samples.traces, row, look.light, samples.log2_px)
            if look.fog is not None and samples.traces is not None:
                light = fogged(light, samples.traces, row, look.fog, outside, samples.log2_px)
            if self._inside is not None and samples.traces is not None:
                light = self._inside.laid_on(light, samples.traces, row, outside)
            yield light

    def light(
        self,
        smooth: NDArray[np.float64],
        supersample: int,
        above: int = 0,
        below: int = 0,
    ) -> NDArray[np.float32]:
        """Return the linear light of pixels, of a look that needs counts alone, by numpy alone.

        Parameters
        ----------
        smooth : ndarray of float64, shape (rows, columns)
            Smooth counts of the samples; NaN where nothing escaped.
        supersample : int
            Samples along each side of a pixel.
        above, below : int
            How many of the first and last rows of samples are only there for their neighbours:
            HALO_ROWS, or as many as there are up to the picture's edge.

        Returns
        -------
        ndarray of float32, shape (pixel rows, pixel columns, 3)
            0 to 1.
        """
        base = self._layers[0]
        turns = base.turns(Samples(smooth))
        change = _change(turns)
        light = np.take(base.table, base.index(turns, change), axis=0)
        # In the interior nothing changes, but at its edge.
        rough = np.fmin(change * np.float32(1 / _ROUGH_TURNS), np.float32(1))
        rough[np.isnan(turns)] = 1
        light += rough[..., None] * (_with_neighbours(light) - light)
        light = light[above : light.shape[0] - below]
        if supersample == 1:
            return light
        rows, columns = light.shape[0] // supersample, light.shape[1] // supersample
        blocks = light.reshape(rows, supersample, columns, supersample, 3)
        return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))


class _Coloured:
    """One layer: its palette's ever smoother turns, and how samples are coloured by them."""

    def __init__(self, layer: Layer, look: Look) -> None:
        self._layer = layer
        self._tones = _tones_for(layer, look)
        self._levels = int(np.log2(TURN)) + 1
        self._cyclic = layer.by == "count"
        make = turn_from_palette if self._cyclic else ramp_from_palette
        palette = mixed_palettes(make, layer.palette)
        levels = [_averaged(palette, 1 << level, self._cyclic) for level in range(self._levels)]
        if self._cyclic and look.seam != "none":
            seam = seam_of(layer.palette)
            if look.seam != "auto":
                seam = linear_from_srgb(np.array(look.seam) / 255.0)
            levels = [_seamed(turn, 1 << level, seam) for level, turn in enumerate(levels)]
        smoothed = np.concatenate(levels)
        interior = linear_from_srgb(np.array(look.interior) / 255.0)
        self.table = np.concatenate([smoothed, interior[None]]).astype(np.float32)
        """Linear light, shape (entries, 3): the levels one after the other, and the interior."""

    def rows(
        self, samples: Samples, above: int, below: int, wrapped: bool
    ) -> Iterator[NDArray[np.float32]]:
        """Yield the light of each row, as `Shader.rows` does."""
        # Its code needs numba, which takes a fifth of a second to load: only workers do.
        from pipeline.colour.shade_numba import change_row, light_row, smoothed_row

        turns = self.turns(samples)
        rows, columns = turns.shape
        change = np.empty((rows, columns), np.float32)
        for row in range(rows):
            neighbours = turns[max(row - 1, 0)], turns[min(row + 1, rows - 1)]
            change_row(turns[row], *neighbours, wrapped, change[row])
        bits, index = np.empty((2, columns), np.int32)
        light = np.empty((rows, 3, columns), np.float32)
        for row in range(rows):
            light_row(
                turns[row], change[row], self._layer.offset, np.float32(_FOOTPRINT), self._levels,
                self.table, bits, index, light[row],
            )  # fmt: skip  # in signature order
        across, out = np.empty(columns, np.float32), np.empty((3, columns), np.float32)
        for row in range(above, rows - below):
            smoothed_row(
                light[max(row - 1, 0)], light[row], light[min(row + 1, rows - 1)],
                turns[row], change[row], np.float32(1 / _ROUGH_TURNS), wrapped, across, out,
            )  # fmt: skip  # in signature order
            yield out

    def index(self, turns: NDArray[np.float64], change: NDArray[np.float32]) -> NDArray[np.int32]:
        """Return each sample's place in the stack of palettes."""
        footprint = np.clip(change * np.float32(_FOOTPRINT), 1 / TURN, 1)
        level = np.rint(np.log2(footprint * np.float32(TURN))).astype(np.int32)
        np.minimum(level, self._levels - 1, out=level)
        inside = np.isnan(turns)
        place = turns + self._layer.offset
        place -= np.floor(place)
        place[inside] = 0.0
        index = (place * TURN).astype(np.int32)
        np.minimum(index, TURN - 1, out=index)
        index += level * np.int32(TURN)
        index[inside] = len(self.table) - 1
        return index

    def turns(self, samples: Samples) -> NDArray[np.float64]:
        """Return each sample's place in the palette, in turns; NaN where nothing escaped."""
        if self._layer.by == "count":
            return self._turns_of_counts(samples.smooth)
        part = _PARTS[self._layer.by](samples, self._layer)
        turns = np.clip(np.asarray(part, np.float64), 0.0, _LAST_PLACE)
        return np.where(np.isnan(samples.smooth), np.nan, turns)

    def _turns_of_counts(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many turns of the palette a smooth count is from zero."""
        if self._tones is not None:
            scaled = self._tones.positions_of(smooth)
        elif self._layer.scale == "linear":
            scaled = smooth
        elif self._layer.scale == "sqrt":
            scaled = np.sqrt(np.maximum(smooth, 0.0))
        else:
            scaled = np.log2(np.maximum(smooth + LOG_SHIFT, 0.5))
        return np.asarray(scaled / self._layer.period)


def _tones_for(layer: Layer, look: Look) -> Tones | None:
    if layer.by != "count" or layer.scale not in FOUND_SCALES:
        return None
    assert look.tones is not None, "tones are found first"
    return look.tones.adaptive if layer.scale == "adaptive" else look.tones.histogram


def _traces(samples: Samples) -> Traces:
    assert samples.traces is not None
    return samples.traces


def _distance_part(samples: Samples, layer: Layer) -> NDArray[np.float32]:
    """Return 0 at the set, a half at the layer's period, 1 far away."""
    away = _traces(samples).log2_distance + np.float32(samples.log2_px - np.log2(layer.period))
    return np.asarray(1 / (1 + np.exp2(-np.clip(away, -60, 60))), np.float32)


def _told_apart(values: NDArray[Any], samples: Samples, mean: float) -> NDArray[Any]:
    """Return values that turn with the orbit's angle, levelled to their mean where they are noise.

    Such cells are about as large as the set is far away.
    """
    distance2 = np.exp2(2 * np.clip(_traces(samples).log2_distance, -30, 30))
    return mean + (values - mean) * (distance2 / (distance2 + _CELL_SAMPLES**2))


_PARTS: dict[By, Callable[[Samples, Layer], NDArray[Any]]] = {
    "distance": _distance_part,
    "stripes": lambda samples, _: _told_apart(_traces(samples).stripes, samples, 0.5),
    "trap": lambda samples, _: _told_apart(_traces(samples).trap, samples, _MEAN_TRAP),
    "decomposition": lambda samples, _: _told_apart(
        np.floor(2 * _traces(samples).phase), samples, 0.5
    ),
}


class _Inside:
    """What stays inside, coloured by the cycle that it is drawn to."""

    def __init__(self, look: Look) -> None:
        self._by_period = look.interior_by == "period"
        palette = (turn_from_palette if self._by_period else ramp_from_palette)(
            look.interior_palette
        )
        self._table = palette.astype(np.float32)

    def laid_on(
        self,
        light: NDArray[np.float32],
        traces: Traces,
        row: int,
        outside: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Return a row of light, shape (3, columns), with its inside coloured."""
        assert traces.period is not None
        assert traces.multiplier is not None
        period = traces.period[row].astype(np.float32)
        # Neighbouring periods lie far apart on the palette.
        place = period * _GOLDEN % 1.0 if self._by_period else traces.multiplier[row]
        entry = np.minimum((place * TURN).astype(np.int64), TURN - 1)
        own = (outside == 0) & (period > 0)
        return np.where(own, self._table[entry].T, light)


@lru_cache(maxsize=2)
def shader_of(look: Look) -> Shader:
    """Return the shader of a look, made once in a process."""
    return Shader(look)


def _change(turns: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest change to a neighbour across or down; 0 in the interior."""
    change = np.zeros(turns.shape, np.float32)
    across = np.abs(np.diff(turns, axis=1))
    down = np.abs(np.diff(turns, axis=0))
    # fmax passes over the NaN of a neighbour in the interior.
    for part, step in (
        (np.s_[:, 1:], across),
        (np.s_[:, :-1], across),
        (np.s_[1:], down),
        (np.s_[:-1], down),
    ):
        np.fmax(change[part], step, out=change[part])
    return change


def _with_neighbours(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each sample averaged with its neighbours, 1 2 1 across and down."""
    across = 2 * light
    across[:, 1:] += light[:, :-1]
    across[:, :-1] += light[:, 1:]
    across[:, 0] += light[:, 0]
    across[:, -1] += light[:, -1]
    both = 2 * across
    both[1:] += across[:-1]
    both[:-1] += across[1:]
    both[0] += across[0]
    both[-1] += across[-1]
    both *= np.float32(1 / 16)
    return both


def _seamed(
    averaged: NDArray[np.float64], width: int, seam: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a palette averaged over `width` entries, as far fallen to the seam's tone as it is."""
    change = width / (TURN * _FOOTPRINT * _SEAM_TURNS)
    kept = _SEAM_LEAST + (1 - _SEAM_LEAST) / (1 + change**_SEAM_POWER)
    return averaged * kept + seam * (1 - kept)


def _averaged(turn: NDArray[np.float64], width: int, closed: bool) -> NDArray[np.float64]:
    """Return a palette averaged over `width` entries about each; beyond its ends it goes on so."""
    if width == 1:
        return turn
    before, after = turn, turn
    if not closed:
        before, after = np.broadcast_to(turn[0], turn.shape), np.broadcast_to(turn[-1], turn.shape)
    ring = np.concatenate([before, turn, after])
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(ring, axis=0)])
    first = np.arange(len(turn)) + len(turn) - width // 2
    return np.asarray((total[first + width] - total[first]) / width)
