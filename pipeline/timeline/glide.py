"""Glides: how a zoom's target comes to the middle of the picture on its way down."""

from dataclasses import dataclass
from fractions import Fraction

# Octaves over which the target comes to the middle: a third of the leg, within these.
_LEAST_OCTAVES = 4
_MOST_OCTAVES = 8
# And where the zoom is under way already when the target changes: while the camera is turned, the
# new target moves off by up to 34 %.
_TURNED_OCTAVES = 3
_LN_2 = Fraction(693147, 1_000_000)


@dataclass(frozen=True, slots=True)
class Glide:
    """Distance of the target from the middle, in picture widths relative to that at the start."""

    coefficients: tuple[Fraction, ...]
    """Coefficients of a polynomial of the fraction of the glide, the constant one first."""
    share: Fraction
    """Share of the leg's octaves after which the target is in the middle."""

    def at(self, depth: Fraction) -> Fraction:
        """Return the distance at a fraction of the leg's octaves from its shallow end."""
        x = depth / self.share
        if x >= 1:
            return Fraction(0)
        total = Fraction(0)
        for coefficient in reversed(self.coefficients):
            total = total * x + coefficient
        return total


EVEN = Glide((Fraction(1), Fraction(-1)), Fraction(1))
"""The glide of named easings: even over the whole leg."""


def glide_of(octaves: Fraction, stops_shallow: bool, stops_deep: bool) -> Glide:
    """Return the glide of a smooth leg.

    Parameters
    ----------
    stops_shallow, stops_deep
        Whether the zoom stands still at its shallow and at its deep end.

    Notes
    -----
    Where the zoom starts from standing still the distance is (1-x) ((1-k) + k (1-x)²), with k = 1
    unless the leg is nearly a pan: it ends without a jerk, and is nowhere above that of an even
    glide, 1 - depth. Where the picture's middle rests in another point while the zoom goes on, the
    distance begins as 2^octaves, to its second derivative, and ends as above: a quintic.
    """
    if not stops_shallow:
        share = min(Fraction(1), _TURNED_OCTAVES / octaves)
        m = _LN_2 * share * octaves
        half = m * m / 2
        cubic, quartic = -10 - 6 * m - 3 * half, 15 + 8 * m + 3 * half
        return Glide((Fraction(1), m, half, cubic, quartic, -6 - 3 * m - half), share)
    wanted = min(max(octaves / 3, Fraction(_LEAST_OCTAVES)), Fraction(_MOST_OCTAVES))
    share = min(Fraction(1), wanted / octaves) if octaves else Fraction(1)
    k = min(Fraction(1), octaves / _LEAST_OCTAVES) if stops_deep else Fraction(1)
    if not k:
        return EVEN
    # (1-x) (1 - 2kx + kx²)
    return Glide((Fraction(1), -1 - 2 * k, 3 * k, -k), share)
