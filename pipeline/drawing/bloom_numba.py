"""Bloom added to light in compiled code: the work of `bloom.add_spread_numpy`."""

import numpy as np

from pipeline.kernels.jit import compiled

_HALF = np.float32(0.5)


@compiled
def add_spread(spread, factor, part, first_row, first_column, light):
    """Mix light with light that spreads, looked up between pixels of a small picture (bilinear).

    Parameters
    ----------
    spread : ndarray of float32, shape (3, small rows + 2, small columns + 2)
        Linear light that spreads, over the whole frame and an edge around it.
    factor : int
        Pixels of the frame along each side of a small one.
    part : float32
        Weight of the light that spreads.
    first_row, first_column : int
        Position of the tile in the frame.
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light of the tile, changed in place.
    """
    rows, _, columns = light.shape
    wide = spread.shape[2]
    step = np.float32(1.0 / factor)
    line = np.empty(wide, np.float32)
    left = np.empty(columns, np.int32)
    weight = np.empty(columns, np.float32)
    for i in range(columns):
        position = (np.float32(first_column + i) + _HALF) * step + _HALF
        left[i] = np.int32(position)
        weight[i] = position - np.float32(left[i])
    for row in range(rows):
        position = (np.float32(first_row + row) + _HALF) * step + _HALF
        above = int(position)
        down = position - np.float32(above)
        for channel in range(3):
            upper = spread[channel, above]
            lower = spread[channel, above + 1]
            for i in range(wide):
                line[i] = upper[i] + down * (lower[i] - upper[i])
            out = light[row, channel]
            for i in range(columns):
                at = np.uint32(left[i])
                between = line[at] + weight[i] * (line[at + np.uint32(1)] - line[at])
                out[i] += part * (between - out[i])
