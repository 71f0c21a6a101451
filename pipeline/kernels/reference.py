"""The reference orbit as kernels take it, and its table of stretches.

Values are float64, with an exponent of their own where they are tiny.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

# Below this, a value of the orbit is also held with an exponent of its own.
TINY_EXPONENT = -960
# Where |Z|² is nearer than this to 4, or above it, its margin |Z|² - 4 is held as well: float64
# values of Z give it to some 2^-51 only, and deltas may be smaller than that.
EDGE = 2.0**-30
# An orbit is followed up to this |Z|²: until then, points near it may still be inside the disc, by
# less than float64 resolves.
OUTSIDE = 4.0 + 2.0**-10
# Where offsets are 2^this at most, deltas may differ so much that float64 cannot hold the products
# of small ones beside those of large ones. Elsewhere what it loses is nothing beside an offset.
WIDE_EXPONENT = -896


@dataclass(frozen=True, slots=True)
class Reference:
    """The orbit Z₀ = 0, Z₁ = C, … that perturbation runs against.

    It ends at its last value inside the disc of radius 2 or barely outside, at maxiter, or after
    one period, when its last value is 0.
    """

    z: NDArray[np.float64]
    """Shape (steps + 1, 2): real and imaginary parts."""
    tiny_index: NDArray[np.int64]
    """Increasing indices of values below 2^TINY_EXPONENT, the first excepted."""
    tiny: NDArray[np.float64]
    """Shape (tiny values, 2): their mantissas, the larger part 0.5 to 1."""
    tiny_exponent: NDArray[np.int64]
    """The exponents of two that belong to the mantissas."""
    margin_index: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Increasing indices of values whose margin \\|Z\\|² - 4 is held: all on the edge, but where it
    is exactly 0 only the first. Empty where none is on the edge."""
    margin: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """The margins' mantissas, of absolute value 0.5 to 1."""
    margin_exponent: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """The exponents of two that belong to them."""

    def __post_init__(self) -> None:
        # Mapped files are read-only, and numba compiles anew for arrays that are not.
        for array in (
            self.z, self.tiny_index, self.tiny, self.tiny_exponent,
            self.margin_index, self.margin, self.margin_exponent,
        ):  # fmt: skip  # all fields
            array.flags.writeable = False

    @property
    def steps(self) -> int:
        """The index of the last value."""
        return len(self.z) - 1


@dataclass(frozen=True, slots=True)
class Approximation:
    """A binary tree of stretches over a reference; level l has stretches of 2^l steps.

    The j-th stretch of level l begins at index 1 + j·2^l. Levels below the lowest are not kept.
    """

    nodes: NDArray[np.float64]
    """Shape (all nodes, numbers of a node), level after level from the lowest."""
    radius: NDArray[np.float64]
    """Shape (all nodes, 2): the bound of a delta's larger part, 0 where float64 cannot hold it, and
    log2 of |A|."""
    offsets: NDArray[np.int64]
    """Shape (levels + 1,): where each level begins in `nodes`, by level."""
    lowest: int
    offset_exponent: int
    """k: 2^k bounds the distance of every pixel from the reference."""

    def __post_init__(self) -> None:
        for array in (self.nodes, self.radius, self.offsets):
            array.flags.writeable = False
