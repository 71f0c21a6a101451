"""Discs of a view, and what their images under the iteration say of the places in them."""

import cmath
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipeline.prepare.places.equation import Equation, Nearby, Root, Scaled
from pipeline.prepare.places.place import Candidate

# A root may lie this far outside of the view, as a fraction of it.
_BEYOND = 1e-6
# log2 of how far a root of float64 may be off, in units; and beyond which it says nothing.
_ERROR_LOG2 = -32.0
_VAGUE_LOG2 = -12.0
# Newton's method may lead this many radii away from the cell in which it starts.
_FARTHEST = 4.0
# A lower period is the true one where its orbit returns this much nearer to 0, or to itself.
_RETURN_LOG2 = -24.0
# Preperiods that are tried in a disc, for each period.
_PREPERIODS = 3
PERIODS = (1, 2, 3, 4, 5, 6)
"""Periods of the Misiurewicz points that are looked for."""
# A disc below this, of the plane of z, says nothing of repeats yet.
_TINY_DISC = 2.0**-36
# log2 of the largest multiplier of a spiral that looks like one.
_STEEP_LOG2 = 10.0


class Cell(NamedTuple):
    """A rectangle of a view, along the view's axes, in widths of the view."""

    middle: complex
    half: complex
    """Half its width and height."""

    def quarters(self) -> list["Cell"]:
        """Return its four quarters."""
        half = self.half / 2
        return [
            Cell(self.middle + complex(x * half.real, y * half.imag), half)
            for x in (-1, 1)
            for y in (-1, 1)
        ]

    def grid(self, across: int) -> list["Cell"]:
        """Return about square cells, `across` in a row, from the middle outwards."""
        down = max(1, round(across * self.half.imag / self.half.real))
        half = complex(self.half.real / across, self.half.imag / down)
        corner = self.middle - self.half + half
        cells = [
            Cell(corner + complex(2 * column * half.real, 2 * row * half.imag), half)
            for column in range(across)
            for row in range(down)
        ]
        return sorted(cells, key=lambda cell: abs(cell.middle))


class Zero(NamedTuple):
    """First index at which the image of a disc may contain 0."""

    outcome: int
    """FOUND, OUTSIDE or UNDECIDED, as the kernel has it."""
    step: int


@dataclass(frozen=True, slots=True)
class Discs:
    """The discs about the cells of a view."""

    nearby: Nearby
    view: Cell
    """The whole view."""
    axes: complex
    """One width of the view to the right, in units of `nearby`."""

    def offset(self, point: complex) -> complex:
        """Return a point of the view in units of `nearby`."""
        return point * self.axes

    def first_zero(self, cell: Cell, steps: int) -> Zero:
        """Return when the image of the disc about a cell may first contain 0."""
        from pipeline.kernels.cpu.perturbation.nearby import first_zero

        middle = self.offset(cell.middle)
        radius = abs(cell.half) * abs(self.axes)
        outcome, index = first_zero(
            self.nearby.around,
            middle.real,
            middle.imag,
            radius,
            self.nearby.exponent,
            steps,
        )
        return Zero(int(outcome), int(index))

    def holds(self, point: complex) -> bool:
        """Tell whether a point lies in the view."""
        away, half = point - self.view.middle, self.view.half * (1 + _BEYOND)
        return abs(away.real) <= half.real and abs(away.imag) <= half.imag

    def _root(self, equation: Equation, cell: Cell) -> Root | None:
        farthest = _FARTHEST * abs(cell.half) * abs(self.axes)
        return self.nearby.root(equation, self.offset(cell.middle), farthest)

    def nucleus(self, cell: Cell, period: int) -> Candidate | None:
        """Return the nucleus that Newton's method finds from a cell, if it lies in the view."""
        root = self._root(Equation(0, period), cell)
        if root is None or not self.holds(root.offset / self.axes):
            return None
        for divisor in _divisors(period):
            step = self.nearby.step(Equation(0, divisor), root.offset)
            if step is not None and _distance_log2(step.value, step.slope) < (
                self.nearby.exponent + _RETURN_LOG2
            ):
                return self.nucleus(Cell(root.offset / self.axes, cell.half), divisor)
        jet = root.step.jets[0]
        size = Scaled(1 + 0j, 0).over(jet.slope.times(jet.product))
        reach = root.step.smallest_log2 - jet.slope.log2() if period > 1 else 0.0
        return self._candidate(Equation(0, period), root, reach, size)

    def repeats(self, cell: Cell, steps: int, most: int, whole: bool = False) -> list[Equation]:
        """Return the equations of the Misiurewicz points that a cell may lead to.

        Parameters
        ----------
        steps
            Steps after which a repeat is no longer looked for.
        most
            How many values of the orbit are looked at.
        whole
            Whether they are the first ones, or those where the disc's image is no longer tiny.
        """
        from pipeline.kernels.cpu.perturbation.nearby import first_repeat, values_of_disc

        middle = self.offset(cell.middle)
        values, radii = np.empty((most, 2)), np.empty(most)
        first, count = values_of_disc(
            self.nearby.around,
            middle.real,
            middle.imag,
            abs(cell.half) * abs(self.axes),
            self.nearby.exponent,
            steps,
            0.0 if whole else _TINY_DISC,
            values,
            radii,
        )
        found = []
        for period in PERIODS:
            at = 0
            for _ in range(_PREPERIODS):
                at = int(first_repeat(values[:count], radii[:count], period, at))
                if at < 0:
                    break
                found.append(Equation(first + at + 1, period))
                at += 1
        return found

    def repeat(
        self, equation: Equation, cell: Cell, reach_log2: float | None = None
    ) -> Candidate | None:
        """Return the Misiurewicz point that Newton's method finds, if it lies in the view.

        Where float64 cannot tell the values of the view's points apart, it may lie anywhere:
        its error is then that of the whole view.
        """
        nearby = self.nearby
        first = nearby.step(equation, self.offset(cell.middle))
        if first is None or not first.slope.mantissa:
            return None
        if nearby.rounding_log2(first) > _VAGUE_LOG2:
            return self._described(equation, Root(0j, first), nearby.exponent + 1.0, reach_log2)
        root = self._root(equation, cell)
        if root is None or not self.holds(root.offset / self.axes):
            return None
        error = max(_ERROR_LOG2, nearby.rounding_log2(root.step) + 2.0)
        return self._described(equation, root, nearby.exponent + error, reach_log2)

    def tip(self, nucleus: Candidate) -> Candidate | None:
        """Return the tip of a minibrot's antenna, its -2, if it lies in the view."""
        period = nucleus.equation.period
        size = nucleus.scale.in_units(self.nearby.exponent)
        cell = Cell(nucleus.offset - 2.0 * size / self.axes, complex(abs(size / self.axes), 0.0))
        return self.repeat(Equation(period + 1, period), cell, nucleus.scale.log2())

    def _described(
        self, equation: Equation, root: Root, error_log2: float, reach_log2: float | None = None
    ) -> Candidate | None:
        """Return a Misiurewicz point with its multiplier and reach; None where it is another."""
        before, after = root.step.jets
        if before.z.log2() < _RETURN_LOG2 and reach_log2 is None:
            # Both values are 0: a nucleus.
            return None
        cycle = before.z.times(before.product), after.z.times(after.product)
        multiplier = cycle[1].over(cycle[0])
        if not 0.0 < multiplier.log2() < _STEEP_LOG2:
            return None
        if reach_log2 is None:
            c = complex(*self.nearby.around.z[1]) + self._plain(root.offset)
            z = [before.z.in_units(0)]
            for _ in range(equation.period):
                z.append(z[-1] ** 2 + c)
            if any(abs(z[1 + d] - z[1]) < 2.0**-20 for d in _divisors(equation.period)):
                return None
            last = after.z.log2() - after.slope.log2()
            reach_log2 = min(root.step.nearest_log2, last)
        return self._candidate(equation, root, reach_log2, multiplier, error_log2)

    def _plain(self, offset: complex) -> complex:
        """Return an offset in the plane, 0 where float64 cannot hold it."""
        return Scaled(offset, self.nearby.exponent).in_units(0)

    def _candidate(
        self,
        equation: Equation,
        root: Root,
        reach_log2: float,
        scale: Scaled,
        error_log2: float | None = None,
    ) -> Candidate:
        exponent = self.nearby.exponent
        return Candidate(
            equation,
            root.offset / self.axes,
            exponent + _ERROR_LOG2 if error_log2 is None else error_log2,
            Scaled(root.offset, exponent),
            reach_log2,
            scale,
        )


def discs_of(
    nearby: Nearby, width_in_units: float, rows_per_column: float, degrees: float
) -> Discs:
    """Return the discs of a view of this width and shape, turned by some degrees."""
    view = Cell(0j, complex(0.5, 0.5 * rows_per_column))
    return Discs(nearby, view, cmath.rect(width_in_units, math.radians(degrees)))


def _distance_log2(value: Scaled, slope: Scaled) -> float:
    return value.log2() - slope.log2() if slope.mantissa else math.inf


def _negative(number: Scaled) -> Scaled:
    return Scaled(-number.mantissa, number.exponent)


def _divisors(number: int) -> list[int]:
    """Return the divisors of a number but for itself, the smallest first."""
    small = [each for each in range(1, math.isqrt(number) + 1) if number % each == 0]
    return sorted({*small, *(number // each for each in small)} - {number})
