"""Light to Y'CbCr or RGB samples in compiled code: the work of `picture.draw_tile_numpy`."""

import numpy as np

from pipeline.kernels.jit import compiled

ROOT_STEPS = 8191
"""Number of steps of the square root of light by which signal values are looked up."""

_HALF = np.float32(0.5)
_QUARTER = np.float32(0.25)
_TWO = np.float32(2)


@compiled
def signal_rows(light, roots, kr, kb, blue_scale, red_scale, luma, blue, red):
    """Fill luma and the scaled colour differences of some rows, float32 of shape (rows, columns).

    `light` has shape (rows, 3, columns), `roots` holds the signal for each step of the root of
    light, `kr` and `kb` are the weights of red and blue in luma.
    """
    rows, _, columns = light.shape
    steps = np.float32(ROOT_STEPS)
    entry = np.empty((3, columns), np.int32)
    srgb = np.empty((3, columns), np.float32)
    kg = np.float32(1) - kr - kb
    for row in range(rows):
        for channel in range(3):
            source = light[row, channel]
            places = entry[channel]
            for i in range(columns):
                root = np.sqrt(min(max(source[i], np.float32(0)), np.float32(1)))
                places[i] = np.int32(root * steps + _HALF)
            values = srgb[channel]
            for i in range(columns):
                values[i] = roots[np.uint32(places[i])]
        r = srgb[0]
        g = srgb[1]
        b = srgb[2]
        y = luma[row]
        u = blue[row]
        v = red[row]
        for i in range(columns):
            bright = kr * r[i] + kg * g[i] + kb * b[i]
            y[i] = bright
            u[i] = (b[i] - bright) * blue_scale
            v[i] = (r[i] - bright) * red_scale


@compiled
def value_rows(light, roots, values):
    """Fill `values`, float32 of shape (3, rows, columns), with the signal of light by `roots`."""
    rows, _, columns = light.shape
    steps = np.float32(ROOT_STEPS)
    places = np.empty(columns, np.int32)
    for row in range(rows):
        for channel in range(3):
            source = light[row, channel]
            for i in range(columns):
                root = np.sqrt(min(max(source[i], np.float32(0)), np.float32(1)))
                places[i] = np.int32(root * steps + _HALF)
            out = values[channel, row]
            for i in range(columns):
                out[i] = roots[np.uint32(places[i])]


@compiled
def luma_rows(
    luma, dither, first_row, first, scale, offset, lowest, highest, out
):  # fmt: skip  # the signal, how its samples are made, where they go
    """Fill dithered samples of luma, or of a colour, from column `first` of each row of `out` on.

    `first_row` is the picture's row of the first one; the rows of `dither` repeat.
    """
    columns = slice(first, first + luma.shape[1])
    for row in range(luma.shape[0]):
        y = luma[row]
        d = dither[(first_row + row) % dither.shape[0]][columns]
        o = out[row][columns]
        for i in range(y.size):
            value = np.floor(y[i] * scale + d[i] + offset + _HALF)
            o[i] = np.int32(min(max(value, lowest), highest))


@compiled
def chroma_rows(
    chroma, before, across, down, first, scale, offset, lowest, highest, out
):  # fmt: skip  # the signal, how its samples are made, where they go
    """Fill samples of a colour difference, from sample `first` of each row of `out` on.

    `across` by `down` pixels share a sample, which is sited left; `before` holds the values of the
    column left of these, one per row of pixels.
    """
    line = np.empty(chroma.shape[1], np.float32)
    share = np.float32(1.0 / down)
    for row in range(out.shape[0]):
        line[:] = np.float32(0)
        left = np.float32(0)
        for part in range(down):
            source = chroma[row * down + part]
            left += before[row * down + part] * share
            for i in range(source.size):
                line[i] += source[i] * share
        o = out[row][first : first + chroma.shape[1] // across]
        if across == 1:
            for i in range(o.size):
                value = np.floor((line[i] + offset) * scale + _HALF)
                o[i] = np.int32(min(max(value, lowest), highest))
            continue
        for i in range(o.size):
            odd = line[2 * i - 1] if i > 0 else left
            mixed = (odd + _TWO * line[2 * i] + line[2 * i + 1]) * _QUARTER
            value = np.floor((mixed + offset) * scale + _HALF)
            o[i] = np.int32(min(max(value, lowest), highest))
