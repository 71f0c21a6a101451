"""Pictures of other projections drawn from textures, as `reproject` draws flat ones (numba)."""

import math

import numpy as np

from pipeline.drawing.texture.layout import SHARPER_LEVELS
from pipeline.drawing.texture.lens import COVER, LENS_SIZE, TUNNEL, fill_run, point_at
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
    SIZE,
    TURNS,
    UP,
)
from pipeline.kernels.jit import compiled

# As in `reproject`.
_BLENDED = 0.5
_NEAR = np.float32(0.5 - _BLENDED / 2)
_MOST_CUTS = 16

# Classes of pixels below those of bands: outside the circle; subdivided; and of the core, of which
# each step has a class of its own, downwards from the last.
_OUTSIDE = np.int32(-1)
_CUT = np.int32(-2)
_CORE = np.int32(-3)
_ZERO = np.float32(0)
_HALF = np.float32(0.5)
_ONE = np.float32(1)


@compiled
def _sort(
    count, kind, top, innermost, edge, core, core_levels, detail, levels, floats, ints
):  # fmt: skip  # the run, the zoom, the levels
    """Fill the class of each pixel of a run: where its light is looked up, see `reproject._sort`.

    DETAIL becomes the level of detail, and all light 0. `core` is log2 of the distance between the
    core's samples, less SHARPER_LEVELS.
    """
    # A tunnel has no pixels to subdivide: a row is everywhere as fine.
    coarsest = np.float32(levels - 1 if kind != TUNNEL else 1000)
    most = np.float32(levels - 1)
    core_most = np.float32(core_levels - 1)
    edge2 = np.float32(edge * edge)
    for p in range(np.uint64(count)):
        depth = min(max(floats[DEPTH + p], _ZERO), innermost)
        # The size of a pixel itself, before it is that of a texel.
        floats[SIZE + p] = floats[DETAIL + p] + top - floats[DEPTH + p] - core
        floats[DEPTH + p] = depth
        ints[CLASS + p] = np.int32(depth)
    for p in range(np.uint64(count)):
        floats[DETAIL + p] += detail[np.uint64(ints[CLASS + p])]
    for p in range(np.uint64(count)):
        right = floats[RIGHT + p]
        up = floats[UP + p]
        in_core = right * right + up * up < edge2
        whole = min(max(floats[SIZE + p], _ZERO), core_most)
        banded = min(max(floats[DETAIL + p], _ZERO), most)
        cut = floats[DETAIL + p] >= coarsest
        size = whole if in_core else banded
        level = np.int32(size)
        between = (size - np.float32(level) - _NEAR) * np.float32(1 / _BLENDED)
        step = np.int32(2) * level + np.int32(between > _ZERO) + np.int32(between >= _ONE)
        group = _CUT if cut else ints[CLASS + p] * np.int32(2 * levels) + step
        group = _CORE - step if in_core else group
        ints[CLASS + p] = _OUTSIDE if floats[COVER + p] <= _ZERO else group
        floats[SIZE + p] = floats[DETAIL + p] - most
        floats[DETAIL + p] = np.float32(level) + between
        floats[TURNS + p] = right if in_core else floats[TURNS + p]
        floats[DEPTH + p] = up if in_core else floats[DEPTH + p]
        floats[RED + p] = _ZERO
        floats[GREEN + p] = _ZERO
        floats[BLUE + p] = _ZERO


@compiled
def _look_up_core(texels, offsets, sides, spacing, step, first, last, floats, words):
    """Add the light of pixels in the core, whose offsets are in TURNS and DEPTH.

    `step` is as in `look_up_bands`.
    """
    finer = step // 2
    for level in range(finer, finer + 1 + step % 2):
        scale = np.float32(sides[level] / (sides[0] * spacing))
        middle = _HALF * np.float32(sides[level]) + _HALF
        share, share_detail = _ONE, _ZERO
        if step % 2:
            share = np.float32(finer + 1) if level == finer else -np.float32(finer)
            share_detail = -_ONE if level == finer else _ONE
        look_up(
            texels, offsets[level], sides[level] + 2, scale, middle, -scale, middle, share,
            share_detail, first, last, floats, words,
        )  # fmt: skip  # in signature order


@compiled
def _cut_pixels(
    texels, offsets, columns, rows, innermost, top, detail, kind, lens, x, y, turn, column, row,
    first, last, floats,
):  # fmt: skip  # the textures, the projection, the run
    """Set the light of pixels that are larger than the coarsest texels, each the mean of points.

    They lie around the target, and straight behind the viewer.
    """
    light = np.empty(3)
    cosine, sine = math.cos(turn), math.sin(turn)
    for p in range(first, last):
        at = np.uint64(p)
        cuts = int(min(_MOST_CUTS, math.ceil(2.0 ** (min(floats[SIZE + at], 20.0) + 1.0))))
        light[:] = 0.0
        for j in range(cuts):
            for i in range(cuts):
                right, up, pixel, seen = point_at(
                    kind, lens[0], lens[1], column + p + (i + 0.5) / cuts - 0.5,
                    row + (j + 0.5) / cuts - 0.5,
                )  # fmt: skip  # in signature order
                right, up = right - x, up - y
                right, up = right * cosine - up * sine, right * sine + up * cosine
                size = math.log2(max(math.hypot(right, up), 1e-10))
                turns = math.atan2(up, right) / (2.0 * math.pi)
                turns = turns if turns >= 0.0 else turns + 1.0
                depth = min(max(top - size, 0.0), innermost)
                level = detail[int(depth)] + math.log2(pixel / cuts) - size
                if seen:
                    add_point(
                        texels, offsets, columns, rows, depth, turns, level, 1.0 / (cuts * cuts),
                        light,
                    )  # fmt: skip  # in signature order
        floats[RED + at] = light[0]
        floats[GREEN + at] = light[1]
        floats[BLUE + at] = light[2]


@compiled
def _add(count, floats, light):
    """Add the light of a run to that of a row, shape (3, columns)."""
    for p in range(count):
        at = np.uint64(p)
        cover = floats[COVER + at]
        light[0, p] += cover * floats[RED + at] * np.float32(RED_UNIT)
        light[1, p] += cover * floats[GREEN + at] * np.float32(RED_UNIT)
        light[2, p] += cover * floats[BLUE + at] * np.float32(BLUE_UNIT)


@compiled
def add_projected_light(
    texels, offsets, columns, rows, innermost, core_offsets, core_sides, log2_core, edge, top, kind,
    picture_columns, picture_rows, first_column, first_row, x, y, turn, light,
):  # fmt: skip  # the textures, the projection, the position of the zoom, the picture
    """Add the light of a tile of a picture, as a zoom's textures show it in a projection.

    Parameters
    ----------
    texels, offsets, columns, rows, innermost, core_offsets, core_sides
        As `reproject.add_light` takes them.
    log2_core : float
        log2 of the distance between the core's samples, in widths.
    edge : float
        Radius within which the core is shown, in widths; 0 for none.
    top : float
        log2 of the outermost ring's radius in widths.
    kind : int
        The projection, one of KINDS.
    picture_columns, picture_rows : int
        Size of the whole picture.
    first_column, first_row : int
        Position of the tile in the picture.
    x, y : float
        Offset of the target from the point looked at, to the right and upwards, in widths.
    turn : float
        Rotation of the picture, in radians.
    light : ndarray of float32, shape (rows, 3, columns)
        Linear light of the tile, to which that of the zoom is added.
    """
    floats = np.empty(LENS_SIZE, np.float32)
    ints = floats.view(np.int32)
    words = floats.view(np.uint32)
    lens = float(picture_columns), float(picture_rows)
    bands, levels = columns.shape
    # log2 of the number of level 0 texels of a ring, over 2π.
    detail = np.empty(bands, np.float32)
    for k in range(bands):
        detail[k] = np.float32(math.log2(columns[k, 0] / (2.0 * math.pi)) + SHARPER_LEVELS)
    sines, cosines = np.empty(RUN, np.float32), np.empty(RUN, np.float32)
    for start in range(0, light.shape[2], RUN):
        count = min(RUN, light.shape[2] - start)
        column = first_column + start + 0.5
        for p in range(count):
            longitude = ((column + p) / picture_columns - 0.5) * 2.0 * math.pi
            sines[p] = math.sin(longitude)
            cosines[p] = math.cos(longitude)
        for tile_row in range(light.shape[0]):
            row = first_row + tile_row + 0.5
            fill_run(count, kind, lens, sines, cosines, column, row, x, y, turn, top, floats, ints)
            _sort(
                count, kind, np.float32(top), np.float32(innermost), edge,
                np.float32(log2_core - SHARPER_LEVELS), core_sides.size, detail, levels, floats,
                ints,
            )  # fmt: skip  # in signature order
            a = 0
            while a < count:
                group = ints[CLASS + np.uint64(a)]
                z = a + 1
                while z < count and ints[CLASS + np.uint64(z)] == group:
                    z += 1
                if group <= _CORE:
                    _look_up_core(
                        texels, core_offsets, core_sides, 2.0**log2_core, _CORE - group, a, z,
                        floats, words,
                    )  # fmt: skip  # in signature order
                elif group == _CUT:
                    _cut_pixels(
                        texels, offsets, columns, rows, innermost, top, detail, kind, lens, x, y,
                        turn, column, row, a, z, floats,
                    )  # fmt: skip  # in signature order
                elif group != _OUTSIDE:
                    look_up_bands(
                        texels, offsets, columns, rows, group // (2 * levels),
                        group % (2 * levels), a, z, floats, words,
                    )  # fmt: skip  # in signature order
                a = z
            _add(count, floats, light[tile_row, :, start : start + count])
