import pytest

from tests.graphics import need_adapter


@pytest.fixture(scope="session")
def device():
    """The device of the adapter that counts; Mesa's software one where there is no other."""
    need_adapter()
    from pipeline.kernels.gpu.device import opened_device

    return opened_device()
