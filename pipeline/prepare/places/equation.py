"""The equations whose roots are places: of a nucleus, z_p = 0; of a Misiurewicz point, z_q = z_q+p.

Both are solved by Newton's method. Here they are solved near a view's centre, by perturbation: to
some 40 bits beyond what the view resolves, and quickly.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.reference import Reference

if TYPE_CHECKING:
    from pipeline.kernels.cpu.perturbation.nearby import Surroundings

_TRIES = 24
# A root is found once a step is below this fraction of the unit, or what roundings leave.
_SMALL_STEP = 2.0**-36
_ROUNDING_LOG2 = -48.0
# Of a nucleus, whose z is 0 to float64's relative precision.
_NO_ROUNDING = 1000.0


class Equation(NamedTuple):
    """Σ z_n = 0 over one or two indices n."""

    preperiod: int
    """q of a Misiurewicz point, counted from z₀ = 0; 0 for a nucleus."""
    period: int

    @property
    def indices(self) -> tuple[int, ...]:
        """The indices n.

        Notes
        -----
        z_{q+p} = z_q for no lower q where z_{q+p-1} = -z_{q-1} ≠ 0 (B. Hutz and A. Towsley,
        Misiurewicz points for polynomial maps and transversality, 2015): no root is one of a lower
        preperiod, so that none has to be divided out.
        """
        if not self.preperiod:
            return (self.period,)
        return self.preperiod - 1, self.preperiod + self.period - 1


class Scaled(NamedTuple):
    """A complex number of any size: mantissa · 2^exponent."""

    mantissa: complex
    exponent: int

    def log2(self) -> float:
        """Return log2 of its absolute value."""
        return self.exponent + math.log2(abs(self.mantissa)) if self.mantissa else -math.inf

    def in_units(self, exponent: int) -> complex:
        """Return it divided by 2^exponent."""
        shift = max(min(self.exponent - exponent, 1000), -2000)
        return complex(math.ldexp(self.mantissa.real, shift), math.ldexp(self.mantissa.imag, shift))

    def over(self, other: "Scaled") -> "Scaled":
        """Return the quotient of two numbers."""
        return Scaled(self.mantissa / other.mantissa, self.exponent - other.exponent)

    def times(self, other: "Scaled") -> "Scaled":
        """Return the product of two numbers."""
        return Scaled(self.mantissa * other.mantissa, self.exponent + other.exponent)

    def plus(self, other: "Scaled") -> "Scaled":
        """Return the sum of two numbers."""
        exponent = max(self.exponent, other.exponent)
        return Scaled(self.in_units(exponent) + other.in_units(exponent), exponent)


class Jet(NamedTuple):
    """An orbit at one index n, with its derivatives."""

    z: Scaled
    slope: Scaled
    """dz_n/dc."""
    product: Scaled
    """λ_{n-1} = 2^{n-1} z₁ … z_{n-1}."""


class Step(NamedTuple):
    """A step of Newton's method."""

    value: Scaled
    """Σ z_n."""
    slope: Scaled
    """Its derivative by c."""
    jets: list[Jet]
    smallest_log2: float
    """log2 of the smallest |z_n| before the last index."""
    nearest_log2: float
    """log2 of about the distance to the nearest nucleus of a lower period than the last index."""


class Root(NamedTuple):
    """A root, as an offset from the view's centre in the units of `Nearby`."""

    offset: complex
    step: Step
    """The orbit there."""


@dataclass(frozen=True, slots=True)
class Nearby:
    """Orbits of the points near a view's centre, by perturbation of its own.

    Offsets are complex numbers in units of 2^exponent.
    """

    around: "Surroundings"
    exponent: int

    def __post_init__(self) -> None:
        # Arrays that came from another process can be written, and numba would compile anew.
        for part in self.around:
            if isinstance(part, np.ndarray):
                part.flags.writeable = False

    def step(self, equation: Equation, offset: complex) -> Step | None:
        """Return what Newton's method needs at a point; None where the reference is too short."""
        from pipeline.kernels.cpu.perturbation.nearby import derivatives

        indices = np.array(equation.indices, np.int64)
        out = np.zeros((indices.size, 3, 2))
        exponents = np.zeros((indices.size, 3), np.int64)
        complete, smallest, nearest = derivatives(
            self.around, offset.real, offset.imag, self.exponent, indices, out, exponents
        )
        if not complete:
            return None
        jets = [
            Jet(*(Scaled(complex(*out[at, k]), int(exponents[at, k])) for k in range(3)))
            for at in range(indices.size)
        ]
        value, slope = jets[0].z, jets[0].slope
        for jet in jets[1:]:
            value, slope = value.plus(jet.z), slope.plus(jet.slope)
        return Step(value, slope, jets, float(smallest), float(nearest))

    def root(self, equation: Equation, start: complex, farthest: float) -> Root | None:
        """Return the root that Newton's method leads to; None where it goes too far, or nowhere."""
        offset = start
        for _ in range(_TRIES):
            step = self.step(equation, offset)
            if step is None or not step.slope.mantissa:
                return None
            change = step.value.over(step.slope).in_units(self.exponent)
            if abs(change) < max(_SMALL_STEP, 2.0 ** self.rounding_log2(step)):
                return Root(offset, step)
            offset -= change
            if not abs(offset - start) < farthest:
                return None
        return None

    def rounding_log2(self, step: Step) -> float:
        """Return log2 of the error that roundings leave of a root, in units."""
        if len(step.jets) == 1:
            return -_NO_ROUNDING
        # The sum of two values is as exact as they are.
        largest = max(jet.z.log2() for jet in step.jets)
        return largest - step.slope.log2() - self.exponent + _ROUNDING_LOG2


def surroundings(reference: Reference, closes: bool, exponent: int | None = None) -> "Surroundings":
    """Return a reference as kernels take it, with a table of stretches if there is an exponent.

    Parameters
    ----------
    closes
        Whether it has escaped or come back to 0, and does not just lack steps.
    exponent
        k, where 2^k bounds the distance of all points from it.
    """
    from pipeline.kernels.cpu.perturbation import approximation as stretches
    from pipeline.kernels.cpu.perturbation.nearby import STRETCH_ERROR, Surroundings

    steps = reference.steps if exponent is not None else 1
    lowest, offsets = stretches.lowest_level(steps), stretches.level_offsets(steps)
    count = int(offsets[-1])
    nodes = np.empty((count, stretches.NODE_SIZE))
    if exponent is not None:
        stretches.fill(reference, exponent, STRETCH_ERROR, nodes, np.empty((count, 2)))
    return Surroundings(
        reference.z,
        reference.tiny_index,
        reference.tiny,
        reference.tiny_exponent,
        closes,
        nodes,
        _smallest(reference, offsets, lowest),
        offsets,
        lowest,
    )


def _smallest(reference: Reference, offsets: NDArray[np.int64], lowest: int) -> NDArray[np.float64]:
    """Return log2 of the smallest |Z| in the stretch of each node."""
    smallest = np.empty(int(offsets[-1]))
    if not smallest.size:
        return smallest
    with np.errstate(divide="ignore"):
        logs = np.log2(np.hypot(*reference.z.T))
    tiny = np.hypot(*reference.tiny.T)
    logs[reference.tiny_index] = np.log2(tiny) + reference.tiny_exponent
    below, length = logs[1:], 1 << lowest
    for first, end in pairwise(offsets[lowest:]):
        below = below[: (end - first) * length].reshape(end - first, length).min(axis=1)
        smallest[first:end] = below
        length = 2
    return smallest
