"""Routes lead to real nuclei, the same each time; scores tell what there is to see from nothing."""

from decimal import Decimal

import numpy as np
import pytest

from pipeline.geometry.view import View
from pipeline.prepare.discovery.opening import opens_dark
from pipeline.prepare.discovery.route import route_of
from pipeline.prepare.discovery.score import score_of
from pipeline.prepare.places.search import Search

pytest.importorskip("numba")

GOAL = Decimal("1e-10")


def test_a_route_is_that_of_its_seed_and_number_and_leads_to_a_nucleus():
    routes = [route_of(1, number, GOAL) for number in range(24)]
    found = [route for route in routes if route is not None]
    assert len(found) >= 3
    assert len({route.center for route in found}) == len(found)
    assert [route_of(1, number, GOAL) for number in range(3)] == routes[:3]
    for route in found:
        assert GOAL <= route.width <= max(GOAL, 5 * route.size)
        assert route.periods[-1] == route.period
        # The minibrot is there, in a view of it alone.
        nucleus = Search(View(route.center, 4 * route.size, Decimal(0), 320, 180)).lowest_nucleus()
        assert nucleus is not None
        assert nucleus.equation.period == route.period
        assert abs(nucleus.offset) < 1e-3


def picture(kind, seed=1):
    rows, columns = np.mgrid[-20:20, -36:36] + 0.5
    angle, radius = np.arctan2(rows, columns), np.hypot(rows, columns)
    wave = 100 + 40 * np.sin(6 * angle) * np.cos(radius / 6)
    return {
        "rich": wave,
        "lopsided": 100 + 40 * np.sin(columns / 9 + rows / 5 + 0.02 * columns**2),
        "flat": np.full(wave.shape, 100.0) + (radius < 3) * 20,
        "black": np.where(radius < 30, np.nan, wave),
        "noise": np.random.default_rng(seed).normal(100, 40, wave.shape),
    }[kind]


def scored(*kinds):
    return score_of([picture("rich"), *(picture(kind) for kind in kinds)])


def test_what_is_rich_and_symmetrical_scores_above_noise_and_nothing():
    rich, lopsided, noise, flat = (
        scored(*[kind] * 8) for kind in ("rich", "lopsided", "noise", "flat")
    )
    assert rich.value > lopsided.value > flat.value
    assert rich.value > noise.value
    assert not rich.dead
    assert flat.dead
    assert flat.least < 0.3


def test_a_dead_stretch_and_a_dull_end_are_told_and_a_moment_is_not():
    rich = ["rich"] * 4
    assert scored(*rich, "black", "black", *rich).dead
    assert not scored(*rich, "black", *rich).dead
    assert scored(*rich, "black").dead
    assert scored(*rich, "black", *rich).darkest > 0.6
    assert scored(*rich, "black", *rich).value < scored(*rich, "rich", *rich).value


def test_a_film_that_opens_in_the_black_is_told_by_two_views_and_no_fewer():
    rich, black = picture("rich"), picture("black")
    assert not opens_dark([rich, black, rich, black])
    assert opens_dark([rich, rich, black, black, rich])
    assert not opens_dark([rich] * 5)
