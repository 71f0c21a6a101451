"""Pictures drawn from textures: every pixel is the mean of the texels that it covers (numba).

The light of a pixel is looked up in the level of detail whose texels are as large as the pixel, or
in the two levels between which its size is, from the four texels around it (trilinear filtering).

Notes
-----
L. Williams, "Pyramidal parametrics", SIGGRAPH 1983.
"""

import math

import numpy as np

from pipeline.drawing.texture.layout import SHARPER_LEVELS
from pipeline.drawing.texture.polar import (
    ACROSS,
    BLUE,
    CLASS,
    CORNER_0,
    CORNER_1,
    CORNER_2,
    CORNER_3,
    DEPTH,
    DETAIL,
    DOWN,
    GREEN,
    RED,
    RIGHT,
    RUN,
    RUN_SIZE,
    TEXEL,
    TURNS,
    UP,
    to_polar,
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

# Two levels are mixed only in this fraction of the interval between them: nobody sees where, and
# the rest takes half the time.
_BLENDED = 0.5
_NEAR = np.float32(0.5 - _BLENDED / 2)
# Pixels that are larger than the coarsest level's texels are subdivided, each side into at most
# this many.
_MOST_CUTS = 16

_CORE = np.int32(-1)
_CENTER = np.int32(-2)
_ZERO = np.float32(0)
_HALF = np.float32(0.5)
_ONE = np.float32(1)
_RED_UNIT = 1.0 / float(WIDE) ** 2
_BLUE_UNIT = 1.0 / float(NARROW) ** 2


@compiled
def _look_up(
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
    _look_up(
        texels, offsets[k, level], columns[k, level] + 2, wide, from_left, high, from_top, share,
        share_detail, a, z, floats, words,
    )  # fmt: skip  # in signature order


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
def _add_point(texels, offsets, columns, rows, depth, turns, detail, weight, light):
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


@compiled
def _cut_pixel(texels, offsets, columns, rows, innermost, right, up, top, detail_px, light):
    """Add the light of a pixel near the target, the mean of many points.

    `right` and `up` are its offsets from the target in pixels, `detail_px` the radius, in pixels,
    at which pixels are as large as the coarsest level's texels.
    """
    radius = max(math.hypot(right, up), 1e-3)
    cuts = min(_MOST_CUTS, math.ceil(2.0 * detail_px / radius))
    coarsest = columns.shape[1] - 1.0
    for j in range(cuts):
        for i in range(cuts):
            x = right + (i + 0.5) / cuts - 0.5
            y = up + (j + 0.5) / cuts - 0.5
            size = math.log2(max(math.hypot(x, y), 1e-4))
            turns = math.atan2(y, x) / (2.0 * math.pi)
            turns = turns if turns >= 0.0 else turns + 1.0
            depth = min(max(top - size, 0.0), innermost)
            detail = coarsest + math.log2(detail_px / cuts) - size
            _add_point(
                texels, offsets, columns, rows, depth, turns, detail, 1.0 / (cuts * cuts), light
            )


@compiled
def _cut_pixels(texels, offsets, columns, rows, innermost, top, detail_px, first, last, floats):
    """Set the light of pixels near the target, each subdivided."""
    light = np.empty(3)
    for p in range(first, last):
        at = np.uint64(p)
        light[:] = 0.0
        _cut_pixel(
            texels, offsets, columns, rows, innermost, np.float64(floats[RIGHT + at]),
            np.float64(floats[UP + at]), top, detail_px, light,
        )  # fmt: skip  # in signature order
        floats[RED + at] = light[0]
        floats[GREEN + at] = light[1]
        floats[BLUE + at] = light[2]


@compiled
def _look_up_core(texels, offsets, sides, core_px, first, last, floats, words):
    """Add the light of pixels within the core, whose offsets in pixels are in TURNS and DEPTH."""
    levels = sides.size
    detail = min(max(-math.log2(core_px) + SHARPER_LEVELS, 0.0), levels - 1.0)
    finer = min(int(detail), max(levels - 2, 0))
    for level in range(finer, min(finer + 2, levels)):
        scale = np.float32(sides[level] / (sides[0] * core_px))
        middle = _HALF * np.float32(sides[level]) + _HALF
        share = np.float32(detail - finer if level > finer else 1.0 - (detail - finer))
        _look_up(
            texels, offsets[level], sides[level] + 2, scale, middle, -scale, middle, share, _ZERO,
            first, last, floats, words,
        )  # fmt: skip  # in signature order


@compiled
def _look_up_bands(texels, offsets, columns, rows, k, step, first, last, floats, words):
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
def _sort(count, top, innermost, edge2, detail, levels, floats, ints):
    """Fill the class of each pixel of a run, which says where its light is looked up.

    A class is _CORE, _CENTER, or band · 2 levels + step (see `_look_up_bands`). DETAIL becomes the
    level of detail, and all light 0.
    """
    coarsest = np.float32(levels - 1)
    for p in range(np.uint64(count)):
        depth = min(max(floats[DEPTH + p], _ZERO), innermost)
        floats[DETAIL + p] = floats[DEPTH + p] - top
        floats[DEPTH + p] = depth
        ints[CLASS + p] = np.int32(depth)
    # A loop of its own, since it cannot be vectorised.
    for p in range(np.uint64(count)):
        floats[DETAIL + p] += detail[np.uint64(ints[CLASS + p])]
    for p in range(np.uint64(count)):
        size = floats[DETAIL + p]
        level = np.int32(max(size, _ZERO))
        between = (max(size, _ZERO) - np.float32(level) - _NEAR) * np.float32(1 / _BLENDED)
        step = np.int32(2) * level + np.int32(between > _ZERO) + np.int32(between >= _ONE)
        group = ints[CLASS + p] * np.int32(2 * levels) + step
        group = _CENTER if size >= coarsest else group
        right = floats[RIGHT + p]
        up = floats[UP + p]
        core = right * right + up * up < edge2
        ints[CLASS + p] = _CORE if core else group
        floats[DETAIL + p] = np.float32(level) + between
        floats[TURNS + p] = right if core else floats[TURNS + p]
        floats[DEPTH + p] = up if core else floats[DEPTH + p]
        floats[RED + p] = _ZERO
        floats[GREEN + p] = _ZERO
        floats[BLUE + p] = _ZERO


@compiled
def add_light(
    texels, offsets, columns, rows, innermost, core_offsets, core_sides, core_px, edge_px, top,
    x, y, turn, light,
):  # fmt: skip  # the textures, the position of the zoom, the picture
    """Add the light of a tile of a picture, as a zoom's textures show it.

    Parameters
    ----------
    texels : ndarray of uint32, one-dimensional
        The atlas.
    offsets, columns, rows : ndarray of int64, shape (bands, levels)
        For each band, from the outermost inwards, and each of its levels: where its border begins
        in the atlas, and its size without the border, in texels.
    innermost : float
        Depth, in octaves below the outermost ring, to which the bands can be looked up.
    core_offsets, core_sides : ndarray of int64, shape (levels,)
        The same for the core's levels; empty where the core is not needed.
    core_px : float
        Distance between the core's samples, in pixels.
    edge_px : float
        Radius within which the core is shown, in pixels; 0 for none.
    top : float
        log2 of the outermost ring's radius in pixels.
    x, y : float
        Position of the target: columns from the left and rows from the top of the tile.
    turn : float
        Rotation of the picture, in radians.
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light of the tile, to which that of the zoom is added.
    """
    floats = np.empty(RUN_SIZE, np.float32)
    ints = floats.view(np.int32)
    words = floats.view(np.uint32)
    bands, levels = columns.shape
    cosine = np.float32(math.cos(turn))
    sine = np.float32(math.sin(turn))
    # log2 of the number of level 0 texels that a pixel covers at a radius of one pixel, per band.
    detail = np.empty(bands, np.float32)
    for k in range(bands):
        detail[k] = np.float32(math.log2(columns[k, 0] / (2.0 * math.pi)) + SHARPER_LEVELS)
    detail_px = 2.0 ** (np.float64(detail[bands - 1]) - (levels - 1))
    edge2 = np.float32(edge_px * edge_px)
    # Runs below each other in turn: a ring's texels are adjacent, and neighbouring rows share them.
    for start in range(0, light.shape[2], RUN):
        count = min(RUN, light.shape[2] - start)
        for row in range(light.shape[0]):
            up = np.float32(y - (row + 0.5))
            to_polar(
                count, np.float32(start + 0.5 - x), up, cosine, sine, np.float32(top), floats, ints
            )
            _sort(
                count, np.float32(top), np.float32(innermost), edge2, detail, levels, floats, ints
            )
            a = 0
            while a < count:
                group = ints[CLASS + np.uint64(a)]
                z = a + 1
                while z < count and ints[CLASS + np.uint64(z)] == group:
                    z += 1
                if group == _CORE:
                    _look_up_core(texels, core_offsets, core_sides, core_px, a, z, floats, words)
                elif group == _CENTER:
                    _cut_pixels(
                        texels, offsets, columns, rows, innermost, top, detail_px, a, z, floats
                    )
                else:
                    _look_up_bands(
                        texels, offsets, columns, rows, group // (2 * levels),
                        group % (2 * levels), a, z, floats, words,
                    )  # fmt: skip  # in signature order
                a = z
            for p in range(count):
                at = np.uint64(p)
                light[row, 0, start + p] += floats[RED + at] * np.float32(_RED_UNIT)
                light[row, 1, start + p] += floats[GREEN + at] * np.float32(_RED_UNIT)
                light[row, 2, start + p] += floats[BLUE + at] * np.float32(_BLUE_UNIT)
