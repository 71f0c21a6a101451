"""The numbers that a graphics processor computes in, and how it is handed them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.perturbation.far_group import PLAIN_EXPONENT
from pipeline.kernels.reference import TINY_EXPONENT, WIDE_EXPONENT

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """An arithmetic of the shaders: its text, and the form of its numbers in memory."""

    name: str
    shader: str
    """File of its operations."""
    features: frozenset[str]
    """Features of WebGPU that an adapter must have."""
    parts: int
    """Numbers of the machine that make one of these."""
    dtype: np.dtype[Any]
    """Those numbers of the machine."""
    split: Callable[[Floats], Floats]
    """Converts float64 values of any shape; the parts are a last axis."""
    node_exponent: int
    """A node within 2^±this is held without exponents."""
    plain_exponent: int
    """Deltas above 2^this need no exponent."""
    wide_exponent: int
    """Where offsets are 2^this at most, deltas may differ too much for these numbers."""
    tiny_exponent: int
    """Below this a value of the reference is also held with an exponent of its own."""

    def joined(self, values: Floats) -> NDArray[np.float64]:
        """Return the float64 values of parts that stand side by side."""
        parts: NDArray[np.float64] = values.reshape(-1, self.parts).astype(np.float64).sum(axis=1)
        return parts

    @property
    def real_bytes(self) -> int:
        """Bytes of a number."""
        return self.parts * self.dtype.itemsize


def _whole(values: Floats) -> Floats:
    return np.ascontiguousarray(values, np.float64)[..., None]


def _high_and_low(values: Floats) -> Floats:
    high = np.asarray(values, np.float64).astype(np.float32)
    return np.stack([high, (values - high).astype(np.float32)], -1)


def _rounded(values: Floats) -> Floats:
    return np.asarray(values, np.float64).astype(np.float32)[..., None]


FLOAT64 = Numbers(
    "float64",
    "float64.wgsl",
    frozenset({"shader-f64", "shader-int64"}),
    1,
    np.dtype("<f8"),
    _whole,
    900,
    PLAIN_EXPONENT,
    WIDE_EXPONENT,
    TINY_EXPONENT,
)
TWO_F32 = Numbers(
    "two f32", "two_f32.wgsl", frozenset(), 2, np.dtype("<f4"), _high_and_low, 40, -36, -16, -40
)
F32 = Numbers("f32", "f32.wgsl", frozenset(), 1, np.dtype("<f4"), _rounded, 60, -60, -40, -60)


NUMBERS = {numbers.name: numbers for numbers in (FLOAT64, TWO_F32, F32)}
"""All numbers by name, the most exact first."""


@cache
def shader_text(*names: str) -> str:
    """Return some of the shaders as one text."""
    folder = files("pipeline.kernels.gpu") / "shaders"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
