"""The formula that is iterated, and the shortcuts that hold for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, and which shortcuts a backend may take with it."""

    name: str
    """Name in tables of backends and, except for the Mandelbrot set's, in keys of stored files."""
    series: bool = False
    """Whether the first steps of neighbouring orbits are one polynomial of their offsets."""
    cardioid: bool = False
    """Whether the main cardioid and the period-2 bulb are known to be interior."""
    cycles: bool = False
    """Whether an attracting cycle proves a disc about its point interior (z² + c is analytic)."""
    minibrot: bool = False
    """Whether the neighbourhood of a nucleus is a small copy of the whole set."""

    def key(self) -> dict[str, str]:
        """Return what it adds to the key of a sample grid or an orbit.

        Nothing for the Mandelbrot set: what was stored before there were formulas stays valid.
        """
        return {} if self == MANDELBROT else {"formula": self.name}


MANDELBROT = Formula("mandelbrot", series=True, cardioid=True, cycles=True, minibrot=True)
"""z² + c."""
