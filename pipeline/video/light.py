"""The light level of an HDR10 video, measured from the frames that are encoded.

Notes
-----
CTA-861.3, annex A: the light of a pixel is that of the brightest of its red, green and blue. MaxCLL
is the largest of all pixels, MaxFALL the largest of the means of all frames.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.video.encoding import Encoding
from pipeline.video.pq import nits_from_pq

# Ten bits, limited range: BT.2100-2, table 9.
_BLACK, _NEUTRAL = 64, 512
_LUMA_STEPS, _CHROMA_STEPS = 876, 896
# R' - Y', B' - Y' and G' - Y' of BT.2020: table 4, solved for R', G' and B'.
_RED_CR, _BLUE_CB = 1.4746, 1.8814
_GREEN_CB, _GREEN_CR = -0.16455, -0.57135
# Steps of the table per step of luma.
_FINER = 4
# Rows that are measured at once: what is computed of them stays in the processor's cache.
_ROWS = 32


@dataclass(frozen=True, slots=True)
class Light:
    """The light level of a video, in nits (cd/m²), rounded up."""

    most_nits: int
    """MaxCLL: that of the brightest pixel."""
    frame_nits: int
    """MaxFALL: the mean of the brightest frame."""

    @staticmethod
    def of_all(lights: Iterable["Light"]) -> "Light":
        """Return the light level of a video from those of its parts."""
        found = list(lights)
        return Light(
            max(light.most_nits for light in found), max(light.frame_nits for light in found)
        )


class LightMeter:
    """Measures the frames of a part of a video, in the encoder's pixel format."""

    def __init__(self, encoding: Encoding) -> None:
        assert encoding.white_nits is not None
        assert encoding.bits == 10
        self._encoding = encoding
        self._white_nits = encoding.white_nits
        values = np.arange(_LUMA_STEPS * _FINER + 1) / (_LUMA_STEPS * _FINER)
        # Nothing was drawn brighter than white: what is comes of chroma that pixels share.
        self._nits = np.minimum(nits_from_pq(values), self._white_nits).astype(np.float32)
        self._most = self._frame = 0.0

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Measure a frame, given as the bytes of its planes, shape (frame_bytes,)."""
        encoding = self._encoding
        across, down = encoding.chroma_step
        columns, rows = encoding.columns // across, encoding.rows // down
        samples = frame.view("<u2")
        luma = samples[: encoding.columns * encoding.rows].reshape(rows, down, columns, across)
        chroma = samples[luma.size :].reshape(2, rows, columns)
        total = 0.0
        for first in range(0, rows, _ROWS):
            part = slice(first, first + _ROWS)
            above = _above_luma(chroma[0, part], chroma[1, part])
            index = luma[part].astype(np.int32) - _BLACK
            index *= _FINER
            index += above[:, None, :, None]
            np.clip(index, 0, len(self._nits) - 1, out=index)
            nits = np.take(self._nits, index)
            self._most = max(self._most, float(nits.max()))
            total += float(nits.sum(dtype=np.float64))
        self._frame = max(self._frame, total / luma.size)

    @property
    def light(self) -> Light:
        """The light level of all frames so far."""
        return Light(_rounded_up(self._most), _rounded_up(self._frame))


def _above_luma(blue: NDArray[np.uint16], red: NDArray[np.uint16]) -> NDArray[np.int32]:
    """Return by how much the brightest of R', G' and B' exceeds Y', in steps of the table."""
    scale = np.float32(_FINER * _LUMA_STEPS / _CHROMA_STEPS)
    cb = (blue.astype(np.float32) - _NEUTRAL) * scale
    cr = (red.astype(np.float32) - _NEUTRAL) * scale
    green = _GREEN_CB * cb + _GREEN_CR * cr
    above = np.maximum(np.maximum(_RED_CR * cr, _BLUE_CB * cb), green)
    return np.asarray(np.rint(above), np.int32)


def _rounded_up(nits: float) -> int:
    # The table's last digits are no light.
    return math.ceil(round(nits, 3))
