"""Which kernel serves a view, chosen from how fine its pixels are."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.counts import Counts

# Neighbouring pixels must be some roundings of float64 apart, or the picture turns to blocks.
FLOAT64_ULPS_A_PIXEL = 3.0

HAVE_NUMBA = find_spec("numba") is not None
"""False on 32-bit Arm, where the numpy kernel serves."""

PointKernel = Callable[[NDArray[np.float64], NDArray[np.float64], int, bool], Counts]


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel's names: one of the arithmetic, which counts depend on, one of its code."""

    arithmetic: str
    """What counts depend on: stored counts are keyed by it."""
    code: str
    """What runs it here: "numba lanes" or "numpy"."""

    @property
    def module(self) -> str:
        """The module whose `escape_counts` it is."""
        return {
            "numba lanes": "pipeline.kernels.float64_lanes",
            "numpy": "pipeline.kernels.float64_numpy",
        }[self.code]

    def load(self) -> PointKernel:
        """Import the kernel's code, which only workers need, and return its function."""
        kernel: PointKernel = import_module(self.module).escape_counts
        return kernel


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
