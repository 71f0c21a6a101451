"""The shared pool with a cluster: it counts rows, and processes of this machine do all else."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Any

from pipeline.counts.compute import BlockResult
from pipeline.workers.cluster.connection import Connection
from pipeline.workers.cluster.queue import Block
from pipeline.workers.machine_stats import MachineStats
from pipeline.workers.pool import SPARE_TASKS, SharedPool, Task
from pipeline.workers.processes import ProcessPool

# CPU seconds of a block on few workers. With many, blocks are longer, so that a scheduler keeps up:
# each costs it 2.3 ms on a desktop's processor, 15 ms on a Pi's.
_BLOCK_S = 0.5
_BLOCKS_A_SECOND = 50.0
_NEWS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class _Check:
    """A result that a process of this machine checks before it counts."""

    task: Task
    block: Block
    result: BlockResult


class ClusterPool(SharedPool):
    """Sends row blocks to a cluster; what needs files or memory of this machine stays here."""

    def __init__(self, connection: Connection, processes: ProcessPool) -> None:
        self.workers = processes.workers
        self._connection = connection
        self._processes = processes
        self._blocks: dict[Future[BlockResult | None], tuple[Task, Block]] = {}
        self._checks: dict[Task, _Check] = {}

    def start(self, tracing: bool = False) -> None:
        """Begin to connect to the cluster, and start the processes here."""
        self._connection.start()
        self._processes.start(tracing)

    def prepare(self, say: Callable[[str], object]) -> None:
        """Wait for the scheduler and a first worker; `say` is told what is waited for.

        Raises
        ------
        RenderError
            No worker came, or only workers of another version.
        """
        self._connection.start()
        ready = False
        while not ready:
            ready = bool(wait([self._connection.ready], _NEWS_EVERY_S).done)
            for line in self.news():
                say(line)
        self._check()

    @property
    def row_workers(self) -> int:
        """Number of the cluster's threads that count now."""
        return max(1, self._connection.threads)

    @property
    def remote_workers(self) -> int:
        """Number of the cluster's threads: they count all rows."""
        return self.row_workers

    @property
    def block_s(self) -> float:
        """CPU seconds that a row block should take."""
        return max(_BLOCK_S, self.row_workers / _BLOCKS_A_SECOND)

    @property
    def in_flight(self) -> int:
        """Number of tasks, local or remote, whose results have not been taken."""
        return len(self._blocks) + self._processes.in_flight

    def has_room(self, portable: bool = False) -> bool:
        """Tell whether a worker will soon be free for another task, or another row block."""
        if portable:
            return len(self._blocks) < self._connection.slots + SPARE_TASKS
        return self._processes.has_room()

    def submit(self, task: Task) -> None:
        """Send a task: a row block to the cluster, anything else to a local process."""
        if task.block is None:
            self._processes.submit(task)
            return
        result: Future[BlockResult | None] = Future()
        block = Block(task.block.with_bytes(), result)
        self._blocks[result] = task, block
        self._connection.count(block)

    def finished(self, timeout_s: float) -> list[tuple[Task, Any]]:
        """Wait for results, at most so long, and take all that are there.

        Raises
        ------
        RenderError
            A task has lost too many workers, or the cluster is gone.
        """
        results: list[tuple[Task, Any]] = []
        self._check_blocks()
        for task, result in self._processes.finished(timeout_s, self._blocks.keys()):
            check = self._checks.pop(task, None)
            if check is None:
                results.append((task, result))
            elif result is None:
                results.append((check.task, check.result))
            else:
                self._connection.accuse(check.block, result)
                self._processes.submit(check.task)
        self._check_blocks()
        self._check()
        return results

    def _check_blocks(self) -> None:
        """Have results checked by a process here, and blocks without one counted here."""
        for future in [future for future in self._blocks if future.done()]:
            task, block = self._blocks.pop(future)
            result = future.result()
            if result is None:
                self._processes.submit(task)
                continue
            name = f"checking the result of {task.name}"
            check = Task(name, replace(block.rows, reusable=()).detached().fault_of, (result, True))
            self._checks[check] = _Check(task, block, result)
            self._processes.submit(check)

    def _check(self) -> None:
        if self._connection.failure is not None:
            raise self._connection.failure

    def retried(self) -> list[str]:
        """Return what had to be retried, for the report."""
        lost = (
            [f"{self._connection.lost} workers of the cluster lost"]
            if self._connection.lost
            else []
        )
        starved = self._connection.starved
        no_memory = [f"{starved} times no memory in the cluster"] if starved else []
        count = self._connection.wrong
        wrong = [f"{count} blocks of the cluster that could not be right"] if count else []
        return self._processes.retried() + lost + no_memory + wrong

    def machine_stats(self) -> list[MachineStats]:
        """Return what each machine of the cluster has done."""
        return self._connection.machine_stats()

    def news(self) -> list[str]:
        """Return messages about workers that came and went since the last call."""
        return self._connection.news()

    def close(self, kill: bool = False) -> None:
        """Disconnect from the cluster, and end all local processes."""
        self._connection.close()
        self._processes.close(kill)
