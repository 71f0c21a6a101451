"""The numbers that a graphics processor computes in, and how it is handed them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    joined: Callable[[Floats], Floats]
    """Converts back; the parts stand side by side."""
    exponents: int
    """Values of 2^±this and their products with small ones are held without an exponent."""

    @property
    def real_bytes(self) -> int:
        """Bytes of a number."""
        return self.parts * self.dtype.itemsize


def _whole(values: Floats) -> Floats:
    return np.ascontiguousarray(values, np.float64)[..., None]


FLOAT64 = Numbers(
    "float64",
    "float64.wgsl",
    frozenset({"shader-f64", "shader-int64"}),
    1,
    np.dtype("<f8"),
    _whole,
    np.asarray,
    900,
)


@cache
def shader_text(*names: str) -> str:
    """Return some of the shaders as one text."""
    folder = files("pipeline.kernels.gpu") / "shaders"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
