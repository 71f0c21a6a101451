"""The search for places in a view: the nucleus of the lowest period, and all that can be seen."""

import cmath
import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import count

from pipeline.counts.orbits.growing import GrowingOrbit
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.geometry.decimals import context, difference, log2
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.prepare.places.discs import PERIODS, Cell, Discs, Zero, discs_of
from pipeline.prepare.places.equation import Nearby, Scaled, surroundings
from pipeline.prepare.places.newton import Start, solved
from pipeline.prepare.places.place import BITS_BEYOND, Candidate, Place

MOST_STEPS = 10_000_000
"""Steps after which a search for a period is given up."""
_FIRST_STEPS = 512
# Periods are looked for up to this many times the lowest that may be in the view, and some more.
_PERIODS = 3
_MORE_PERIODS = 256
# Cells are followed up to this many times that, where the orbit of the centre does not end before.
_STEPS = 32
# Parts of the view that are looked at for the nucleus of the lowest period.
_MOST_PARTS = 400
# A view whose centre is attracted is given up after this many periods.
_ATTRACTED_PERIODS = 64
# Values of an orbit that are searched for repeats, from where a cell's image is no longer tiny.
_REPEATS = 2048
# Bits beyond the width that say whether a point is in the view, and where.
_LOCATED_BITS = 30
# Distance from the centre, in widths, within which a nearer place stands out no more.
_NEAR = 0.25
# log2 of the reach, in widths, beyond which a larger one stands out no more.
_LARGEST_REACH_LOG2 = 8.0
# A table of an orbit's stretches is built in the time that it saves from here on.
_WORTH_A_TABLE = 1024
_SAME = 1e-6
# Columns of the views whose orbits have the bits that a search needs.
_COLUMNS = 1024


class Seen(Enum):
    """Kinds of views, by the images of the whole of them."""

    PLACES = "places"
    OUTSIDE = "outside"
    """All of it escapes."""
    INSIDE = "inside"
    """Its centre is attracted by a cycle, and no nucleus is near."""
    UNDECIDED = "undecided"
    """No period came in the steps that were allowed."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Kind of a view, and the step or period at which that shows."""

    seen: Seen
    index: int

    @property
    def reason(self) -> str:
        """Why nothing was found there, for people."""
        if self.seen == Seen.OUTSIDE:
            return (
                "nothing here: the whole view lies outside the set, and escapes by step "
                f"{self.index}"
            )
        if self.seen == Seen.INSIDE:
            return "nothing here: the view lies inside the set; look at its edge"
        if self.seen == Seen.UNDECIDED:
            return f"nothing found: no minibrot in this view has a period up to {self.index}"
        return (
            f"nothing found: a minibrot here would have a period of {self.index} or more; "
            "try a smaller or a larger view"
        )


class Search:
    """A view, and the orbit of its centre, which goes on as far as what is asked for needs.

    Parameters
    ----------
    view : View
        Where to look. Its number of pixels does not matter, but for its shape.
    most_steps : int
        Steps after which the search for a period is given up.
    tell : callable
        Called with the steps of the orbit after each piece.
    """

    def __init__(
        self,
        view: View,
        most_steps: int = MOST_STEPS,
        tell: Callable[[int], object] = lambda _: None,
    ) -> None:
        shape = view.rows / view.columns
        view = view.resized(_COLUMNS, max(1, round(_COLUMNS * shape)))
        self.view = view
        self.most_steps = most_steps
        self._tell = tell
        self._shape = shape
        self._orbit = GrowingOrbit(Target(view.center, bits_for(view.spacing())))
        self._exponent = view.distance_exponent(view.center)
        self._discs: Discs | None = None
        self._has_table = False
        self._sight: Sight | None = None

    def discs(self, steps: int, many: bool) -> Discs:
        """Return the discs of the view, with an orbit of this many steps if it has so many.

        Parameters
        ----------
        many
            Whether many are looked at, for which a table of the orbit's stretches is worth it.
        """
        before = self._orbit.steps
        self._orbit.extend(min(steps, self.most_steps), self._tell)
        table = many and self._orbit.steps > _WORTH_A_TABLE
        if self._discs is None or self._orbit.steps > before or (table and not self._has_table):
            self._has_table = table
            closes = self._orbit.ended is not None
            exponent = self._exponent if self._has_table else None
            nearby = Nearby(surroundings(self._orbit.reference(), closes, exponent), self._exponent)
            unit = context(40).power(2, self._exponent)
            width = float(context(40).divide(self.view.width, unit))
            self._discs = discs_of(nearby, width, self._shape, float(self.view.rotation))
        return self._discs

    def _first_zero(self, cell: Cell, steps: int, many: bool) -> Zero:
        """Return when the image of a disc first contains 0, and extend the orbit as it needs."""
        from pipeline.kernels.cpu.perturbation.nearby import UNDECIDED

        length = max(_FIRST_STEPS, self._orbit.steps)
        most = min(steps, self.most_steps)
        while True:
            discs = self.discs(length, many)
            zero = discs.first_zero(cell, steps)
            done = self._orbit.ended is not None or self._orbit.steps >= most
            if zero.outcome != UNDECIDED or done or self._is_attracted(discs):
                return zero
            length = min(2 * length, most)

    def _is_attracted(self, discs: Discs) -> bool:
        """Tell whether the orbit of the centre has settled on an attracting cycle."""
        from pipeline.kernels.cpu.perturbation.nearby import is_attracted

        z = discs.nearby.around.z
        period = int((z[1:] ** 2).sum(axis=1).argmin()) + 1
        return bool(is_attracted(z, _ATTRACTED_PERIODS * period, period))

    @property
    def sight(self) -> Sight:
        """Kind of the view as a whole."""
        from pipeline.kernels.cpu.perturbation.nearby import FOUND, OUTSIDE

        if self._sight is None:
            zero = self._first_zero(self._whole, self.most_steps, many=False)
            if zero.outcome == FOUND:
                self._sight = Sight(Seen.PLACES, zero.step)
            elif zero.outcome == OUTSIDE:
                self._sight = Sight(Seen.OUTSIDE, zero.step)
            else:
                attracted = self._is_attracted(self.discs(0, many=False))
                seen = Seen.INSIDE if attracted else Seen.UNDECIDED
                self._sight = Sight(seen, zero.step)
        return self._sight

    @property
    def _whole(self) -> Cell:
        return Cell(0j, complex(0.5, 0.5 * self._shape))

    @property
    def _longest(self) -> int:
        """Steps up to which parts of the view are followed."""
        return min(_PERIODS * self.sight.index + _MORE_PERIODS, self.most_steps)

    def lowest_nucleus(self) -> Candidate | None:
        """Return the nucleus of the lowest period in the view; None where none is found.

        Notes
        -----
        The part whose image contains 0 first is tried first: if Newton's method then leads to a
        nucleus in the view, no part has one of a lower period. Otherwise its quarters are looked
        at instead.
        """
        from pipeline.kernels.cpu.perturbation.nearby import FOUND

        if self.sight.seen != Seen.PLACES:
            return None
        order = count()
        parts = [(self.sight.index, next(order), self._whole)]
        for part in range(_MOST_PARTS):
            many = part > 0
            if not parts:
                return None
            period, _, cell = heapq.heappop(parts)
            found = self.discs(period + 1, many).nucleus(cell, period)
            if found is not None:
                return found
            for quarter in cell.quarters():
                zero = self._first_zero(quarter, self._longest, many=True)
                if zero.outcome == FOUND:
                    heapq.heappush(parts, (zero.step, next(order), quarter))
        return None

    def cells(self, across: int) -> list[Cell]:
        """Return the cells in which `places_of_cells` looks, from the middle outwards."""
        return self._whole.grid(across)

    def ready(self) -> tuple[Discs, int]:
        """Return the first two arguments of `places_of_cells`."""
        steps = min(_STEPS * self.sight.index + _MORE_PERIODS, self.most_steps)
        return self.discs(self._longest + 1, many=True), steps

    def landmarks(self, lowest: Candidate | None) -> list[Candidate]:
        """Return what the whole view leads to: the lowest nucleus, its tip, the eye of a spiral."""
        discs = self.discs(self.sight.index + 1, many=False)
        found = []
        if lowest is not None:
            found += [lowest, discs.tip(lowest)]
        steps = self.sight.index + max(PERIODS)
        for equation in discs.repeats(self._whole, steps, steps, whole=True):
            candidate = discs.repeat(equation, self._whole)
            if candidate is not None and candidate.error_log2 > self._exponent:
                candidate = self._located(candidate)
            found.append(candidate)
        return [each for each in found if each is not None]

    def _located(self, candidate: Candidate) -> Candidate | None:
        """Return a candidate that may be anywhere with its offset; None if not in the view."""
        goal_log2 = log2(self.view.width) - _LOCATED_BITS
        center = self._solved(candidate, goal_log2)
        if center is None:
            return None
        numbers = context(20)
        away = (
            float(numbers.divide(difference(part, from_part), self.view.width))
            for part, from_part in zip(center, self.view.center, strict=True)
        )
        discs = self.discs(0, many=False)
        offset = complex(*away) * cmath.rect(1.0, -cmath.phase(discs.axes))
        if not discs.holds(offset):
            return None
        start = Scaled(discs.offset(offset), self._exponent)
        return candidate._replace(offset=offset, error_log2=goal_log2 + 2.0, start=start)

    def _solved(self, candidate: Candidate, goal_log2: float) -> Point | None:
        start = Start(
            self.view.center, candidate.start, candidate.error_log2, candidate.reach_log2 - 2.0
        )
        return solved(candidate.equation, start, goal_log2)

    def exact(self, candidate: Candidate, width: Decimal | None = None) -> Place | None:
        """Return a candidate with all the digits that it needs; None if it lies elsewhere.

        Parameters
        ----------
        width
            Width of the smallest view of it, if that is smaller than it is itself.
        """
        goal_log2 = candidate.goal_log2
        if width is not None:
            goal_log2 = min(goal_log2, log2(width) - BITS_BEYOND)
        center = self._solved(candidate, goal_log2)
        if center is None:
            return None
        return candidate.at(center)


def places_of_cells(discs: Discs, steps: int, cells: Iterable[Cell]) -> list[Candidate]:
    """Return a nucleus and Misiurewicz points for each cell that leads to some in the view.

    Parameters
    ----------
    steps
        Steps after which an orbit is given up.
    """
    from pipeline.kernels.cpu.perturbation.nearby import FOUND, OUTSIDE

    found: list[Candidate | None] = []
    for cell in cells:
        zero = discs.first_zero(cell, steps)
        if zero.outcome == OUTSIDE:
            continue
        if zero.outcome == FOUND:
            found.append(discs.nucleus(cell, zero.step))
        found += [discs.repeat(equation, cell) for equation in discs.repeats(cell, steps, _REPEATS)]
    return [each for each in found if each is not None and each.error_log2 < discs.nearby.exponent]


def distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates without those that are the same as one before."""
    kept: list[Candidate] = []
    for one in candidates:
        same = (
            other.equation == one.equation and abs(other.offset - one.offset) < _SAME
            for other in kept
        )
        if not any(same):
            kept.append(one)
    return kept


def by_prominence(candidates: Iterable[Candidate], view: View) -> list[Candidate]:
    """Return candidates, first those that stand out most: large, near, and of a low period."""
    width_log2 = log2(view.width)

    def prominence(one: Candidate) -> float:
        reach = min(one.reach_log2 - width_log2, _LARGEST_REACH_LOG2)
        # A spiral has the more turns the nearer its multiplier is to 1; a tip has none.
        plain = 0.0 if one.is_nucleus else math.log2(one.equation.period) + one.scale.log2()
        # What is symmetrical stands out alike, but for roundings.
        return round(reach - plain - 2.0 * math.log2(_NEAR + abs(one.offset)), 6)

    return sorted(candidates, key=lambda one: (-prominence(one), one.equation, one.offset.imag))
