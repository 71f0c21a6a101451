"""A target: the point whose reference orbit serves a zoom, and the precision of that orbit."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from pipeline.geometry.decimals import canonical_text, difference, log2
from pipeline.geometry.point import Point
from pipeline.kernels.formula import MANDELBROT, Formula
from pipeline.kernels.reference import EDGE

# Beyond the bits that resolve neighbouring pixels: 53 for their deltas, the rest for the orbit's
# accumulated errors. Rounded up to whole words, which cost the same.
_GUARD_BITS = 64
_WORD_BITS = 64
# Steps from where float64 first resolves an orbit's distance from 2 to where it is certain.
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
        """Tell whether float64 cannot tell it from the edge of the disc of radius 2."""
        re, im = map(float, self.center)
        return abs(re * re + im * im - 4.0) <= EDGE

    def steps(self, maxiter: int) -> int:
        """Return the most steps of the orbit that `maxiter` checks need.

        Next to -2 an orbit outside the set stays at 2 until it has moved away, four times as far at
        every step: only then does it have a smooth count.
        """
        at_tip = self.on_edge() and abs(float(difference(self.center[0], Decimal(-2)))) <= EDGE
        return maxiter + (self.bits // 2 + _TIP_STEPS if at_tip else 0)

    def nearness(self) -> int:
        """Return log2 of the distance within which a nucleus counts as the target itself."""
        return 40 - self.bits


def bits_for(spacing: Decimal) -> int:
    """Return the bits that an orbit needs for pixels of this spacing."""
    return -(-int(max(-log2(spacing), 0.0) + _GUARD_BITS) // _WORD_BITS) * _WORD_BITS
