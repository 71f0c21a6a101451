"""The reference orbit as kernels take it: float64 values, with an exponent where they are tiny."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Below this, a value of the orbit is also held with an exponent of its own.
TINY_EXPONENT = -960


@dataclass(frozen=True, slots=True)
class Reference:
    """The orbit Z₀ = 0, Z₁ = C, … that perturbation runs against.

    It ends at its last value inside the disc of radius 2, at maxiter, or after one period, when
    its last value is 0.
    """

    z: NDArray[np.float64]
    """Shape (steps + 1, 2): real and imaginary parts."""
    tiny_index: NDArray[np.int64]
    """Increasing indices of values below 2^TINY_EXPONENT, the first excepted."""
    tiny: NDArray[np.float64]
    """Shape (tiny values, 2): their mantissas, the larger part 0.5 to 1."""
    tiny_exponent: NDArray[np.int64]
    """The exponents of two that belong to the mantissas."""

    def __post_init__(self) -> None:
        # Mapped files are read-only, and numba compiles anew for arrays that are not.
        for array in (self.z, self.tiny_index, self.tiny, self.tiny_exponent):
            array.flags.writeable = False

    @property
    def steps(self) -> int:
        """The index of the last value."""
        return len(self.z) - 1
