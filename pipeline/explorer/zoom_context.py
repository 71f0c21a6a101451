"""Facts of the zoom down to a view: maxiter, tones, and a reference orbit.

All three belong to the zoom that leads from the whole set to the view, so that colours are those
that a film of it would have; and all are kept while the hand moves, as far as they serve.
"""

import math
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.tones import ZoomTones, adapted, equalised
from pipeline.counts.compute import count_outcomes
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.explorer.counting import count_samples
from pipeline.explorer.work import Check, drain, results
from pipeline.geometry.decimals import context, difference, log2
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, CPU, device_named, view_arithmetic
from pipeline.prepare.auto_maxiter import Probe
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.timeline.leg import log_between
from pipeline.workers.pool import SharedPool, Task

Floats = NDArray[np.float64]

# Small views by which colours adapt, as those of a film: an octave apart, from the whole set down.
_COLUMNS, _ROWS = 64, 36
_TOP_WIDTH = Decimal(4)
# A view that is kept still serves when the way has moved by this part of its width.
_MOVED = 0.25
_MOST_VIEWS = 100
# As many at most are counted before a first picture; those of a small move are fewer anyway.
_FIRST_VIEWS = 8
_TOP_LIMIT = 1000
_KEPT_LIMITS = 64
# maxiter that was chosen for a view serves views near to it, and less than an octave away.
_SAME_OCTAVES = 0.5
# An orbit is computed for views so much deeper, that zooming on does not need a new one each time.
_AHEAD_BITS = 128
_FARTHEST_OCTAVES = 6


@dataclass(slots=True)
class _Seen:
    """Smooth counts of a small view on the way."""

    center: Point
    smooth: Floats


class ZoomContext:
    """Facts of the zoom down to the view that is looked at."""

    def __init__(self, pool: SharedPool, references: References, accuracy: str = "fine") -> None:
        self._pool = pool
        self._references = references
        self._accuracy = accuracy
        self._seen: dict[int, _Seen] = {}
        self._target: Target | None = None
        self._limits: deque[tuple[View, int]] = deque(maxlen=_KEPT_LIMITS)

    def grid(self, view: View, maxiter: int) -> SampleGrid:
        """Return a view's pixels as a sample grid, with an orbit's target where it needs one."""
        arithmetic = view_arithmetic(
            float(view.width), view.largest_coordinate(), ACCURACIES[self._accuracy],
            device_named(CPU),
        )  # fmt: skip  # one call
        target = self._target_for(view) if arithmetic.needs_orbit else None
        return SampleGrid(view, maxiter, arithmetic, target, self._references)

    def maxiter(self, view: View, check: Check) -> int:
        """Return the maximum iterations that a view deserves, as `maxiter: auto` chooses them."""
        for near, limit in self._limits:
            if self._alike(near, view):
                return limit
        small = view.resized(_COLUMNS, max(16, min(256, _COLUMNS * view.rows // view.columns)))
        probe = Probe(Fraction(0))
        while not probe.found:
            grid = self.grid(small, probe.limit)
            self.compute_orbits([grid], check)
            task = Task("maxiter", count_outcomes, (grid,))
            ((_, (escaped, ended)),) = results(self._pool, [task], check)
            probe.take(escaped, ended, grid.samples)
        self._limits.append((view, probe.limit))
        return probe.limit

    def tones(self, view: View, maxiter: int, check: Check, hurried: bool = False) -> ZoomTones:
        """Return the tones of the zoom from the whole set to a view.

        Hurried, they are those of a few views at most beside what is known: nearly the same.
        """
        depth = max(0, math.ceil(log2(_TOP_WIDTH) - log2(view.width)))
        octaves = [*range(0, depth, -(-(depth + 1) // _MOST_VIEWS)), depth]
        lacking = [octave for octave in octaves if not self._still_serves(octave, view)]
        if hurried and len(lacking) > _FIRST_VIEWS:
            few = lacking[:: -math.ceil(len(lacking) / _FIRST_VIEWS)]
            octaves = sorted({*octaves} - {*lacking} | {*few})
            lacking = few
        tasks = []
        for octave in lacking:
            small = View(view.center, _width_at(octave), Decimal(0), _COLUMNS, _ROWS)
            # On the way, too, as much as `maxiter: auto` would take there.
            limit = log_between(_TOP_LIMIT, maxiter, Fraction(octave, max(depth, 1)))
            grid = self.grid(small, limit)
            tasks.append(Task(f"octave {octave}", count_samples, (grid,), octave))
        self.compute_orbits([task.arguments[0] for task in tasks], check)
        for task, counted in results(self._pool, tasks, check):
            self._seen[task.tag] = _Seen(view.center, counted.smooth)
        smooth = [self._seen[octave].smooth.ravel() for octave in octaves]
        return ZoomTones(adapted(smooth), equalised(np.concatenate(smooth), max(1.0, depth)))

    def compute_orbits(self, grids: list[SampleGrid], check: Check) -> None:
        """Compute the reference orbits that grids need."""
        wanted = steps_wanted(grids)
        try:
            compute_orbits(
                wanted, self._references, self._pool, tell=lambda _: check(), say=lambda _: None
            )
        finally:
            drain(self._pool)

    def _alike(self, near: View, view: View) -> bool:
        """Tell whether what was found for one view serves another."""
        numbers = context(20)
        ratio = float(numbers.divide(near.width, view.width))
        return (
            2**-_SAME_OCTAVES < ratio < 2**_SAME_OCTAVES
            and _apart(near.center, view.center, view.width) < _MOVED
        )

    def _still_serves(self, octave: int, view: View) -> bool:
        if octave not in self._seen:
            return False
        return _apart(self._seen[octave].center, view.center, _width_at(octave)) < _MOVED

    def _target_for(self, view: View) -> Target:
        target = self._target
        bits = bits_for(view.spacing())
        if target is not None and bits <= target.bits:
            farthest = log2(view.width) + _FARTHEST_OCTAVES
            if view.distance_exponent(target.center) < farthest:
                return target
        self._target = Target(view.center, bits + _AHEAD_BITS)
        return self._target


def _width_at(octave: int) -> Decimal:
    numbers = context(20)
    return numbers.divide(_TOP_WIDTH, numbers.power(Decimal(2), octave))


def _apart(first: Point, second: Point, width: Decimal) -> float:
    """Return how far two points are apart along an axis, in widths."""
    numbers = context(20)
    return max(
        abs(float(numbers.divide(difference(*parts), width)))
        for parts in zip(first, second, strict=True)
    )
