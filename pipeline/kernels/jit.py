"""numba where there is a wheel for it; plain Python functions where there is none."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def _cache_folder() -> Path:
    """Return where compiled kernels of exactly these sources are kept.

    numba looks only at the file of the function it compiled: left to itself it would go on using
    a kernel whose parts have changed in other files.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    beside = here / "__pycache__"
    if not os.access(beside if beside.exists() else here, os.W_OK):
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        beside = home / "mandelbrot-zoom-pipeline"
    return beside / f"kernels-{digest.hexdigest()[:16]}"


# 32-bit Arm: only the numpy kernel is used there, and it calls this as it is.
inlined: Callable[..., Any] = _as_it_is
"""Compile a function into each of its callers."""

try:
    import numba
except ImportError:
    pass
else:
    if not os.environ.get("NUMBA_CACHE_DIR"):
        numba.config.CACHE_DIR = str(_cache_folder())  # type: ignore[attr-defined]  # read from there
    # numpy's error model: a division that may raise cannot be vectorised. No fastmath: contraction
    # to fused multiply-adds would make counts depend on the processor.
    compiled: Callable[..., Any] = numba.njit(cache=True, error_model="numpy")
    """Compile a function on first use and keep it on disk."""
    inlined = numba.njit(inline="always", error_model="numpy")
