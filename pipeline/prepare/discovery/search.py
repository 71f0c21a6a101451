"""The search for zooms: routes of a seed, counted along the way, the best of them chosen."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.tones import ZoomTones, adapted, equalised
from pipeline.counts.compute import count_rows
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.decimals import context, log2
from pipeline.kernels.choice import ACCURACIES, CPU, device_named, view_arithmetic
from pipeline.monitor.progress import followed
from pipeline.prepare.discovery.opening import (
    OPENING_VIEWS,
    WHOLE,
    leg_to,
    opening_views,
    opens_dark,
)
from pipeline.prepare.discovery.route import Route, route_of
from pipeline.prepare.discovery.score import Score, score_of
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.timeline.leg import log_between
from pipeline.workers.pool import SharedPool, Task

# Routes that are tried for each that is wanted: chance leads some nowhere, and the best are chosen.
_TRIED = 3
_MOST_TRIED = 24
# Small views along a route, by its depth.
_OCTAVES_A_VIEW = 4.0
_LEAST_VIEWS, _MOST_VIEWS = 16, 64
_FIRST_LIMIT = 1000
_FINEST = 4096
# The last view's maximum iterations, in periods of the nucleus.
_LIMIT_PERIODS = 12


@dataclass(frozen=True, slots=True)
class Proposal:
    """A route that is worth a look."""

    number: int
    """Number of the route, of its seed."""
    route: Route
    score: Score
    tones: ZoomTones
    """Tones of the zoom, from the views that it was scored by."""


def proposals(
    seed: int,
    goal: Decimal,
    count: int,
    pool: SharedPool,
    references: References,
    say: Callable[[str], object],
) -> list[Proposal]:
    """Return the best routes of a seed down to a width, the best first: the same each time.

    Fewer than `count` where chance found no more without a dead stretch.
    """
    found: list[Proposal] = []
    first = 0
    while len(found) < count and first < _MOST_TRIED * count:
        # As many as are likely to lead to those that are missing.
        each = first / len(found) if found else _TRIED
        numbers = range(first, first + math.ceil(each * (count - len(found))))
        say(f"looking for ways down: {len(numbers)} tries")
        routes = dict(_routes(seed, goal, numbers, pool))
        distinct = _distinct(routes, [each.route for each in found])
        say(f"looking at {len(distinct)} of them all the way")
        found += _scored(distinct, pool, references)
        first = numbers.stop
    found.sort(key=lambda each: (-round(each.score.value, 9), each.number))
    return found[:count]


def _routes(
    seed: int, goal: Decimal, numbers: range, pool: SharedPool
) -> Iterator[tuple[int, Route]]:
    tasks = (Task(f"route {number}", route_of, (seed, number, goal), number) for number in numbers)
    for task, route in followed(pool.results(tasks), len(numbers), "tries"):
        if route is not None:
            yield task.tag, route


def _distinct(routes: dict[int, Route], before: list[Route]) -> dict[int, Route]:
    """Return routes in order, without those to a nucleus that another leads to."""
    centers = {route.center for route in before}
    kept = {}
    for number in sorted(routes):
        if routes[number].center not in centers:
            centers.add(routes[number].center)
            kept[number] = routes[number]
    return kept


def _scored(routes: dict[int, Route], pool: SharedPool, references: References) -> list[Proposal]:
    grids = {
        number: [*_views(route), *opening_views(route.center, route.width)]
        for number, route in routes.items()
    }
    compute_orbits(steps_wanted(grid for each in grids.values() for grid in each), references, pool)
    tasks = [
        Task(
            f"view {index}",
            count_rows,
            (grid.with_references(references), 0, grid.rows),
            (number, index),
        )
        for number, each in grids.items()
        for index, grid in enumerate(each)
    ]
    smooth: dict[tuple[int, int], NDArray[np.float64]] = {}
    for task, (counts, _cpu_s) in followed(pool.results(iter(tasks)), len(tasks), "views"):
        smooth[task.tag] = counts.smooth.reshape(WHOLE.rows, WHOLE.columns)
    scored = []
    for number, route in routes.items():
        counted = [smooth[number, index] for index in range(len(grids[number]))]
        views, opening = counted[:-OPENING_VIEWS], counted[-OPENING_VIEWS:]
        score = score_of(views)
        if not score.dead and not opens_dark(opening):
            flat = [view.ravel() for view in views]
            tones = ZoomTones(adapted(flat), equalised(np.concatenate(flat), _octaves(route)))
            scored.append(Proposal(number, route, score, tones))
    return scored


def _octaves(route: Route) -> float:
    return log2(WHOLE.width) - log2(route.width)


def _views(route: Route) -> list[SampleGrid]:
    """Return small views along a zoom to a route's end, the whole set first."""
    count = min(_MOST_VIEWS, max(_LEAST_VIEWS, round(_octaves(route) / _OCTAVES_A_VIEW)))
    return views_along(route, even_parts(count + 1), WHOLE.columns, WHOLE.rows)


def even_parts(count: int) -> list[Fraction]:
    """Return so many parts of a way, evenly from 0 to 1."""
    return [Fraction(index, count - 1) for index in range(count)]


def views_along(
    route: Route, parts: Sequence[Fraction], columns: int, rows: int
) -> list[SampleGrid]:
    """Return views of the film that zooms to a route's end, at some parts of its octaves."""
    last = max(_FIRST_LIMIT, _LIMIT_PERIODS * route.period)
    numbers = context(20)
    # For all views of a zoom, whatever their size, the same orbit.
    target = Target(route.center, bits_for(numbers.divide(route.width, Decimal(_FINEST))))
    leg = leg_to(route.center, route.width)
    grids = []
    for part in parts:
        view = leg.view(part, columns, rows)
        arithmetic = view_arithmetic(
            float(view.width), view.largest_coordinate(), ACCURACIES["fine"], device_named(CPU)
        )
        own = target if arithmetic.needs_orbit else None
        grids.append(SampleGrid(view, log_between(_FIRST_LIMIT, last, part), arithmetic, own))
    return grids
