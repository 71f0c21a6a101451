"""Locks between processes, made of pipes.

The locks of `multiprocessing` are named semaphores, which Linux keeps in ``/dev/shm``: they fail
where that is missing, read-only or full.
"""

import contextlib
import math
import multiprocessing
import os
import select
import sys
import time
import types
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any


class Tokens:
    """A semaphore: a pipe that holds a byte for every token.

    It has the methods that `multiprocessing` calls on its locks and semaphores.
    """

    def __init__(self, tokens: int) -> None:
        self._reader, self._writer = multiprocessing.Pipe(duplex=False)
        # Two processes may see the same byte; the one that loses must not block in its read.
        os.set_blocking(self._reader.fileno(), False)
        os.write(self._writer.fileno(), bytes(tokens))

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take a token; return whether there was one in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            with contextlib.suppress(BlockingIOError):
                return bool(os.read(self._reader.fileno(), 1))
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._wait(left_s if block else 0.0):
                return False

    def release(self) -> None:
        """Give a token back."""
        os.write(self._writer.fileno(), b"\0")

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def _semlock(self) -> "Tokens":
        # The queues of `multiprocessing` ask this attribute whether they are full.
        return self

    def _is_zero(self) -> bool:
        return not self._wait(0.0)

    def _wait(self, seconds: float | None) -> bool:
        waiting = select.poll()
        waiting.register(self._reader.fileno(), select.POLLIN)
        return bool(waiting.poll(None if seconds is None else math.ceil(1000 * seconds)))


class WorkerProcess(ForkServerProcess):
    """A worker process, which does not import the main module.

    All that workers call lies in this package. The main module is a user's script, which would do
    its work again in every worker where it has no ``if __name__ == "__main__"``.
    """

    @staticmethod
    def _Popen(process: Any) -> Any:  # noqa: N802  # its name there
        with _main_hidden():
            return ForkServerProcess._Popen(process)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Have an empty module stand for the main one: `multiprocessing` looks there for its file."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


class PipeContext(ForkServerContext):
    """A context for worker processes whose queues need no named semaphores."""

    Process = WorkerProcess

    def Lock(self) -> Tokens:  # type: ignore[override]  # noqa: N802  # its name there
        """Return a lock."""
        return Tokens(1)

    def BoundedSemaphore(self, value: int = 1) -> Tokens:  # type: ignore[override]  # noqa: N802
        """Return a semaphore of `value` tokens."""
        return Tokens(value)
