"""No kernel is built with fused multiply-adds: counts must not depend on who has them."""

import importlib
import re

import pytest

numba = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("nothing is built", allow_module_level=True)

from pipeline.kernels.cpu.float64 import counts as float64  # noqa: E402
from pipeline.kernels.cpu.float64 import series, smooth  # noqa: E402
from pipeline.kernels.cpu.perturbation import approximation, lane_groups  # noqa: E402

FUSED = re.compile(r"\b(?:v?fn?m(?:add|sub)\w*|fml[as])\b")
PLACES = numba.types.Array(numba.float64, 1, "C")


def code_of(function, signature, **options) -> str:
    """Return what this machine runs of a function."""
    fresh = numba.njit(error_model="numpy", **options)(getattr(function, "py_func", function))
    fresh.compile(signature)
    (built,) = fresh.signatures
    return str(fresh.inspect_asm(built))


def multiply_and_add(values):
    total = 0.0
    for k in range(values.size):
        values[k] = values[k] * values[k] + 1.0
        total += values[k]
    return total


def test_what_may_be_fused_is_seen():
    fused = code_of(multiply_and_add, (PLACES,), fastmath={"contract"})
    if not FUSED.search(fused):
        pytest.skip("this processor has no fused multiply-add")
    assert not FUSED.search(code_of(multiply_and_add, (PLACES,)))


@pytest.mark.parametrize(
    "kernel",
    [
        float64._count,
        smooth.fill_smooth_counts,
        series._expand,
        approximation._build,
        lane_groups.iterate_tile,
    ],
    ids=lambda kernel: kernel.__name__,
)
def test_no_kernel_is_contracted(kernel):
    # What it is called with, it has been called with once.
    importlib.import_module("pipeline.workers.preload")
    code = code_of(kernel, kernel.signatures[0])
    assert len(code) > 5000
    assert not FUSED.search(code)
