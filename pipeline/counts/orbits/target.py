"""A target: the point whose reference orbit serves a zoom, and how exactly it is needed."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from pipeline.geometry.decimals import canonical_text, difference, log2
from pipeline.geometry.point import Point
from pipeline.kernels.formula import MANDELBROT, Formula
from pipeline.kernels.reference import EDGE

# Beyond the bits that tell neighbouring pixels apart: 53 for their deltas, the rest for the errors
# that the orbit gathers on its way. Rounded up to whole words, which cost the same.
_GUARD_BITS = 64
_WORD_BITS = 64
# Of an orbit that has come away from 2 as far as float64 can tell, to where there is no doubt.
_TIP_STEPS = 32


@dataclass(frozen=True, slots=True)
class Target:
    """The point C of a reference orbit, such as Z ← Z² + C."""

    center: Point
    bits: int
    """Precision of the numbers that the orbit is computed with."""
    formula: Formula = MANDELBROT

    def key(self) -> str:
        """Return the name of the orbit's files: all that its values depend on."""
        facts = (*map(canonical_text, self.center), str(self.bits), *self.formula.key().values())
        return hashlib.sha256(" ".join(facts).encode()).hexdigest()[:32]

    def on_edge(self) -> bool:
        """Tell whether it lies on the edge of the disc of radius 2, as far as float64 can tell."""
        re, im = map(float, self.center)
        return abs(re * re + im * im - 4.0) <= EDGE

    def steps(self, maxiter: int) -> int:
        """Return the steps of the orbit that so many checks need at most.

        Next to -2 what is outside stays at 2 until it has come away from there, four times as far
        at every step: only then does it have a smooth count.
        """
        at_tip = self.on_edge() and abs(float(difference(self.center[0], Decimal(-2)))) <= EDGE
        return maxiter + (self.bits // 2 + _TIP_STEPS if at_tip else 0)

    def nearness(self) -> int:
        """Return log2 of the distance in which a nucleus is the same point to every pixel."""
        return 40 - self.bits


def bits_for(spacing: Decimal) -> int:
    """Return the bits that an orbit needs for pixels this far apart."""
    return -(-int(max(-log2(spacing), 0.0) + _GUARD_BITS) // _WORD_BITS) * _WORD_BITS
