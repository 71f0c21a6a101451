import pytest

from pipeline.pool import keep_freed_memory


@pytest.fixture(scope="session", autouse=True)
def memory_as_in_a_worker():
    keep_freed_memory()
