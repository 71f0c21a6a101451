"""The shared pool with a cluster: rows are counted there, all else is done by processes here."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any

from pipeline.counts.block_check import fault_of
from pipeline.counts.compute import BlockResult
from pipeline.workers.cluster.connection import Connection
from pipeline.workers.cluster.queue import Block
from pipeline.workers.machine_stats import MachineStats
from pipeline.workers.pool import SPARE_TASKS, SharedPool, Task
from pipeline.workers.processes import ProcessPool

# What a block takes on one of few workers. With many it takes longer, so that no more come and go
# in a second than a scheduler can see to: 2.3 ms of a desktop's processor each, 15 ms of a Pi's.
_BLOCK_S = 0.5
_BLOCKS_A_SECOND = 50.0
_LISTEN_EVERY_S = 0.2


class ClusterPool(SharedPool):
    """Row blocks to a cluster's workers; what needs files or memory of this machine stays here."""

    def __init__(self, connection: Connection, processes: ProcessPool) -> None:
        self.workers = processes.workers
        self._connection = connection
        self._processes = processes
        self._blocks: dict[Future[BlockResult | None], tuple[Task, Block]] = {}

    def start(self, tracing: bool = False) -> None:
        """Begin to connect to the cluster, and have the processes here begin."""
        self._connection.start()
        self._processes.start(tracing)

    def prepare(self, say: Callable[[str], object]) -> None:
        """Wait for the scheduler and a first worker, and say what is waited for.

        Raises
        ------
        RenderError
            Nobody came, or workers of another version.
        """
        self._connection.start()
        ready = False
        while not ready:
            ready = bool(wait([self._connection.ready], _LISTEN_EVERY_S).done)
            for line in self.news():
                say(line)
        self._check()

    @property
    def row_workers(self) -> int:
        """Threads of the cluster that count now."""
        return max(1, self._connection.threads)

    @property
    def remote_workers(self) -> int:
        """All that count are elsewhere."""
        return self.row_workers

    @property
    def block_s(self) -> float:
        """CPU seconds that a row block should take."""
        return max(_BLOCK_S, self.row_workers / _BLOCKS_A_SECOND)

    @property
    def in_flight(self) -> int:
        """Tasks sent, here or there, whose results have not been taken."""
        return len(self._blocks) + self._processes.in_flight

    def has_room(self, portable: bool = False) -> bool:
        """Tell whether another task, or another row block, would find a worker soon."""
        if portable:
            return len(self._blocks) < self._connection.places + SPARE_TASKS
        return self._processes.has_room()

    def submit(self, task: Task) -> None:
        """Send a task: a row block to the cluster, all else to a process here."""
        if not task.portable:
            self._processes.submit(task)
            return
        grid, first, last, reusable = task.arguments
        rows = grid.chunk_bounds(first)[0], grid.chunk_bounds(last - 1)[1]
        carried = tuple(reusable_counts.with_bytes(*rows) for reusable_counts in reusable)
        result: Future[BlockResult | None] = Future()
        block = Block(grid, first, last, carried, result)
        self._blocks[result] = task, block
        self._connection.count(block)

    def finished(self, timeout_s: float) -> list[tuple[Task, Any]]:
        """Wait for results, at most so long, and take all that are there.

        Raises
        ------
        RenderError
            A task has lost too many workers, or there is no cluster any more.
        """
        results: list[tuple[Task, Any]] = []
        self._look_at_blocks()
        for task, result in self._processes.finished(timeout_s, self._blocks.keys()):
            if task.function is not fault_of:
                results.append((task, result))
                continue
            asked, block = task.tag
            if result is None:
                results.append((asked, task.arguments[0]))
            else:
                self._connection.accuse(block, result)
                self._processes.submit(asked)
        self._look_at_blocks()
        self._check()
        return results

    def _look_at_blocks(self) -> None:
        """Have what came back looked at by a process here, and counted where nothing came."""
        for future in [future for future in self._blocks if future.done()]:
            task, block = self._blocks.pop(future)
            result = future.result()
            if result is None:
                self._processes.submit(task)
                continue
            arguments = result, block.grid.detached(), block.first_chunk, block.last_chunk, True
            self._processes.submit(
                Task(f"looking at what came {task.name}", fault_of, arguments, (task, block))
            )

    def _check(self) -> None:
        if self._connection.failure is not None:
            raise self._connection.failure

    def retried(self) -> list[str]:
        """Return what had to be done again, for the report."""
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
        """Return, once, which workers came and went."""
        return self._connection.news()

    def close(self, kill: bool = False) -> None:
        """Leave the cluster, and end all workers here."""
        self._connection.close()
        self._processes.close(kill)
