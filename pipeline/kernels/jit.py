"""numba where there is a wheel for it; plain Python functions where there is none."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

HAVE_NUMBA = find_spec("numba") is not None
"""False on 32-bit Arm, where the numpy kernel serves."""

if HAVE_NUMBA:
    from numba import njit

    # numpy's error model: a division that may raise cannot be vectorised. No fastmath: contraction
    # to fused multiply-adds would make counts depend on the processor.
    compiled: Callable[..., Any] = njit(cache=True, error_model="numpy")
    """Compile a function on first use and keep it on disk."""
    inlined: Callable[..., Any] = njit(inline="always", error_model="numpy")
    """Compile a function into each of its callers."""
else:

    def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function as it is."""
        return function
