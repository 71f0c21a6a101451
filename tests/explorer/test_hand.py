"""Laws of moves by hand, at any depth."""

import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pipeline.explorer.hand import Move, moved, point_at
from pipeline.geometry.decimals import context, difference
from pipeline.geometry.point import Point
from pipeline.geometry.view import View

COLUMNS, ROWS = 1280, 720
CENTER = "-0.7436438870371587047521915061147740"
shifts = st.integers(-2000, 2000)
factors = st.floats(0.2, 5)


@st.composite
def views(draw):
    zeros = draw(st.integers(0, 300))
    digits = draw(st.integers(0, 10**40))
    re = Decimal(f"{CENTER}{'0' * zeros}{digits}")
    rotation = Decimal(draw(st.integers(-18000, 18000))) / 100
    return View(Point(re, Decimal("0.13")), Decimal(f"3e-{zeros}"), rotation, COLUMNS, ROWS)


def apart_px(view, first, second):
    """Return how far two points are apart, in pixels of a view."""
    numbers = context(30)
    return math.hypot(
        *(
            float(numbers.divide(difference(*parts), view.spacing()))
            for parts in zip(first, second, strict=True)
        )
    )


@given(views(), shifts, shifts, shifts, shifts)
def test_whole_pixels_add_up(view, right, down, more_right, more_down):
    twice = moved(moved(view, Move(right, down)), Move(more_right, more_down))
    once = moved(view, Move(right + more_right, down + more_down))
    assert twice.width == view.width
    assert apart_px(view, twice.center, once.center) < 1e-8


@given(views(), shifts, shifts)
def test_a_shift_and_its_inverse_give_the_view_back(view, right, down):
    back = moved(moved(view, Move(right, down)), Move(-right, -down))
    assert apart_px(view, back.center, view.center) < 1e-8


@given(views(), factors, st.floats(0, COLUMNS), st.floats(0, ROWS), st.floats(-180, 180))
def test_the_point_under_the_hand_stays(view, factor, x, y, turn):
    after = moved(view, Move(factor=factor, turn=turn, at_x=x, at_y=y))
    # The rotation is rounded to a hundredth of a degree.
    assert apart_px(after, point_at(after, x, y), point_at(view, x, y)) < 0.2


@given(views(), factors, st.floats(0, COLUMNS), st.floats(0, ROWS))
def test_a_zoom_and_its_inverse_give_the_view_back(view, factor, x, y):
    there = moved(view, Move(factor=factor, at_x=x, at_y=y))
    if there.width == 16:
        return
    back = moved(there, Move(factor=1 / factor, at_x=x, at_y=y))
    assert apart_px(view, back.center, view.center) < 0.02
    assert abs(float(context(20).divide(back.width, view.width)) - 1) < 1e-6


@given(views(), shifts, shifts)
def test_what_was_under_a_pixel_moves_with_the_hand(view, right, down):
    after = moved(view, Move(right, down))
    before = point_at(view, 100, 200)
    assert apart_px(view, point_at(after, 100 + right, 200 + down), before) < 1e-8


@given(views(), st.lists(factors, max_size=60))
def test_digits_stay_as_many_as_the_width_needs(view, steps):
    for factor in steps:
        # A factor of exactly 1 moves nothing.
        view = moved(view, Move(factor=factor, at_x=7, at_y=11))
    if any(factor != 1 for factor in steps):
        needed = max(0, -view.spacing().adjusted()) + 8
        assert all(len(part.as_tuple().digits) <= needed for part in view.center)
    assert view.width <= 16
