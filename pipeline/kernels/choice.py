"""Which kernel serves a view, chosen from how fine its pixels are."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.counts import Counts
from pipeline.kernels.jit import HAVE_NUMBA

# Neighbouring pixels must be some roundings of float64 apart, or the picture turns to blocks.
FLOAT64_ULPS_A_PIXEL = 3.0

PointKernel = Callable[[NDArray[np.float64], NDArray[np.float64], int, bool], Counts]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel's names: one of the arithmetic, which counts depend on, one of its code."""

    arithmetic: str
    """What counts depend on: stored counts are keyed by it."""
    code: str
    """What runs it here: "numba lanes" or "numpy"."""

    def load(self) -> PointKernel:
        """Import the kernel's code and return its function."""
        if self.code == "numba lanes":
            from pipeline.kernels.float64_lanes import escape_counts as lanes

            return lanes  # type: ignore[no-any-return]  # numba is untyped
        from pipeline.kernels.float64_numpy import escape_counts as numpy_counts

        return numpy_counts


FLOAT64 = Kernel("float64", "numba lanes" if HAVE_NUMBA else "numpy")


def smallest_float64_spacing(largest_coordinate: float) -> float:
    """Return the smallest pixel spacing that float64 resolves for coordinates up to this size."""
    return FLOAT64_ULPS_A_PIXEL * float(np.spacing(largest_coordinate))


def kernel_for(spacing: float, largest_coordinate: float) -> Kernel | None:
    """Choose the kernel for a view; None where no kernel reaches.

    Parameters
    ----------
    spacing : float
        Distance of neighbouring pixels; 0 where it underflows.
    largest_coordinate : float
        The largest absolute value of the view's coordinates.
    """
    if spacing >= smallest_float64_spacing(largest_coordinate):
        return FLOAT64
    return None
