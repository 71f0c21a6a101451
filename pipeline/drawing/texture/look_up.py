"""Look-ups: the light of points in levels of textures, by the mean of four texels (numba)."""

import numpy as np

from pipeline.drawing.texture.polar import (
    ACROSS,
    BLUE,
    CORNER_0,
    CORNER_1,
    CORNER_2,
    CORNER_3,
    DEPTH,
    DETAIL,
    DOWN,
    GREEN,
    RED,
    TEXEL,
    TURNS,
)
from pipeline.drawing.texture.texels import (
    BLUE_MASK,
    GREEN_MASK,
    GREEN_SHIFT,
    NARROW,
    RED_SHIFT,
    WIDE,
)
from pipeline.kernels.jit import compiled

RED_UNIT = 1.0 / float(WIDE) ** 2
"""Light of red and green whose looked-up value is 1."""
BLUE_UNIT = 1.0 / float(NARROW) ** 2
"""The same of blue."""

_ZERO = np.float32(0)
_HALF = np.float32(0.5)
_ONE = np.float32(1)


@compiled
def look_up(
    texels, base, stride, across, from_left, down, from_top, share, share_detail, first, last,
    floats, words,
):  # fmt: skip  # the texture's level, the pixels' positions on it, their weights, the run
    """Add the light of one level to pixels `first` up to, not including, `last` of a run.

    A pixel's position on the level is column TURNS · across + from_left and row DEPTH · down +
    from_top, in texels; its weight is share + share_detail · DETAIL.
    """
    base = np.uint32(base)
    stride4 = np.uint32(stride)
    stride = np.uint64(stride)
    one = np.uint64(1)
    for x in range(np.uint64(first), np.uint64(last)):
        column = floats[TURNS + x] * across + from_left
        row = floats[DEPTH + x] * down + from_top
        i = np.int32(column)
        j = np.int32(row)
        floats[ACROSS + x] = column - np.float32(i)
        floats[DOWN + x] = row - np.float32(j)
        words[TEXEL + x] = np.uint32(base + np.uint32(j) * stride4 + np.uint32(i))
    # A loop of its own, since it cannot be vectorised, and would keep the rest from it.
    for x in range(np.uint64(first), np.uint64(last)):
        at = np.uint64(words[TEXEL + x])
        words[CORNER_0 + x] = texels[at]
        words[CORNER_1 + x] = texels[at + one]
        words[CORNER_2 + x] = texels[at + stride]
        words[CORNER_3 + x] = texels[at + stride + one]
    for x in range(np.uint64(first), np.uint64(last)):
        weight = share + share_detail * floats[DETAIL + x]
        low = floats[DOWN + x] * weight
        high = weight - low
        w3 = low * floats[ACROSS + x]
        w2 = low - w3
        w1 = high * floats[ACROSS + x]
        w0 = high - w1
        t0 = words[CORNER_0 + x]
        t1 = words[CORNER_1 + x]
        t2 = words[CORNER_2 + x]
        t3 = words[CORNER_3 + x]
        # By way of int32, which every processor converts to float; few convert uint32.
        c = np.float32(np.int32(t0 >> RED_SHIFT))
        light = w0 * c * c
        c = np.float32(np.int32(t1 >> RED_SHIFT))
        light += w1 * c * c
        c = np.float32(np.int32(t2 >> RED_SHIFT))
        light += w2 * c * c
        c = np.float32(np.int32(t3 >> RED_SHIFT))
        light += w3 * c * c
        floats[RED + x] += light
        c = np.float32(np.int32((t0 >> GREEN_SHIFT) & GREEN_MASK))
        light = w0 * c * c
        c = np.float32(np.int32((t1 >> GREEN_SHIFT) & GREEN_MASK))
        light += w1 * c * c
        c = np.float32(np.int32((t2 >> GREEN_SHIFT) & GREEN_MASK))
        light += w2 * c * c
        c = np.float32(np.int32((t3 >> GREEN_SHIFT) & GREEN_MASK))
        light += w3 * c * c
        floats[GREEN + x] += light
        c = np.float32(np.int32(t0 & BLUE_MASK))
        light = w0 * c * c
        c = np.float32(np.int32(t1 & BLUE_MASK))
        light += w1 * c * c
        c = np.float32(np.int32(t2 & BLUE_MASK))
        light += w2 * c * c
        c = np.float32(np.int32(t3 & BLUE_MASK))
        light += w3 * c * c
        floats[BLUE + x] += light


@compiled
def _look_up_band(
    texels, offsets, columns, rows, k, level, share, share_detail, a, z, floats, words
):
    """Add the light of a level of band `k` to pixels `a` up to, not including, `z` of a run."""
    wide = np.float32(columns[k, level])
    high = np.float32(rows[k, level])
    all_rows = np.float32(rows[k, 0])
    coarser = high / all_rows
    # The first sample is half a level 0 texel from the left; less half a texel of this level, whose
    # values are at texel centres, and with one texel of border.
    from_left = _HALF * wide / np.float32(columns[k, 0]) + _HALF
    from_top = (_HALF - np.float32(k) * all_rows) * coarser + _HALF
    look_up(
        texels, offsets[k, level], columns[k, level] + 2, wide, from_left, high, from_top, share,
        share_detail, a, z, floats, words,
    )  # fmt: skip  # in signature order


@compiled
def look_up_bands(texels, offsets, columns, rows, k, step, first, last, floats, words):
    """Add the light of pixels in band `k`: an even `step` is a level, an odd one between two."""
    level = step // 2
    if step % 2 == 0:
        _look_up_band(
            texels, offsets, columns, rows, k, level, _ONE, _ZERO, first, last, floats, words
        )
        return
    finer = np.float32(level)
    _look_up_band(
        texels, offsets, columns, rows, k, level, finer + _ONE, -_ONE, first, last, floats, words
    )
    _look_up_band(
        texels, offsets, columns, rows, k, level + 1, -finer, _ONE, first, last, floats, words
    )


@compiled
def _texel_light(texels, at, weight, light):
    texel = texels[at]
    red = np.float64(texel >> RED_SHIFT)
    green = np.float64((texel >> GREEN_SHIFT) & GREEN_MASK)
    blue = np.float64(texel & BLUE_MASK)
    light[0] += weight * red * red
    light[1] += weight * green * green
    light[2] += weight * blue * blue


@compiled
def add_point(texels, offsets, columns, rows, depth, turns, detail, weight, light):
    """Add the light of one point of a band to `light`, red, green and blue, in scalar code."""
    levels = columns.shape[1]
    k = min(int(depth), rows.shape[0] - 1)
    detail = min(max(detail, 0.0), levels - 1.0)
    finer = min(int(detail), max(levels - 2, 0))
    for level in range(finer, min(finer + 2, levels)):
        share = weight * max(0.0, 1.0 - abs(detail - level))
        column = turns * columns[k, level] + 0.5 * columns[k, level] / columns[k, 0] + 0.5
        part = min(depth - k, 1.0 - 1e-6)
        row = (part * rows[k, 0] + 0.5) * (rows[k, level] / rows[k, 0]) + 0.5
        i = int(column)
        j = int(row)
        across = column - i
        down = row - j
        stride = columns[k, level] + 2
        at = offsets[k, level] + j * stride + i
        _texel_light(texels, at, share * (1 - across) * (1 - down), light)
        _texel_light(texels, at + 1, share * across * (1 - down), light)
        _texel_light(texels, at + stride, share * (1 - across) * down, light)
        _texel_light(texels, at + stride + 1, share * across * down, light)
