"""Work in the pool that may be called off: nothing is left behind in the pool."""

from collections.abc import Callable, Iterator
from typing import Any

from pipeline.workers.pool import SharedPool, Task

# Calling off is noticed within this time.
_LOOK_S = 0.05


class StoppedError(Exception):
    """The work is no longer wanted."""


Check = Callable[[], None]
"""Raises `StoppedError` once the work is no longer wanted."""


def results(pool: SharedPool, tasks: list[Task], check: Check) -> Iterator[tuple[Task, Any]]:
    """Send tasks as workers become free, and yield each with its result, as `pool.results` does.

    When called off, it waits for what is in flight, which is short, and drops it.
    """
    waiting = iter(tasks)
    ahead = next(waiting, None)
    try:
        while ahead is not None or pool.in_flight:
            check()
            while ahead is not None and pool.has_room():
                pool.submit(ahead)
                ahead = next(waiting, None)
            yield from pool.finished(_LOOK_S)
    finally:
        drain(pool)


def drain(pool: SharedPool) -> None:
    """Wait for all that is in flight, and drop its results."""
    while pool.in_flight:
        pool.finished(1.0)
