"""The shared pool with a graphics processor: one more worker, which takes many row blocks at once.

Row blocks wait here, in one queue. Whoever is free takes from it, a process of this machine one,
the card as many as keep it busy for a moment, so that all end at about the same time.
"""

import platform
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from pipeline.counts.compute import BlockResult
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import RenderError
from pipeline.kernels.choice import FLOAT64_NUMBERS
from pipeline.workers.card.count import (
    MOST_LOSSES,
    CardResult,
    call_on_card,
    count_on_card,
    goes_with,
)
from pipeline.workers.machine_stats import MachineStats
from pipeline.workers.pool import SPARE_TASKS, SharedPool, Task
from pipeline.workers.processes import ProcessPool

# So many calls are at the card's process, so that it never waits for the next.
_CALLS_AHEAD = 2
# What a call should take: the card's own dispatches are far shorter, and little is lost with it.
_CALL_S = 0.4
_MOST_BLOCKS = 64
_PROCESSOR = "cpu"


@dataclass(slots=True)
class _Card:
    """The process that has the graphics processor."""

    process: ProcessPool
    adapter: str
    """Its name."""
    calls: dict[Task, list[Task]] = field(default_factory=dict)
    """Tasks of the row blocks that each call counts."""
    blocks: int = 1
    """Row blocks that a call takes."""
    lost: int = 0
    """Times that the device was lost, and its process lived."""

    @property
    def losses(self) -> int:
        """Times that the device was lost, whatever became of its process."""
        return self.lost + self.process.deaths

    @property
    def futures(self) -> list[Future[Any]]:
        """What the process has not finished."""
        return self.process.futures

    def learn(self, result: CardResult) -> None:
        """Take more blocks, or fewer, the next time."""
        if result.seconds < 0.5 * _CALL_S:
            self.blocks = min(2 * self.blocks, _MOST_BLOCKS)
        elif result.seconds > 2.0 * _CALL_S:
            self.blocks = max(1, self.blocks // 2)


class CardPool(SharedPool):
    """Shares row blocks among the processes of this machine and its graphics processor."""

    def __init__(self, processes: ProcessPool, card: ProcessPool, adapter: str) -> None:
        self.workers = processes.workers
        self._processes = processes
        self._card = _Card(card, adapter)
        self._stats = {
            name: MachineStats(name, platform.machine(), workers)
            for name, workers in ((_PROCESSOR, processes.workers), (adapter, 1))
        }
        self._waiting: deque[Task] = deque()
        self._news: list[str] = []

    def start(self, tracing: bool = False) -> None:
        """Start the processes, and that of the card."""
        self._processes.start(tracing)
        if not self._is_given_up:
            self._card.process.start(tracing)

    def prepare(self, say: Callable[[str], object]) -> None:
        """Wait for the processes."""
        self._processes.prepare(say)

    @property
    def row_workers(self) -> int:
        """The processes of this machine, and the card."""
        return self.workers + 1

    @property
    def block_s(self) -> float:
        """CPU seconds that a row block should take."""
        return self._processes.block_s

    @property
    def in_flight(self) -> int:
        """Number of tasks whose results have not been taken."""
        on_card = sum(map(len, self._card.calls.values()))
        return len(self._waiting) + on_card + self._processes.in_flight

    def has_room(self, portable: bool = False) -> bool:
        """Tell whether a worker will soon be free for another task, or another row block."""
        if not portable:
            return self._processes.has_room()
        ahead = 0 if self._is_given_up else self._card.blocks * _CALLS_AHEAD
        return len(self._waiting) < self.workers + SPARE_TASKS + ahead

    def submit(self, task: Task) -> None:
        """Send a task: what counts to whoever is free first, anything else to a process."""
        if task.block is None and not task.counts_grid:
            self._processes.submit(task)
            return
        self._waiting.append(task)
        self._hand_out()

    def finished(self, timeout_s: float) -> list[tuple[Task, Any]]:
        """Wait for results, at most so long, and take all that are there.

        Raises
        ------
        RenderError
            A task has lost too many workers; or the card is lost, and only it counts in the
            numbers of some row block.
        """
        results = self._processes.finished(timeout_s, self._card.futures)
        from_card = self._from_card()
        for name, taken in ((_PROCESSOR, results), (self._card.adapter, from_card)):
            self._note(self._stats[name], taken)
        results += from_card
        self._hand_out()
        return results

    @staticmethod
    def _note(stats: MachineStats, results: list[tuple[Task, Any]]) -> None:
        """Note the row blocks among some results."""
        for task, result in results:
            if task.block is not None and isinstance(result, BlockResult):
                stats.blocks += 1
                stats.cpu_s += sum(sum(part.chunk_cpu_s) for part in result.parts)

    def machine_stats(self) -> list[MachineStats]:
        """Return how many row blocks the processes and the card have counted."""
        self._stats[self._card.adapter].lost = self._card.losses
        return list(self._stats.values())

    def _from_card(self) -> list[tuple[Task, Any]]:
        """Take what the card has finished, and put back what was lost with it."""
        if self._is_given_up:
            return []
        card, before = self._card, self._card.losses
        results: list[tuple[Task, Any]] = []
        reason = "its process ended"
        for call, result in card.process.finished(0.0):
            tasks = card.calls.pop(call)
            if result.lost:
                card.lost += 1
                reason = result.lost
                self._waiting.extendleft(reversed(tasks))
                continue
            card.learn(result)
            results += zip(tasks, result.results, strict=True)
        if card.losses > before:
            self._say_lost(reason)
        return results

    def _say_lost(self, reason: str) -> None:
        what = f"the graphics processor was lost ({reason})"
        if not self._is_given_up:
            self._news.append(f"{what}; its row blocks are counted again")
            return
        self._news.append(f"{what}, {self._card.losses} times; the processor goes on without it")
        for tasks in self._card.calls.values():
            self._waiting.extendleft(reversed(tasks))
        self._card.calls.clear()
        self._card.process.close(kill=True)

    @property
    def _is_given_up(self) -> bool:
        return self._card.losses >= MOST_LOSSES

    def _hand_out(self) -> None:
        """Give waiting row blocks to the card, and to processes that are free."""
        while self._waiting and not self._is_given_up and len(self._card.calls) < _CALLS_AHEAD:
            tasks = [self._waiting.popleft()]
            while len(tasks) < self._card.blocks and self._goes_with(tasks[0]):
                tasks.append(self._waiting.popleft())
            call = _call(self._card.adapter, tasks)
            self._card.calls[call] = tasks
            self._card.process.submit(call)
        while self._waiting and self._processes.has_room():
            if (task := self._for_processes()) is None:
                return
            self._processes.submit(task)

    def _goes_with(self, first: Task) -> bool:
        """Tell whether the next that waits can be counted with a task."""
        block, other = first.block, self._waiting[0].block if self._waiting else None
        return block is not None and other is not None and goes_with(block, other)

    def _for_processes(self) -> Task | None:
        """Take the first task from the queue that processes can do, None if there is none.

        Raises
        ------
        RenderError
            There is one that only a card can do, and it is given up.
        """
        for task in self._waiting:
            numbers = _grid_of(task).arithmetic.numbers
            if numbers == FLOAT64_NUMBERS:
                self._waiting.remove(task)
                return task
            if self._is_given_up:
                raise RenderError(
                    f"{task.name}: the graphics processor was lost {self._card.losses} times, and "
                    f"the processor does not count in {numbers}, as it did; the same command "
                    "tries it again, --device cpu does without it"
                )
        return None

    def retried(self) -> list[str]:
        """Return what had to be retried, for the report."""
        lost = self._card.losses
        return self._processes.retried() + (
            [f"{lost} times the graphics processor lost"] if lost else []
        )

    def news(self) -> list[str]:
        """Return messages about the card since the last call."""
        news, self._news = self._news, []
        return news

    def close(self, kill: bool = False) -> None:
        """End the processes, and that of the card."""
        self._card.process.close(kill)
        self._processes.close(kill)


def _call(adapter: str, tasks: list[Task]) -> Task:
    """Return the task of the card's process that does some tasks."""
    first = tasks[0]
    if first.block is None:
        return Task(first.name, call_on_card, (adapter, first.function, *first.arguments))
    return Task(first.name, count_on_card, (adapter, [task.block for task in tasks]))


def _grid_of(task: Task) -> SampleGrid:
    """Return the sample grid that a task counts."""
    grid: SampleGrid = task.arguments[0] if task.block is None else task.block.grid
    return grid
