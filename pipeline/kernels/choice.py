"""Which arithmetic serves a view, and which backend computes it.

The arithmetic is part of what counts depend on, and of their key. The device is not: every backend
computes the same counts in the same arithmetic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from pipeline.kernels.backend import Backend
from pipeline.kernels.formula import Formula

FLOAT64_NUMBERS = "float64"
HAVE_NUMBA = find_spec("numba") is not None
"""False on 32-bit Arm, where the numpy backend serves."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Bounds on how far counts may lie from those of exact arithmetic."""

    name: str
    error_exponent: int
    """log2 of the error, relative to a delta, that a stretch of steps may introduce."""
    float64_bits: int
    """log2 of the float64 roundings across a view, below which float64 gets too many pixels wrong:
    those next to the set, where all errors grow."""
    float64_shift: float
    """The fraction of the distance to the next sample by which float64's rounding may move a
    sample whose position is free, as it is in a band."""


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
class Arithmetic:
    """The numbers that orbits are computed in: what counts depend on besides points and maxiter."""

    name: str
    """Stored counts are keyed by it."""
    error_exponent: int | None = None
    """See :class:`Accuracy`; None where there are no stretches."""
    numbers: str = FLOAT64_NUMBERS
    """Name of the numbers that deltas are held in."""

    @property
    def needs_orbit(self) -> bool:
        """Whether it runs against a reference orbit."""
        return self.error_exponent is not None

    @property
    def is_pointwise(self) -> bool:
        """Whether a point's count is the same bits whichever points are counted with it."""
        return self.error_exponent is None


FLOAT64 = Arithmetic("float64")


def perturbation(accuracy: Accuracy, numbers: str = FLOAT64_NUMBERS) -> Arithmetic:
    """Return the arithmetic of any depth for an accuracy."""
    exponent = accuracy.error_exponent
    named = "" if numbers == FLOAT64_NUMBERS else f" in {numbers}"
    return Arithmetic(f"perturbation 2^{exponent}{named}", exponent, numbers)


@dataclass(frozen=True, slots=True)
class Device:
    """A device that computes counts."""

    name: str
    """Name in `render.device`."""
    backends: Mapping[str, str]
    """Module whose BACKEND computes a formula on this device, by the formula's name."""
    any_depth: bool
    """Whether it has perturbation; without, it has float64 alone."""
    numbers: str = FLOAT64_NUMBERS
    """Name of the numbers of its perturbation."""


# A backend for another device or formula is a folder of its own and an entry here.
DEVICES = {
    device.name: device
    for device in (
        Device("cpu", {"mandelbrot": "pipeline.kernels.cpu.backend"}, any_depth=True),
        Device("numpy", {"mandelbrot": "pipeline.kernels.numpy_twin"}, any_depth=False),
        Device("gpu", {"mandelbrot": "pipeline.kernels.gpu.backend"}, any_depth=True),
    )
}
CPU, GPU, AUTO, NUMPY = "cpu", "gpu", "auto", "numpy"
"""Names of devices: this processor, by numba or, without it, numpy; a graphics processor beside it;
whichever is quicker; and this processor by numpy."""


def device_named(name: str) -> Device:
    """Return a device of this machine."""
    return DEVICES["numpy" if name == CPU and not HAVE_NUMBA else name]


def planned_device(name: str, numbers: str = FLOAT64_NUMBERS) -> Device:
    """Return the device for which a config with this `render.device` is planned.

    A graphics processor helps the processor, and counts alone only in other numbers than float64.
    """
    processor = device_named(CPU if name in (GPU, AUTO) else name)
    return replace(processor, numbers=numbers)


def backend_for(device: str, formula: Formula) -> Backend:
    """Import and return the backend for a formula; only workers need it."""
    module = import_module(device_named(device).backends[formula.name])
    backend: Backend = module.BACKEND
    return backend


def view_arithmetic(
    width: float, largest_coordinate: float, accuracy: Accuracy, device: Device
) -> Arithmetic:
    """Choose the arithmetic for a view.

    Parameters
    ----------
    width : float
        Of the view; 0 where it underflows.
    largest_coordinate : float
        The largest absolute value of the view's coordinates.
    device : Device
        What is to compute it: float64 serves at any depth where there is nothing else.
    """
    rounding = float(np.spacing(largest_coordinate))
    if not device.any_depth or width >= rounding * 2.0**accuracy.float64_bits:
        return FLOAT64
    return perturbation(accuracy, device.numbers)


def band_arithmetic(roundings: float, accuracy: Accuracy, device: Device) -> Arithmetic:
    """Choose the arithmetic for a band whose samples are `roundings` float64 roundings apart.

    Notes
    -----
    An orbit in float64 is close to that of a point a rounding or two beside its own. What would be
    a wrong count for a pixel, whose position is fixed, is for a sample that may lie anywhere near
    the right count of its neighbour.
    """
    if not device.any_depth or roundings * accuracy.float64_shift >= 2.0:
        return FLOAT64
    return perturbation(accuracy, device.numbers)
