"""Graphics processors for tests: a real one, or Mesa's software one, lavapipe."""

import os

import pytest


def need_adapter() -> None:
    """Skip a test where there is no graphics processor; fail where NEED_GPU says there is one."""
    pytest.importorskip("numba")
    from pipeline.kernels.gpu.adapters import adapters

    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        pytest.skip("thousands of points, interpreted")
    if adapters():
        return
    if os.environ.get("NEED_GPU") == "1":
        pytest.fail("no graphics processor: apt install mesa-vulkan-drivers libvulkan1")
    pytest.skip("no graphics processor, nor Mesa's software one")
