"""Results of a search: candidates, known to float64, and places, known to all digits they need."""

import cmath
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from pipeline.geometry.decimals import context
from pipeline.geometry.point import Point
from pipeline.prepare.places.equation import Equation, Scaled

BITS_BEYOND = 52
"""Bits of a root beyond its size: enough that a render knows a nucleus for one."""
# A turn below this many degrees shows no spiral.
_SPIRAL_DEGREES = 3.0


@dataclass(frozen=True, slots=True)
class Nucleus:
    """The centre of a minibrot, a small copy of the whole set."""

    center: Point
    """The nucleus, to some 15 digits beyond the size."""
    period: int
    """Period of the orbit of 0 there."""
    size: Decimal
    """Size of the minibrot relative to the whole set, whose own is 1: it is 2.5 sizes long."""
    turn: float
    """Degrees by which the minibrot is turned against the whole set, counterclockwise."""
    reach: Decimal
    """Radius of the atom domain: about how far its decorations can be told from others."""


@dataclass(frozen=True, slots=True)
class Misiurewicz:
    """A Misiurewicz point: the eye of a spiral, the end of an antenna, or where branches meet."""

    center: Point
    """The point, to some 15 digits beyond the reach."""
    preperiod: int
    """Steps from z₀ = 0 until the orbit repeats."""
    period: int
    """Period of the orbit from there on."""
    multiplier: complex
    """Multiplier of the cycle: 1 / it shrinks and turns the surroundings into themselves."""
    reach: Decimal
    """Radius of the domain in which it is the nearest of its preperiod and period."""

    @property
    def turn(self) -> float:
        """Degrees by which the surroundings turn, counterclockwise, where they are magnified."""
        return math.degrees(cmath.phase(self.multiplier))

    @property
    def shrink(self) -> float:
        """Factor of a zoom after which the surroundings look the same again, but turned."""
        return abs(self.multiplier)

    @property
    def is_spiral(self) -> bool:
        """Whether its surroundings turn so much that they show a spiral."""
        return _SPIRAL_DEGREES < abs(self.turn) < 180.0 - _SPIRAL_DEGREES


Place = Nucleus | Misiurewicz


class Candidate(NamedTuple):
    """A place as a search knows it: where to a millionth of the view, or at least which."""

    equation: Equation
    offset: complex
    """Offset from the view's centre, along the view's axes, in widths of the view."""
    error_log2: float
    """log2 of how far that may be off, of the plane."""
    start: Scaled
    """The same offset in the plane."""
    reach_log2: float
    """log2 of `reach`, of the plane."""
    scale: Scaled
    """Complex size of a nucleus, or multiplier of a Misiurewicz point's cycle."""

    @property
    def is_nucleus(self) -> bool:
        """Whether it is a nucleus and no Misiurewicz point."""
        return self.equation.preperiod == 0

    @property
    def size(self) -> Decimal:
        """Size of the minibrot; of a Misiurewicz point, which has none, its reach."""
        return decimal_of(self.scale.log2() if self.is_nucleus else self.reach_log2)

    @property
    def goal_log2(self) -> float:
        """log2 of the error that its centre may have."""
        size_log2 = self.scale.log2() if self.is_nucleus else self.reach_log2
        return size_log2 - BITS_BEYOND

    def at(self, center: Point) -> Place:
        """Return the place that it is, with its exact centre."""
        equation, reach = self.equation, decimal_of(self.reach_log2)
        if self.is_nucleus:
            turn = math.degrees(cmath.phase(self.scale.mantissa))
            return Nucleus(center, equation.period, self.size, turn, reach)
        multiplier = self.scale.in_units(0)
        return Misiurewicz(center, equation.preperiod, equation.period, multiplier, reach)


def decimal_of(log2: float) -> Decimal:
    """Return 2^log2, to some twelve digits."""
    numbers = context(12)
    whole = math.floor(log2)
    return numbers.multiply(numbers.power(Decimal(2), whole), Decimal(2.0 ** (log2 - whole)))


def framing_width(size: Decimal, view_width: Decimal, sizes: Decimal) -> Decimal:
    """Return the width of a picture of a place, at most that of the view it is in."""
    return min(context(3).multiply(size, sizes), context(6).plus(view_width))
