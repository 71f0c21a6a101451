"""The Julia set of a point, small: what the surroundings of that point look like."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import DEFAULT_PERIOD, Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import shader_of
from pipeline.drawing.picture import rgb8_from_light
from pipeline.kernels.jit import compiled

COLUMNS, ROWS = 264, 176
_SAMPLES = 2
_WIDTH = 3.6
_MAXITER = 400
_FAR2 = 1e6


def julia_picture(c: complex, look: Look) -> NDArray[np.uint8]:
    """Return the Julia set of z² + c as 8-bit sRGB, coloured by the palette of a look."""
    columns, rows = _SAMPLES * COLUMNS, _SAMPLES * ROWS
    smooth = np.empty((rows, columns))
    count_julia(c.real, c.imag, _WIDTH / columns, _MAXITER, _FAR2, smooth)
    plain = replace(
        look, by="count", scale="log", period=DEFAULT_PERIOD["log"], light=None, fog=None,
        layers=(), interior_by="colour", moments=(), cycle=0.0, tones=None,
    )  # fmt: skip  # one call
    light = shader_of(plain).pixels(Samples(smooth), _SAMPLES)
    return rgb8_from_light(light.transpose(0, 2, 1), 0)


@compiled
def count_julia(c_re, c_im, spacing, maxiter, far2, smooth):  # type: ignore[no-untyped-def]
    """Fill `smooth`, shape (rows, columns), with smooth counts about 0; NaN where none escapes."""
    rows, columns = smooth.shape
    for row in range(rows):
        for column in range(columns):
            re = (column + 0.5 - 0.5 * columns) * spacing
            im = (0.5 * rows - row - 0.5) * spacing
            smooth[row, column] = math.nan
            for step in range(maxiter):
                norm2 = re * re + im * im
                if norm2 > far2:
                    smooth[row, column] = step + 1.0 - math.log2(0.5 * math.log2(norm2))
                    break
                re, im = re * re - im * im + c_re, 2.0 * re * im + c_im
