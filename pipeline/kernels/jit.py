"""numba where there is a wheel for it; plain Python functions where there is none."""

from collections.abc import Callable
from typing import Any


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


# 32-bit Arm: only the numpy kernel is used there, and it calls this as it is.
inlined: Callable[..., Any] = _as_it_is
"""Compile a function into each of its callers."""

try:
    from numba import njit
except ImportError:
    pass
else:
    # numpy's error model: a division that may raise cannot be vectorised. No fastmath: contraction
    # to fused multiply-adds would make counts depend on the processor.
    compiled: Callable[..., Any] = njit(cache=True, error_model="numpy")
    """Compile a function on first use and keep it on disk."""
    inlined = njit(inline="always", error_model="numpy")
