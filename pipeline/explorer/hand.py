"""Moves of a view by hand: what the hand did in pixels, applied to exact numbers."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from pipeline.geometry.decimals import context, decimal_exponent
from pipeline.geometry.point import Point
from pipeline.geometry.view import View

# Digits of a centre beyond those of a pixel's size; a ten-thousandth of a pixel is not seen.
_DIGITS_BEYOND = 4
# Those after a shift by whole pixels, many of which add up.
_DIGITS_BEYOND_SHIFT = 10
_WIDEST = Decimal(16)
_ROTATION_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Move:
    """A movement of what a picture shows: turned and grown about a point, then shifted."""

    right_px: float = 0.0
    down_px: float = 0.0
    factor: float = 1.0
    """Growth: 2 shows everything twice as large."""
    turn: float = 0.0
    """Degrees by which what is shown turns, clockwise as seen."""
    at_x: float = 0.0
    """Column of the point that stays, before the shift, from the left edge."""
    at_y: float = 0.0
    """Row of that point, from the top edge."""


def moved(view: View, move: Move) -> View:
    """Return the view after a move, its centre with all the digits that it needs.

    Notes
    -----
    A move takes pixel p to f·R(p − a) + a + d. So the new picture's middle m shows what was at
    a + R⁻¹(m − a − d)/f. A plain shift is rounded to whole pixels, so that pixels stay what they
    are.
    """
    middle_x, middle_y = view.columns / 2, view.rows / 2
    right, down = move.right_px, move.down_px
    plain = move.factor == 1.0 and move.turn == 0.0
    if plain:
        right, down = round(right), round(down)
    angle = math.radians(move.turn)
    cosine, sine = math.cos(angle), math.sin(angle)
    x, y = middle_x - move.at_x - right, middle_y - move.at_y - down
    # Clockwise as seen, with rows downwards: (x, y) turns to (cx − sy, sx + cy).
    shown_x = move.at_x + (cosine * x + sine * y) / move.factor
    shown_y = move.at_y + (cosine * y - sine * x) / move.factor
    if plain and right == down == 0:
        return view
    center = point_at(view, shown_x, shown_y)
    if plain:
        spacing = view.spacing()
        center = Point(*(_rounded(part, spacing, _DIGITS_BEYOND_SHIFT) for part in center))
        return replace(view, center=center)
    numbers = context(20)
    width = numbers.divide(view.width, Decimal(repr(move.factor)))
    width = min(_WIDEST, context(8).plus(width))
    rotation = context(20).remainder(view.rotation + Decimal(repr(move.turn)), Decimal(360))
    rotation = rotation.quantize(_ROTATION_STEP) + 0
    spacing = numbers.divide(width, Decimal(view.columns))
    center = Point(*(_rounded(component, spacing) for component in center))
    return View(center, width, rotation, view.columns, view.rows)


def point_at(view: View, x: float, y: float) -> Point:
    """Return the point that a picture shows `x` columns from the left and `y` rows from the top."""
    turn = math.radians(float(view.rotation))
    right, up = x - view.columns / 2, view.rows / 2 - y
    cosine, sine = math.cos(turn), math.sin(turn)
    spacing = view.spacing()
    offsets = right * cosine - up * sine, right * sine + up * cosine
    return Point(
        *(
            _sum(component, context(40).multiply(Decimal(offset), spacing))
            for component, offset in zip(view.center, offsets, strict=True)
        )
    )


def _sum(first: Decimal, second: Decimal) -> Decimal:
    """Return the exact sum of two numbers."""
    numbers = (first, second)
    lowest = min(int(number.as_tuple().exponent) for number in numbers)
    highest = max(map(decimal_exponent, numbers))
    return context(max(highest - lowest, 0) + 3).add(first, second)


def _rounded(component: Decimal, spacing: Decimal, beyond: int = _DIGITS_BEYOND) -> Decimal:
    """Return a coordinate with a few digits beyond a pixel's size."""
    lowest = decimal_exponent(spacing) - beyond
    digits = max(1, decimal_exponent(component) - lowest + 1)
    return context(digits).plus(component)
