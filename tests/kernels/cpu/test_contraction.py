"""No kernel is built with fused multiply-adds: counts must not depend on who has them."""

import importlib
import re

import pytest

numba = pytest.importorskip("numba")
if numba.config.DISABLE_JIT:
    pytest.skip("nothing is built", allow_module_level=True)

from pipeline.kernels.cpu.float64 import block_lanes, series, smooth, tested_lanes  # noqa: E402
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


KERNELS = [
    tested_lanes.head,
    block_lanes.blocks,
    tested_lanes.finish,
    smooth.fill_smooth_counts,
    series._expand,
    approximation._build,
    lane_groups.iterate_tile,
]


def signature_of(kernel):
    """Return what it is called with: it has been called once, and so is loaded or compiled."""
    importlib.import_module("pipeline.workers.preload")
    return kernel.signatures[0]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_no_kernel_in_use_is_contracted(kernel):
    library = kernel.overloads[signature_of(kernel)].library
    # What is kept on disk beside the machine code, as far as numba and LLVM's passes bring it: only
    # instructions are still to be chosen, which is where fused ones would be.
    code = library.codegen._tm.emit_assembly(library._get_module_for_linking())
    assert len(code) > 5000
    assert not FUSED.search(code)


@pytest.mark.slow
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.__name__)
def test_no_kernel_compiled_anew_is_contracted(kernel):
    code = code_of(kernel, signature_of(kernel))
    assert len(code) > 5000
    assert not FUSED.search(code)
