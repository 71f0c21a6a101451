"""Which kernel serves a view, chosen from its width and from how exact counts should be."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from pipeline.kernels.results import Counts

HAVE_NUMBA = find_spec("numba") is not None
"""False on 32-bit Arm, where the numpy kernel serves."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How far counts may lie from those of exact arithmetic."""

    name: str
    error_exponent: int
    """log2 of the error, relative to a delta, that a stretch of steps may bring in."""
    float64_bits: int
    """log2 of the roundings of float64 across a view, below which float64 gets too many pixels
    wrong: those next to the set, where all errors grow."""
    float64_shift: float
    """By which part of the way to the next sample the rounding of float64 may move a sample whose
    place is free, as it is in a band."""


# Measured against arbitrary precision, wrong counts at 1e-4, and from 1e-12 to 1e-157 the worst:
# exact 0.1 % and 0.1 %, fine 0.9 % (float64) and 0.4 %, draft 0.9 % (float64) and 2.5 %.
ACCURACIES = {
    accuracy.name: accuracy
    for accuracy in (
        Accuracy("exact", -54, 46, 2.0**-20),
        Accuracy("fine", -40, 39, 2.0**-7),
        Accuracy("draft", -24, 28, 2.0**-5),
    )
}


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel's names: one of the arithmetic, which counts depend on, one of its code."""

    arithmetic: str
    """What counts depend on: stored counts are keyed by it."""
    code: str
    """What runs it here: "numba lanes", "numba lane groups" or "numpy"."""
    error_exponent: int | None = None
    """See :class:`Accuracy`; None where there are no stretches."""

    @property
    def deep(self) -> bool:
        """Whether it runs against a reference orbit."""
        return self.error_exponent is not None

    def load(self) -> Callable[..., Counts]:
        """Import the kernel's code, which only workers need, and return its `escape_counts`."""
        module = {
            "numba lanes": "pipeline.kernels.cpu.float64.counts",
            "numba packets": "pipeline.kernels.cpu.perturbation.counts",
            "numpy": "pipeline.kernels.numpy_twin",
        }[self.code]
        kernel: Callable[..., Any] = import_module(module).escape_counts
        return kernel


FLOAT64 = Kernel("float64", "numba lanes" if HAVE_NUMBA else "numpy")


def perturbation(accuracy: Accuracy) -> Kernel:
    """Return the kernel of any depth for an accuracy."""
    exponent = accuracy.error_exponent
    return Kernel(f"perturbation 2^{exponent}", "numba packets", exponent)


def kernel_for(width: float, largest_coordinate: float, accuracy: Accuracy) -> Kernel:
    """Choose the kernel for a view.

    Parameters
    ----------
    width : float
        Of the view; 0 where it underflows.
    largest_coordinate : float
        The largest absolute value of the view's coordinates.
    """
    rounding = float(np.spacing(largest_coordinate))
    if width >= rounding * 2.0**accuracy.float64_bits:
        return FLOAT64
    return perturbation(accuracy)


def band_kernel_for(roundings: float, accuracy: Accuracy) -> Kernel:
    """Choose the kernel for a band whose samples are so many roundings of float64 apart.

    Notes
    -----
    An orbit in float64 is close to that of a point a rounding or two beside its own. What a wrong
    count is at a pixel's own place is, to a sample that may lie anywhere near, the right count of
    its neighbour.
    """
    if not HAVE_NUMBA or roundings * accuracy.float64_shift >= 2.0:
        return FLOAT64
    return perturbation(accuracy)
