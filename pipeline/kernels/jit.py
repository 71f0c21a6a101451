"""numba where there is a wheel for it; plain Python functions where there is none."""

from collections.abc import Callable
from typing import Any

from pipeline.kernels.cache import compiled_folder


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


# 32-bit Arm: the numpy backend counts there, and these functions are plain Python.
inlined: Callable[..., Any] = _as_it_is
"""Compile a function into each of its callers."""
compiled: Callable[..., Any] = _as_it_is
"""Compile a function on first use and keep it on disk."""
ready_to_compile: Callable[..., Any] = _as_it_is
"""Compile something small, so that the compiler is loaded; nothing is kept."""

try:
    import numba
except ImportError:
    pass
else:
    _folder = compiled_folder()
    numba.config.CACHE_DIR = str(_folder or "")  # type: ignore[attr-defined]  # numba's own
    # numpy's error model: a division that may raise cannot be vectorised. No fastmath: contraction
    # to fused multiply-adds would make counts depend on the processor. Without the interpreter's
    # lock: a worker of a cluster that counts in threads must be able to answer meanwhile.
    compiled = numba.njit(cache=_folder is not None, error_model="numpy", nogil=True)
    inlined = numba.njit(inline="always", error_model="numpy")

    ready_to_compile = numba.njit(lambda values: values[:1].copy() * 2.0 + values.size)
