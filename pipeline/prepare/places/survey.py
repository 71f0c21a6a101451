"""All the places of a view that stand out, found on one process or, where it takes long, on all."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.geometry.view import View
from pipeline.monitor.progress import followed
from pipeline.prepare.places.place import Candidate, Misiurewicz, Nucleus
from pipeline.prepare.places.search import (
    MOST_STEPS,
    Search,
    Seen,
    by_prominence,
    distinct,
    places_of_cells,
)
from pipeline.system.terminal import say
from pipeline.workers.pool import SharedPool, Task

# Cells of a view, from left to right.
_ACROSS = 16
# Cells that are done before the rest is estimated, and those of a task.
_CELLS_A_TASK = 8
# Seconds of work from which on the workers' start is worth it.
_WORTH_WORKERS_S = 6.0
# Seconds after which something is said, and then said again.
_SAY_AFTER_S = 2.0
_SAY_EVERY_S = 15.0


@dataclass(frozen=True, slots=True)
class Survey:
    """The places of a view, those that stand out most first."""

    search: Search
    nuclei: list[Candidate]
    """Nuclei; the first is the one of the lowest period."""
    points: list[Candidate]
    """Misiurewicz points."""


def survey(
    view: View,
    pool: Callable[[], SharedPool] | None = None,
    most_steps: int = MOST_STEPS,
    say: Callable[[str], object] = say,
    check: Callable[[], None] = lambda: None,
) -> Survey:
    """Return the places of a view that stand out, each known to a millionth of the view.

    Parameters
    ----------
    view : View
        Where to look.
    pool : callable, optional
        Returns the pool, which is asked for only where the work takes longer than its start.
    most_steps : int
        Steps after which the search for a period is given up.
    say : callable
        Called with messages about what takes long.
    check : callable
        Called again and again; an exception of it ends the survey.
    """
    patience = _Patience(say)

    def told(steps: int) -> None:
        check()
        patience(steps)

    search = Search(view, most_steps, told)
    lowest = search.lowest_nucleus()
    if search.sight.seen != Seen.PLACES:
        return Survey(search, [], [])
    found = search.landmarks(lowest)
    for some in _by_cells(search, pool):
        check()
        found += some
    sorted_places = by_prominence(distinct(found), view)
    nuclei = [each for each in sorted_places if each.is_nucleus and each != lowest]
    points = [each for each in sorted_places if not each.is_nucleus]
    return Survey(search, [lowest, *nuclei] if lowest is not None else nuclei, points)


def _by_cells(search: Search, pool: Callable[[], SharedPool] | None) -> Iterator[list[Candidate]]:
    """Yield the places that some cells of the view lead to, until all are done."""
    discs, steps = search.ready()
    cells = search.cells(_ACROSS)
    some = [cells[first : first + _CELLS_A_TASK] for first in range(0, len(cells), _CELLS_A_TASK)]
    # The first cell alone, so that compiling does not count.
    yield places_of_cells(discs, steps, some[0][:1])
    start = time.monotonic()
    yield places_of_cells(discs, steps, some[0][1:])
    taken_s = time.monotonic() - start
    rest = some[1:]
    if pool is not None and taken_s * len(rest) > _WORTH_WORKERS_S:
        tasks = (
            Task(f"places of {len(each)} discs", places_of_cells, (discs, steps, each), index)
            for index, each in enumerate(rest)
        )
        by_index = {
            task.tag: found
            for task, found in followed(pool().results(tasks), len(rest), "parts of the view")
        }
        # In order, for of two that are the same the first is kept.
        yield from (by_index[index] for index in range(len(rest)))
    else:
        for each in rest:
            yield places_of_cells(discs, steps, each)


def find_nucleus(view: View) -> Nucleus | None:
    """Return the nucleus of the lowest period in a view; None where none is found."""
    search = Search(view)
    candidate = search.lowest_nucleus()
    place = search.exact(candidate) if candidate is not None else None
    assert place is None or isinstance(place, Nucleus)
    return place


def find_misiurewicz(view: View) -> Misiurewicz | None:
    """Return the Misiurewicz point of a view that stands out most; None where none is found."""
    seen = survey(view)
    for candidate in seen.points:
        place = seen.search.exact(candidate)
        if isinstance(place, Misiurewicz):
            return place
    return None


class _Patience:
    """Says how far the orbit of a view's centre has come, when that takes long."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._next: float | None = None

    def __call__(self, steps: int) -> None:
        # From the first piece on, which compiled code is loaded for.
        self._next = self._next or time.monotonic() + _SAY_AFTER_S
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SAY_EVERY_S
            self._say(f"following the orbit of the view's centre: {steps} steps, no period yet")
