import pytest

from pipeline.system.machine import keep_freed_memory
from pipeline.workers.processes import WORKER_KEPT_BYTES


@pytest.fixture(scope="session", autouse=True)
def memory_as_in_a_worker():
    keep_freed_memory(WORKER_KEPT_BYTES)
