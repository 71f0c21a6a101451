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
from pipeline.drawing.texture.look_up import BLUE_UNIT, RED_UNIT, add_point, look_up, look_up_bands
from pipeline.drawing.texture.polar import (
    BLUE,
    CLASS,
    DEPTH,
    DETAIL,
    GREEN,
    RED,
    RIGHT,
    RUN,
    RUN_SIZE,
    TURNS,
    UP,
    to_polar,
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
            add_point(
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
        look_up(
            texels, offsets[level], sides[level] + 2, scale, middle, -scale, middle, share, _ZERO,
            first, last, floats, words,
        )  # fmt: skip  # in signature order


@compiled
def _sort(count, top, innermost, edge2, detail, levels, floats, ints):
    """Fill the class of each pixel of a run, which says where its light is looked up.

    A class is _CORE, _CENTER, or band · 2 levels + step (see `look_up_bands`). DETAIL becomes the
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
                    look_up_bands(
                        texels, offsets, columns, rows, group // (2 * levels),
                        group % (2 * levels), a, z, floats, words,
                    )  # fmt: skip  # in signature order
                a = z
            for p in range(count):
                at = np.uint64(p)
                light[row, 0, start + p] += floats[RED + at] * np.float32(RED_UNIT)
                light[row, 1, start + p] += floats[GREEN + at] * np.float32(RED_UNIT)
                light[row, 2, start + p] += floats[BLUE + at] * np.float32(BLUE_UNIT)
