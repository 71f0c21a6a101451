"""The shared pool of worker processes on this machine."""

import errno
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Collection, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pipeline.errors import RenderError, os_error_text
from pipeline.system.machine import keep_freed_memory, lower_priority
from pipeline.workers.compiling import compile_missing
from pipeline.workers.fork_server import end_server, how_it_ended, start_server
from pipeline.workers.pool import MAX_DEATHS, SPARE_TASKS, SharedPool, Task

# An executor notices a dead worker within this time, if at all.
_NOTICED_WITHIN_S = 2.0

_IDLE_S = 0.005
_REAPED_WITHIN_S = 0.2

# Freed memory that a worker keeps: arrays of a chunk are allocated and freed thousands of times a
# second, and new pages for them cost as much as the work on them.
WORKER_KEPT_BYTES = 4 << 20

_BLOCK_S = 0.25


class ProcessPool(SharedPool):
    """Worker processes that survive the loss of any of them.

    `concurrent.futures` notices a killed worker, where `multiprocessing.Pool` waits for ever. Then
    the executor is replaced, and the tasks that were in flight are sent again. A task that was in
    flight at two deaths is sent alone, so that a third death proves that it kills workers.

    Nothing is started before `start`, or the first task.

    Parameters
    ----------
    workers : int
    nice : int
        Niceness of the workers.
    """

    def __init__(self, workers: int, nice: int = 0) -> None:
        self.workers = workers
        self._nice = nice
        self.deaths = 0
        """Number of workers lost."""
        self.starved = 0
        """Number of times that a worker had too little memory for a task."""
        self._executor: ProcessPoolExecutor | None = None
        self._flying: dict[Future[Any], Task] = {}
        self._again: list[Task] = []
        self._dead_since: float | None = None
        self._false_starts = 0

    def start(self, tracing: bool = False) -> None:
        """Compile the kernels that are missing, and start the server that workers are forked from.

        Raises
        ------
        RenderError
            One of them does not work.
        """
        if self._executor is None or tracing:
            compile_missing(tracing)
        if self._executor is None:
            self._executor = self._new_executor()

    @property
    def row_workers(self) -> int:
        """All of them count rows."""
        return self.workers

    @property
    def block_s(self) -> float:
        """CPU seconds that a row block should take."""
        return _BLOCK_S

    @property
    def in_flight(self) -> int:
        """Number of tasks whose results have not been taken."""
        return len(self._flying) + len(self._again)

    @property
    def futures(self) -> list[Future[Any]]:
        """Futures of the tasks that workers have."""
        return list(self._flying)

    def has_room(self, portable: bool = False) -> bool:  # noqa: ARG002  # all are alike here
        """Tell whether a worker will soon be free for another task."""
        return not self._again and len(self._flying) < self.workers + SPARE_TASKS

    def submit(self, task: Task) -> None:
        """Send a task.

        Raises
        ------
        RenderError
            No worker can be started.
        """
        self.start()
        assert self._executor is not None
        try:
            future = self._executor.submit(task.function, *task.arguments)
        except BrokenProcessPool:
            self._again.append(task)
            self._rebuild()
            return
        except (EOFError, OSError) as error:
            # The fork server is gone; the next executor starts it again.
            self._false_starts += 1
            if self._false_starts >= MAX_DEATHS:
                why = how_it_ended() or _text_of(error)
                raise RenderError(f"no worker can be started: {why}") from None
            self.deaths += 1
            self._again.append(task)
            self._kill()
            self._rebuild()
            # Until it has been reaped, `multiprocessing` takes it to be alive.
            time.sleep(_REAPED_WITHIN_S)
            return
        self._false_starts = 0
        self._flying[future] = task

    def finished(
        self, timeout_s: float, beside: Collection[Future[Any]] = ()
    ) -> list[tuple[Task, Any]]:
        """Wait for a result, at most `timeout_s`, and return all that there are.

        Also returns when a future in `beside` completes.

        Raises
        ------
        RenderError
            A task has lost MAX_DEATHS workers, or run out of memory as often, the last time alone.
        """
        self._send_again()
        if not self._flying and not beside:
            # There is nothing to wait for here, but the caller may wait for something else.
            time.sleep(min(timeout_s, _IDLE_S))
        ended, _ = wait([*self._flying, *beside], timeout_s, FIRST_COMPLETED)
        done = ended & self._flying.keys()
        if not ended and self._is_stuck():
            self._kill()
            done, _ = wait(self._flying)
        results: list[tuple[Task, Any]] = []
        lost, starved = self._take(done, results)
        if lost:
            # All else in flight is lost with the executor, except results that are there already.
            self.deaths += 1
            rest, _ = wait(self._flying)
            lost_too, starved_too = self._take(rest, results)
            self._accuse(lost + lost_too + starved + starved_too)
            self._rebuild()
        else:
            # The workers live, and a task may succeed once others take less memory.
            self.starved += len(starved)
            for task in starved:
                self._accuse([task])
        return results

    def _take(
        self, done: Iterable[Future[Any]], results: list[tuple[Task, Any]]
    ) -> tuple[list[Task], list[Task]]:
        """Collect results; return the tasks that lost their worker, and those short of memory."""
        lost: list[Task] = []
        starved: list[Task] = []
        for future in done:
            task = self._flying.pop(future)
            try:
                results.append((task, future.result()))
            except BrokenProcessPool:
                lost.append(task)
            except (MemoryError, OSError) as error:
                if not _is_lack_of_memory(error):
                    raise
                starved.append(task)
        return lost, starved

    def retried(self) -> list[str]:
        """Return what had to be retried, for the report."""
        lost = [f"{self.deaths} workers lost"] if self.deaths else []
        return lost + ([f"{self.starved} times no memory"] if self.starved else [])

    def close(self, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for their tasks."""
        if self._executor is None:
            return
        if kill and not self._executor._processes:
            # None has been started yet: the fork server is still loading.
            end_server()
        elif kill:
            self._kill()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _is_stuck(self) -> bool:
        """Tell whether a worker has been dead for a while without its executor noticing.

        A worker killed while it sends a result leaves a reader that waits for the rest for ever.
        """
        processes = self._processes()
        if not self._flying or all(process.is_alive() for process in processes):
            self._dead_since = None
            return False
        now = time.monotonic()
        if self._dead_since is None:
            self._dead_since = now
        return now - self._dead_since > _NOTICED_WITHIN_S

    def _kill(self) -> None:
        """Kill all workers; a reader that waits for the rest of a result then sees its end."""
        for process in self._processes():
            process.kill()
        if self._executor and (results := self._executor._result_queue) is not None:
            results._writer.close()  # type: ignore[attr-defined]  # not in its stubs
        self._dead_since = None

    def _processes(self) -> list[Any]:
        return list(((self._executor and self._executor._processes) or {}).values())

    def _accuse(self, lost: list[Task]) -> None:
        """Count a death or lack of memory for these tasks, and have them sent again."""
        for task in lost:
            task.deaths += 1
            if task.deaths >= MAX_DEATHS and len(lost) == 1:
                raise RenderError(
                    f"{task.name}: every worker that tried it was killed or ran out of memory "
                    f"({task.deaths} times); try fewer render.workers"
                )
        self._again += lost

    def _rebuild(self) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = self._new_executor()

    def _send_again(self) -> None:
        """Send lost tasks again, those that were in flight at two deaths one by one."""
        innocent = [task for task in self._again if task.deaths < MAX_DEATHS - 1]
        suspects = [task for task in self._again if task.deaths >= MAX_DEATHS - 1]
        if any(task.deaths >= MAX_DEATHS - 1 for task in self._flying.values()):
            return
        self._again = suspects
        for task in innocent:
            self.submit(task)
        if suspects and not self._flying:
            self._again = suspects[1:]
            self.submit(suspects[0])

    def _new_executor(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.workers, start_server(), initializer=_start_worker, initargs=(self._nice,)
        )


def _text_of(error: BaseException) -> str:
    if isinstance(error, OSError):
        return os_error_text(error)
    return "the process that starts them does not answer"


def _is_lack_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM


def _start_worker(nice: int) -> None:
    """Ignore Ctrl-C, which the parent handles, and end when the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lower_priority(nice)
    keep_freed_memory(WORKER_KEPT_BYTES)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
