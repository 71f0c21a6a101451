"""Nuclei and Misiurewicz points: against values known exactly, and against the equations."""

import cmath
import json
import math
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path

import gmpy2
import pytest
from gmpy2 import mpc, mpfr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.geometry.decimals import log2
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.prepare.places.equation import Equation, Scaled
from pipeline.prepare.places.newton import Start, solved
from pipeline.prepare.places.place import Misiurewicz, Nucleus
from pipeline.prepare.places.search import Search, Seen
from pipeline.prepare.places.survey import find_misiurewicz, find_nucleus, survey

pytest.importorskip("numba")

LOCATIONS = {
    each["name"]: each
    for each in json.loads((Path(__file__).parent / "locations.json").read_text("utf-8"))
}
PERIOD_3 = "-1.75487766624669276004950889635852869189460661777279314398928397064"
"""The real root of c³ + 2c² + c + 1: computed to 60 digits by bisection."""


@pytest.fixture(autouse=True)
def many_digits():
    with localcontext() as numbers:
        numbers.prec = 3000
        yield


def view_of(re, im, width, rotation=0):
    return View(Point(Decimal(re), Decimal(im)), Decimal(width), Decimal(rotation), 1280, 720)


def located(name):
    place = LOCATIONS[name]
    return view_of(place["re"], place["im"], place["width"])


@cache
def nucleus_at(name):
    return find_nucleus(located(name))


def bits_of(place):
    return max(64, -Decimal(place.center.re).as_tuple().exponent * 4) + 128


def orbit(place, steps):
    """Yield n, z_n and dz_n/dc at a place, in long arithmetic."""
    with gmpy2.context(precision=bits_of(place)):
        c = mpc(*(mpfr(str(part)) for part in place.center))
        z, slope = c, mpc(1)
        for n in range(1, steps + 1):
            yield n, z, slope
            slope = 2 * z * slope + 1
            z = z * z + c


def check_nucleus(place):
    """Assert that a nucleus is a root of its period, as exactly as it says, and of no divisor."""
    for n, z, slope in orbit(place, place.period):
        if place.period % n:
            continue
        with gmpy2.context(precision=64):
            away = abs(z / slope) / mpfr(str(place.size))
        assert (away < 2.0**-45) == (n == place.period), n


def test_the_nucleus_of_period_3_is_the_root_of_its_polynomial():
    found = find_nucleus(view_of("-1.76", 0, "0.05"))
    assert found.period == 3
    digits = -found.center.re.as_tuple().exponent
    assert digits > 15
    assert abs(found.center.re - Decimal(PERIOD_3)) < Decimal(10) ** -digits
    assert found.center.im == 0
    # A real root of c (c² + ...) : its residue is beyond what the digits can hold.
    c = found.center.re
    assert abs(c**3 + 2 * c**2 + c + 1) < Decimal(10) ** (2 - digits)


@pytest.mark.parametrize("digits", [30, 300, 3000])
def test_newton_goes_on_for_as_many_digits_as_are_asked_for(digits):
    start = Start(Point(Decimal("-1.755"), Decimal(0)), Scaled(0j, 0), -10.0, -6.0)
    found = solved(Equation(0, 3), start, -digits * math.log2(10))
    with gmpy2.context(precision=4 * digits + 64):
        c = mpfr(str(found.re))
        assert abs(c**3 + 2 * c**2 + c + 1) < mpfr(10) ** (2 - digits)
    assert -found.re.as_tuple().exponent == pytest.approx(digits, abs=1)


@pytest.mark.parametrize(
    ("center", "width", "period", "size", "turn"),
    [
        # The whole set; the disc of radius 1/4, whose like is a cardioid of half the size.
        (("-0.5", "0"), "4", 1, 1.0, 0.0),
        (("-1", "0"), "0.4", 2, 0.5, 0.0),
        # The cusp of the real period 3 is -7/4, a quarter of the size from the nucleus.
        (("-1.757", "0"), "0.02", 3, 0.0190, 0.0),
    ],
)
def test_sizes_are_relative_to_the_whole_set(center, width, period, size, turn):
    found = find_nucleus(view_of(*center, width))
    assert found.period == period
    assert float(found.size) == pytest.approx(size, rel=0.01)
    assert found.turn == pytest.approx(turn, abs=1e-6)
    if period == 3:
        cusp = Decimal("-1.75") - found.center.re
        assert float(cusp / found.size) == pytest.approx(0.25, rel=0.04)


@pytest.mark.parametrize(
    ("name", "period"),
    [("seahorse-1e-4", 39), ("seahorse-1e-12", 998), ("1e14", 252), ("5e113", 11380), ("e318", 53756),
     ("e1000", 4498)],
)  # fmt: skip  # a table
def test_nuclei_of_deep_views_are_found(name, period):
    found, view = nucleus_at(name), located(name)
    assert found.period == period
    away = [abs(part - at) for part, at in zip(found.center, view.center, strict=True)]
    assert max(away) <= view.width / 2
    digits = -found.center.re.as_tuple().exponent
    assert digits == pytest.approx(-log2(found.size) * math.log10(2) + 15.7, abs=2)


@pytest.mark.parametrize("name", ["seahorse-1e-4", "seahorse-1e-12", "1e14", "e1000"])
def test_nuclei_are_roots_of_their_period_and_of_no_divisor(name):
    check_nucleus(nucleus_at(name))


@pytest.mark.parametrize("depth", [10, 100, 1000])
def test_a_nucleus_is_found_again_however_small_its_view(depth):
    """Views about the nucleus of period 3, off by a third of their width."""
    start = Start(Point(Decimal("-1.755"), Decimal(0)), Scaled(0j, 0), -10.0, -6.0)
    exact = solved(Equation(0, 3), start, -(depth + 20) * math.log2(10))
    width = Decimal(10) ** -depth
    view = View(
        Point(exact.re.quantize(width * Decimal("1e-6")) + width.scaleb(-1) * 3, width / 4),
        width, Decimal(0), 1280, 720,
    )  # fmt: skip  # a view
    found = Search(view)
    lowest = found.lowest_nucleus()
    assert lowest.equation == Equation(0, 3)
    assert lowest.offset == pytest.approx(-0.3 - 0.25j, abs=1e-4)
    place = found.exact(lowest, width)
    assert abs(place.center.re - exact.re) < width * Decimal("1e-12")


@given(st.integers(0, 2**32), st.integers(4, 40))
@settings(max_examples=30, deadline=None)
def test_every_nucleus_found_is_one_of_its_period(seed, octaves):
    """Views about points of the boundary, which the main cardioid's rays lead to."""
    angle = 2.0 * math.pi * seed / 2**32
    edge = cmath.exp(1j * angle)
    c = edge / 2 - edge**2 / 4
    view = view_of(repr(c.real), repr(c.imag), repr(2.0**-octaves))
    search = Search(view, most_steps=20_000)
    lowest = search.lowest_nucleus()
    assume(lowest is not None)
    place = search.exact(lowest)
    assert place.period >= search.sight.index
    check_nucleus(place)
    for part, at, half in zip(place.center, view.center, (640, 360), strict=True):
        assert abs(part - at) <= view.width * half / 1280 * Decimal("1.0001")


def test_no_nucleus_of_a_lower_period_is_in_a_view():
    """All nuclei up to period 6, from the roots of their polynomials, in views of a grid."""
    import numpy as np

    nuclei, polynomial = [], np.polynomial.Polynomial([0.0])
    for period in range(1, 7):
        polynomial = polynomial**2 + np.polynomial.Polynomial([0.0, 1.0])
        for root in polynomial.roots():
            if all(abs(root - other) > 1e-6 for _, other in nuclei):
                nuclei.append((period, root))
    assert len(nuclei) == 1 + 1 + 3 + 6 + 15 + 27
    for column in range(6):
        for row in range(4):
            middle = complex(-2.0 + 0.45 * column, -1.1 + 0.55 * row)
            within = [
                period
                for period, root in nuclei
                if abs((root - middle).real) < 0.2 and abs((root - middle).imag) < 0.1125
            ]
            found = find_nucleus(view_of(repr(middle.real), repr(middle.imag), "0.4"))
            assert (found.period if found is not None else 99) == min(within, default=99) or (
                not within and found.period > 6
            )


@pytest.mark.parametrize(
    ("center", "width", "preperiod", "period", "multiplier", "exact"),
    [
        (("-1.98", "0.01"), "0.2", 2, 1, 4, ("-2", "0")),
        (("0.002", "1.001"), "0.02", 2, 2, 4 + 4j, ("0", "1")),
        (("0.0000002", "1.0000001"), "1e-6", 2, 2, 4 + 4j, ("0", "1")),
        (("1e-300", "1"), "1e-299", 2, 2, 4 + 4j, ("0", "1")),
        (("-2", "1e-1002"), "1e-1000", 2, 1, 4, ("-2", "0")),
    ],
)
def test_misiurewicz_points_known_exactly_are_found(
    center, width, preperiod, period, multiplier, exact
):
    found = find_misiurewicz(view_of(*center, width))
    assert (found.preperiod, found.period) == (preperiod, period)
    assert found.multiplier == pytest.approx(multiplier, rel=1e-6)
    for part, at in zip(found.center, exact, strict=True):
        assert abs(part - Decimal(at)) <= Decimal(1).scaleb(part.as_tuple().exponent)


def test_the_eye_of_a_spiral_repeats_after_its_preperiod_and_not_before():
    found = find_misiurewicz(located("seahorse-1e-4"))
    assert isinstance(found, Misiurewicz)
    z = [value for _, value, _ in orbit(found, found.preperiod + found.period)]
    first, again = z[found.preperiod - 1], z[-1]
    assert abs(first - again) < 1e-10
    assert abs(z[found.preperiod - 2] - z[-2]) > 1e-3
    product = 1.0
    for value in z[found.preperiod - 1 : -1]:
        product *= 2.0 * complex(value)
    assert found.multiplier == pytest.approx(product, rel=1e-6)
    assert found.turn == pytest.approx(math.degrees(cmath.phase(product)))
    assert found.shrink == pytest.approx(abs(product))


def test_an_eye_is_found_from_deep_inside_its_spiral():
    """There float64 cannot tell what the orbits of the view's points are."""
    search = survey(located("seahorse-1e-4"))
    eye = search.search.exact(search.points[0], Decimal("1e-60"))
    re, im = (part.quantize(Decimal("1e-52")) for part in eye.center)
    deep = find_misiurewicz(View(Point(re, im), Decimal("1e-50"), Decimal(0), 1280, 720))
    assert (deep.preperiod, deep.period) == (eye.preperiod, eye.period)
    assert abs(deep.center.re - eye.center.re) < Decimal("1e-55")


def test_a_turned_view_holds_the_same_places_elsewhere_on_the_screen():
    straight, turned = survey(view_of("-0.7436", "0.1318", "1e-3")), None
    turned = survey(view_of("-0.7436", "0.1318", "1e-3", 90))
    first = next(
        each for each in straight.nuclei if abs(each.offset.real) < 0.25 and each.equation[1] == 39
    )
    same = next(each for each in turned.nuclei if each.equation == first.equation)
    assert same.offset == pytest.approx(first.offset * -1j, abs=1e-6)


def test_what_is_found_is_symmetric_about_a_nucleus():
    """About a nucleus far smaller than the view everything comes in pairs."""
    seen = survey(located("e318"))
    assert abs(seen.nuclei[0].offset) < 1e-9
    offsets = [each.offset for each in seen.points[:6]]
    assert len(offsets) == 6
    assert all(min(abs(one + other) for other in offsets) < 1e-6 for one in offsets)


@pytest.mark.parametrize(
    ("center", "width", "seen"),
    [
        (("1", "1"), "0.1", Seen.OUTSIDE),
        (("-0.1", "0"), "0.1", Seen.INSIDE),
        (("-0.1", "0.1"), "1e-30", Seen.INSIDE),
        (("900", "-900"), "1", Seen.OUTSIDE),
    ],
)
def test_views_with_nothing_in_them_are_told(center, width, seen):
    view = view_of(*center, width)
    assert Search(view).sight.seen == seen
    assert find_nucleus(view) is None
    assert find_misiurewicz(view) is None


def test_a_search_that_is_cut_short_says_so():
    search = Search(located("5e113"), most_steps=1000)
    assert search.lowest_nucleus() is None
    assert search.sight.seen == Seen.UNDECIDED
    assert search.sight.index == 1000


@pytest.mark.slow
def test_the_pool_finds_what_one_process_finds(monkeypatch):
    from pipeline.prepare.places import survey as module
    from pipeline.workers.open_pool import shared_pool

    view = located("1e14")
    alone = survey(view)
    monkeypatch.setattr(module, "_WORTH_WORKERS_S", 0.0)
    with shared_pool(2, 0, None) as pool:
        shared = survey(view, lambda: pool)
    assert shared.nuclei == alone.nuclei
    assert shared.points == alone.points


def test_a_nucleus_has_a_reach_beyond_its_size():
    for name in ("1e14", "e1000"):
        found = nucleus_at(name)
        assert isinstance(found, Nucleus)
        assert log2(found.reach) > log2(found.size)
