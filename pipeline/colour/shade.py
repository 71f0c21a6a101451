"""From smooth counts to the light of each pixel, averaged over its samples in linear light."""

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Look
from pipeline.colour.oklab import linear_from_srgb
from pipeline.colour.palette import TURN, turn_from_palette

# Smooth counts reach a little below 0 outside the disc of radius 2 (-2.4 at |c| = 1000).
_LOG_SHIFT = 4.0
# The widest footprint, in turns: what varies faster than this shows the palette's mean.
_WIDEST_TURNS = 1.0


class Shader:
    """Turns smooth counts into light for one look; made once, used for every picture.

    Where counts change fast from sample to sample, as they do beside the boundary, a single
    colour would be noise. Each sample therefore shows the palette averaged over the part of a
    turn that lies between it and its neighbours, from a stack of ever smoother palettes.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        turn = turn_from_palette(look.palette)
        self._levels = int(np.log2(TURN)) + 1
        smoothed = np.concatenate([_averaged(turn, 1 << level) for level in range(self._levels)])
        interior = linear_from_srgb(np.array(look.interior) / 255.0)
        self._light = np.concatenate([smoothed, interior[None]]).astype(np.float32)
        self._interior_index = len(smoothed)

    def light(
        self,
        smooth: NDArray[np.float64],
        seconds: float,
        supersample: int,
        above: bool,
        below: bool,
    ) -> NDArray[np.float32]:
        """Return the linear light of pixels.

        Parameters
        ----------
        smooth : ndarray of float64, shape (rows, columns)
            Smooth counts of the samples; NaN where nothing escaped.
        seconds : float
            The frame's time, for a palette that moves.
        supersample : int
            Samples along each side of a pixel.
        above, below : bool
            Whether the first or last row of samples belongs to a neighbour, and is only there
            to tell how fast the counts change.

        Returns
        -------
        ndarray of float32, shape (pixel rows, pixel columns, 3)
            0 to 1.
        """
        index = self._index(smooth, seconds)
        index = index[1 if above else 0 : -1 if below else None]
        light = np.take(self._light, index, axis=0)
        if supersample == 1:
            return light
        rows, columns = index.shape[0] // supersample, index.shape[1] // supersample
        blocks = light.reshape(rows, supersample, columns, supersample, 3)
        return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))

    def _index(self, smooth: NDArray[np.float64], seconds: float) -> NDArray[np.int32]:
        """Return each sample's place in the stack of palettes."""
        inside = np.isnan(smooth)
        turns = self._turns(smooth)
        footprint = np.zeros(turns.shape, np.float32)
        across = np.abs(np.diff(turns, axis=1))
        down = np.abs(np.diff(turns, axis=0))
        # fmax passes over the NaN of a neighbour in the interior.
        for part, change in (
            (np.s_[:, 1:], across),
            (np.s_[:, :-1], across),
            (np.s_[1:], down),
            (np.s_[:-1], down),
        ):
            np.fmax(footprint[part], change, out=footprint[part])
        np.clip(footprint, 1 / TURN, _WIDEST_TURNS, out=footprint)
        level = np.rint(np.log2(footprint * np.float32(TURN))).astype(np.int32)
        np.minimum(level, self._levels - 1, out=level)
        turns += self._look.offset + self._look.cycle * seconds
        turns -= np.floor(turns)
        turns[inside] = 0.0
        index = (turns * TURN).astype(np.int32)
        np.minimum(index, TURN - 1, out=index)
        index += level * np.int32(TURN)
        index[inside] = self._interior_index
        return index

    def _turns(self, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many turns of the palette a smooth count is from zero."""
        if self._look.scale == "linear":
            scaled = smooth
        elif self._look.scale == "sqrt":
            scaled = np.sqrt(np.maximum(smooth, 0.0))
        else:
            scaled = np.log2(np.maximum(smooth + _LOG_SHIFT, 0.5))
        return np.asarray(scaled / self._look.period)


def _averaged(turn: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return a closed turn averaged over `width` entries about each."""
    if width == 1:
        return turn
    ring = np.concatenate([turn, turn, turn])
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(ring, axis=0)])
    first = np.arange(len(turn)) + len(turn) - width // 2
    return np.asarray((total[first + width] - total[first]) / width)
