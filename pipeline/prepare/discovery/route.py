"""Routes: ways down through nuclei and Misiurewicz points, each chosen by chance of what is there.

A route morphs: it heads for a minibrot, stops in the embedded Julia set around it, at three
quarters of the way in octaves, and goes off its middle to a place of that Julia set, whose shape
then surrounds the next minibrot, doubled.

Notes
-----
R. Munafo, "Embedded Julia set", Mu-Ency at mrob.com. The Julia set of a minibrot of size s, found
in a view of width w, fills pictures about as wide as w^(1/4)·s^(3/4).
"""

import cmath
import math
import random
from dataclasses import dataclass
from decimal import Decimal

from pipeline.counts.compute import counts_of_rows
from pipeline.geometry.decimals import log2
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.prepare.discovery.opening import opening_views, opens_dark
from pipeline.prepare.places.place import Candidate, Nucleus, decimal_of
from pipeline.prepare.places.search import (
    Search,
    Seen,
    by_prominence,
    distinct,
    places_of_cells,
)

# The parts of the views that are looked at, from left to right, and the steps that may take.
_ACROSS = 6
_MOST_STEPS = 60_000
_COLUMNS, _ROWS = 1024, 576
# Widths of the first views, as powers of ten, beside the cardioid or the disc of period 2.
_FIRST_WIDTHS = -2.2, -1.0
_BY_CARDIOID = 0.75
# How far from a view's middle, in widths, a minibrot may lie, and what a morph goes off to.
_NUCLEUS_WITHIN = 0.5
_OFF = 0.1, 0.46
# Of the places that stand out most, so many are chosen among.
_AMONG = 6
# A minibrot that is nearly as large as the view is no goal: log2 of its size in widths, at most.
_SMALL_LOG2 = -3.0
# Part of the way to a minibrot, in octaves, at which its Julia set fills the picture.
_JULIA = 0.75
_JULIA_WIDER_LOG2 = 2.0
# A view about a place off the middle is narrower than the Julia set by 3 to 8 octaves.
_LEAST_OFF_LOG2, _MOST_OFF_LOG2 = 3.0, 8.0
_AROUND_REACH_LOG2 = 1.5
_MOST_STOPS = 16
# A dead end is left by other choices at the last stops, so many times.
_TRIES = 6
# The last picture shows a minibrot at least so many sizes wide.
_FRAMED_LOG2 = 2.0


@dataclass(frozen=True, slots=True)
class Route:
    """A way from the whole set to a nucleus."""

    center: Point
    width: Decimal
    """Width of the last picture."""
    period: int
    """Period of the nucleus."""
    size: Decimal
    """Size of its minibrot."""
    periods: tuple[int, ...]
    """Periods of the minibrots whose surroundings it passes, its own last."""


def route_of(seed: int, number: int, goal: Decimal) -> Route | None:
    """Return the route of a seed and a number down to a width; None where chance led nowhere."""
    # The text seeds it: hashes of tuples differ from run to run.
    chance = random.Random(f"{seed} {number}")
    view = _first_view(chance)
    goal_log2 = log2(goal)
    periods: list[int] = []
    tries = 0
    while len(periods) < _MOST_STOPS and tries < _TRIES:
        search, found = _places(view, nuclei_alone=True)
        nuclei = [
            each
            for each in found
            if each.is_nucleus
            and abs(each.offset) < _NUCLEUS_WITHIN
            and each.scale.log2() < log2(view.width) + _SMALL_LOG2
        ]
        if not nuclei:
            return None
        nucleus = chance.choice(nuclei[:_AMONG])
        size_log2 = nucleus.scale.log2()
        julia_log2 = (1 - _JULIA) * log2(view.width) + _JULIA * size_log2 + _JULIA_WIDER_LOG2
        if not periods and _opens_dark(search, nucleus, goal):
            return None
        periods.append(nucleus.equation.period)
        if julia_log2 < goal_log2 + _JULIA_WIDER_LOG2:
            return _ended(search, nucleus, goal_log2, periods)
        following = _off_the_middle(search, nucleus, julia_log2, chance)
        if following is None:
            tries += 1
            continue
        view = following
    return None


def _opens_dark(search: Search, nucleus: Candidate, goal: Decimal) -> bool:
    """Tell whether a film by way of a first minibrot opens in the black: most that do show it."""
    place = search.exact(nucleus)
    if place is None:
        return True
    counted = (counts_of_rows(grid, 0, grid.rows) for grid in opening_views(place.center, goal))
    return opens_dark([counts.smooth for counts in counted])


def _first_view(chance: random.Random) -> View:
    """Return a view beside the cardioid, or beside the disc of period 2."""
    angle = cmath.exp(2j * math.pi * chance.random())
    if chance.random() < _BY_CARDIOID:
        edge = angle / 2 - angle**2 / 4
        outwards = angle - angle**2
        # At the cusp there is no direction.
        outwards = outwards / abs(outwards) if abs(outwards) > 1e-9 else 1 + 0j
    else:
        edge, outwards = -1 + angle / 4, angle
    width = 10.0 ** chance.uniform(*_FIRST_WIDTHS)
    center = edge + outwards * width / 2
    point = Point(Decimal(repr(center.real)), Decimal(repr(center.imag)))
    return View(point, Decimal(repr(width)), Decimal(0), _COLUMNS, _ROWS)


def _places(view: View, nuclei_alone: bool = False) -> tuple[Search, list[Candidate]]:
    """Return the places of a view, those that stand out most first."""
    from pipeline.kernels.cpu.perturbation.nearby import FOUND

    search = Search(view, _MOST_STEPS)
    lowest = search.lowest_nucleus()
    if search.sight.seen != Seen.PLACES:
        return search, []
    discs, steps = search.ready()
    cells = search.cells(_ACROSS)
    if nuclei_alone:
        zeros = ((cell, discs.first_zero(cell, steps)) for cell in cells)
        nuclei = (discs.nucleus(cell, zero.step) for cell, zero in zeros if zero.outcome == FOUND)
        found = [nucleus for nucleus in nuclei if nucleus is not None]
    else:
        found = places_of_cells(discs, steps, cells)
    if lowest is not None:
        found.insert(0, lowest)
    return search, by_prominence(distinct(found), view)


def _off_the_middle(
    search: Search, nucleus: Candidate, julia_log2: float, chance: random.Random
) -> View | None:
    """Return a view about a place in the Julia set around a minibrot; None where there is none."""
    width = decimal_of(julia_log2)
    place = search.exact(nucleus, width)
    if place is None:
        return None
    julia, found = _places(View(place.center, width, Decimal(0), _COLUMNS, _ROWS))
    nearest, farthest = _OFF
    off = [each for each in found if nearest < abs(each.offset) < farthest]
    if not off:
        return None
    chosen = chance.choice(off[:_AMONG])
    narrow_log2 = max(chosen.reach_log2 + _AROUND_REACH_LOG2, julia_log2 - _MOST_OFF_LOG2)
    narrow = decimal_of(min(narrow_log2, julia_log2 - _LEAST_OFF_LOG2))
    exact = julia.exact(chosen, narrow)
    if exact is None:
        return None
    return View(exact.center, narrow, Decimal(0), _COLUMNS, _ROWS)


def _ended(
    search: Search, nucleus: Candidate, goal_log2: float, periods: list[int]
) -> Route | None:
    width = decimal_of(max(goal_log2, nucleus.scale.log2() + _FRAMED_LOG2))
    place = search.exact(nucleus, width)
    if not isinstance(place, Nucleus):
        return None
    return Route(place.center, width, place.period, place.size, tuple(periods))
