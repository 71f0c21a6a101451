"""Runs of pixels of pictures that are not flat, in log-polar coordinates (numba).

A projection gives each pixel the point of the plane that it shows, and its size there. All lengths
are in picture widths; `lens` holds the columns and rows of the picture.
"""

import math

import numpy as np

from pipeline.drawing.texture.polar import (
    ACROSS,
    DEPTH,
    DETAIL,
    EXPONENT_OF_ONE,
    MANTISSA,
    RIGHT,
    RUN,
    RUN_SIZE,
    SIZE,
    TURNS,
    UP,
    log2_of_mantissa,
    turns_of,
)
from pipeline.geometry.projection import SPHERE_WIDTHS
from pipeline.kernels.jit import compiled

_EQUIRECTANGULAR, FISHEYE, TUNNEL = range(3)
KINDS = {"equirectangular": _EQUIRECTANGULAR, "fisheye": FISHEYE, "tunnel": TUNNEL}
"""Numbers of the projections for compiled code, by name."""

# Rows of a run beside those of `polar`.
_PIXEL = np.uint64(RUN_SIZE)
COVER = np.uint64(RUN_SIZE + RUN)
"""Fraction of the pixel that lies within the picture's circle."""
LENS_SIZE = RUN_SIZE + 2 * RUN

_ZERO = np.float32(0)
_HALF = np.float32(0.5)
_ONE = np.float32(1)
_SPHERE = np.float32(SPHERE_WIDTHS)
# In squared widths: keeps a pixel on the target itself from having radius 0.
_LEAST = np.float32(1e-20)


@compiled
def point_at(kind, columns, rows, column, row):
    """Return the point of the plane at a position of the picture, its size, and whether it is seen.

    The size is that of a pixel there.
    """
    if kind == _EQUIRECTANGULAR:
        longitude = (column / columns - 0.5) * 2.0 * math.pi
        latitude = (0.5 - row / rows) * math.pi
        right = math.cos(latitude) * math.sin(longitude)
        up = math.sin(latitude)
        ahead = math.cos(latitude) * math.cos(longitude)
        scale = SPHERE_WIDTHS / max(1.0 + ahead, 1e-12)
        return right * scale, up * scale, scale * 2.0 * math.pi / columns, True
    radius = min(columns, rows) / 2.0
    right = (column - columns / 2.0) / radius
    up = (rows / 2.0 - row) / radius
    distance = max(math.hypot(right, up), 1e-9)
    slope = math.tan(min(distance, 1.5) * math.pi / 4.0)
    scale = SPHERE_WIDTHS * slope / distance
    pixel = SPHERE_WIDTHS * math.pi / 4.0 / radius * (1.0 + slope * slope)
    return right * scale, up * scale, pixel, distance <= 1.0


@compiled
def _fill_equirectangular(count, lens, sines, cosines, row, floats):
    """Fill RIGHT, UP, COVER and _PIXEL, the square of a pixel's size, of a run.

    `sines` and `cosines` are those of its longitudes.

    Notes
    -----
    The direction (right, up, ahead) shows the point SPHERE_WIDTHS · (right, up) / (1 + ahead).
    Behind the viewer the divisor is taken as right² + up² over 1 - ahead, which loses no digits.
    """
    latitude = (0.5 - row / lens[1]) * math.pi
    flat = np.float32(math.cos(latitude))
    up = np.float32(math.sin(latitude))
    radians = np.float32(2.0 * math.pi / lens[0])
    for x in range(count):
        x = np.uint64(x)
        right = flat * sines[x]
        ahead = flat * cosines[x]
        behind = (right * right + up * up) / (_ONE - min(ahead, _ZERO))
        scale = _SPHERE / (_ONE + ahead if ahead > _ZERO else max(behind, np.float32(1e-12)))
        floats[RIGHT + x] = right * scale
        floats[UP + x] = up * scale
        pixel = scale * radians
        floats[_PIXEL + x] = pixel * pixel
        floats[COVER + x] = _ONE


@compiled
def _fill_fisheye(count, lens, column, row, floats):
    """Fill RIGHT, UP, COVER and _PIXEL of a run whose first pixel's middle is at `column`.

    Notes
    -----
    At the distance d from the middle, 1 at the rim, the angle from straight ahead is d · 90°, and
    its half a = d · 45°. The point lies in the same direction at SPHERE_WIDTHS · tan a. tan a / a
    is its continued fraction to a⁵, within 1e-8. A pixel is as large as the mean of its length
    along the radius and across it.
    """
    radius = np.float32(min(lens[0], lens[1]) / 2.0)
    per_px = np.float32(math.pi / 4.0) / radius
    left = np.float32(column - lens[0] / 2.0)
    up = np.float32(lens[1] / 2.0 - row) * per_px
    least = _SPHERE * per_px
    rim = np.float32((math.pi / 4.0) ** 2)
    # (rim - a²) / (2 √rim) is nearly the distance from the rim.
    per_cover = _HALF / (np.float32(math.pi / 4.0) * per_px)
    for x in range(count):
        x = np.uint64(x)
        right = (left + np.float32(np.int32(x))) * per_px
        inside = right * right + up * up
        square = min(inside, np.float32(1.2) * rim)
        ratio = (np.float32(945) - np.float32(105) * square + square * square) / (
            np.float32(945) - np.float32(420) * square + np.float32(15) * square * square
        )
        floats[RIGHT + x] = right * ratio * _SPHERE
        floats[UP + x] = up * ratio * _SPHERE
        floats[_PIXEL + x] = least * least * (_ONE + square * ratio * ratio) * ratio
        floats[COVER + x] = min(max((rim - inside) * per_cover + _HALF, _ZERO), _ONE)


@compiled
def _fill_from_target(count, x, y, cosine, sine, floats):
    """Turn RIGHT and UP of a run into offsets from the target at (x, y), as if unrotated."""
    for p in range(np.uint64(count)):
        right = floats[RIGHT + p] - x
        up = floats[UP + p] - y
        floats[RIGHT + p] = right * cosine - up * sine
        floats[UP + p] = right * sine + up * cosine


@compiled
def _log2(count, row, floats, ints):
    """Replace the values of a row of a run by their log2; ACROSS is overwritten."""
    for p in range(np.uint64(count)):
        raw = ints[row + p]
        floats[ACROSS + p] = np.float32((raw >> np.int32(23)) - np.int32(127))
        ints[row + p] = np.int32((raw & MANTISSA) | EXPONENT_OF_ONE)
    for p in range(np.uint64(count)):
        floats[row + p] = floats[ACROSS + p] + log2_of_mantissa(floats[row + p])


@compiled
def _fill_polar(count, top, floats, ints):
    """Fill DEPTH, TURNS and DETAIL, which is log2 of a pixel's size over its radius, of a run."""
    for p in range(np.uint64(count)):
        right = floats[RIGHT + p]
        up = floats[UP + p]
        floats[SIZE + p] = right * right + up * up + _LEAST
        floats[TURNS + p] = turns_of(right, up)
    _log2(count, SIZE, floats, ints)
    _log2(count, _PIXEL, floats, ints)
    for p in range(np.uint64(count)):
        floats[DEPTH + p] = top - _HALF * floats[SIZE + p]
        floats[DETAIL + p] = _HALF * (floats[_PIXEL + p] - floats[SIZE + p])


@compiled
def _fill_tunnel(count, lens, column, row, turn, top, floats):
    """Fill what `_fill_polar` does: an angle for each column, a radius for each row."""
    corner = 0.5 * math.log2(0.25 + 0.25 * (lens[1] / lens[0]) ** 2)
    depth = np.float32(top - corner + row * 2.0 * math.pi / (lens[0] * math.log(2.0)))
    detail = np.float32(math.log2(2.0 * math.pi / lens[0]))
    for p in range(count):
        turns = (column + p) / lens[0] + turn / (2.0 * math.pi)
        at = np.uint64(p)
        floats[TURNS + at] = np.float32(turns - math.floor(turns))
        floats[DEPTH + at] = depth
        floats[DETAIL + at] = detail
        # Far from any core.
        floats[RIGHT + at] = np.float32(1e9)
        floats[UP + at] = _ZERO
        floats[COVER + at] = _ONE


@compiled
def fill_run(
    count, kind, lens, sines, cosines, column, row, x, y, turn, top, floats, ints
):  # fmt: skip  # the run, the projection, the position of the zoom
    """Fill DEPTH, TURNS, DETAIL, RIGHT, UP and COVER of a run of pixels.

    DETAIL is log2 of a pixel's size over its distance from the target; RIGHT and UP are its offset
    from there. `column` and `row` are the position of the first pixel's middle in the picture,
    `sines` and `cosines` those of the longitudes of equirectangular pixels.
    """
    if kind == TUNNEL:
        _fill_tunnel(count, lens, column, row, turn, top, floats)
        return
    if kind == FISHEYE:
        _fill_fisheye(count, lens, column, row, floats)
    else:
        _fill_equirectangular(count, lens, sines, cosines, row, floats)
    cosine, sine = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    _fill_from_target(count, np.float32(x), np.float32(y), cosine, sine, floats)
    _fill_polar(count, np.float32(top), floats, ints)
