"""The interface of the shared pool: tasks go in, results come out, none is lost."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.workers.machine_stats import MachineStats
from pipeline.workers.row_block import RowBlock

# A task is assumed to kill workers once this many have died with it.
MAX_DEATHS = 3
# Tasks that wait besides those being worked on, so that no worker waits for the parent.
SPARE_TASKS = 2


def _ignore(_: Any) -> None:
    """Do nothing: the sender takes results from the pool itself."""


@dataclass(slots=True, eq=False)
class Task:
    """A call that a worker makes."""

    name: str
    """Description of the task in messages."""
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    tag: Any = None
    """Anything by which the sender knows it again; the pool does not look at it."""
    done: Callable[[Any], None] = _ignore
    """Takes the result; called by the sender, in its own process."""
    block: RowBlock | None = None
    """The row block that it counts, on any machine; None where it needs files or memory of this
    one."""
    counts_grid: bool = False
    """Whether its first argument is a sample grid that it counts, on whichever device of this
    machine."""
    deaths: int = field(default=0)
    """Number of workers that died while it was in flight."""
    faults: int = field(default=0)
    """Number of results that could not be right."""

    @staticmethod
    def counting(name: str, block: RowBlock, tag: Any = None) -> "Task":
        """Return the task of counting a row block."""
        return Task(name, block.count, tag=tag, block=block)

    @property
    def portable(self) -> bool:
        """Whether a worker of another machine may do it."""
        return self.block is not None


class SharedPool(ABC):
    """Workers whose loss costs nothing but time."""

    workers: int
    """Number of processes of this machine."""

    def __enter__(self) -> "SharedPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After a failure, tasks that may take minutes are not waited for.
        self.close(kill=kind is not None)

    @abstractmethod
    def start(self, tracing: bool = False) -> None:
        """Begin what takes a moment before the first task, which otherwise begins it.

        Parameters
        ----------
        tracing : bool
            Whether the kernels of traces are needed, too.

        Raises
        ------
        RenderError
            Kernels cannot be compiled, or workers not be started.
        """

    @property
    @abstractmethod
    def row_workers(self) -> int:
        """Number of workers that count rows."""

    @property
    @abstractmethod
    def block_s(self) -> float:
        """CPU seconds that a row block should take.

        Long enough that sending it costs almost nothing; short enough that no worker is idle for
        long at the end, and that little is lost with a worker.
        """

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """Number of tasks whose results have not been taken."""

    @abstractmethod
    def has_room(self, portable: bool = False) -> bool:
        """Tell whether a worker will soon be free for another task, or another row block."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """Send a task.

        Raises
        ------
        RenderError
            There are no workers.
        """

    @abstractmethod
    def finished(self, timeout_s: float) -> list[tuple[Task, Any]]:
        """Wait for a result, at most `timeout_s`, and return all that there are.

        Raises
        ------
        RenderError
            A task has lost MAX_DEATHS workers, or run out of memory as often, the last time alone.
        """

    @abstractmethod
    def close(self, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for their tasks."""

    @abstractmethod
    def retried(self) -> list[str]:
        """Return what had to be retried, for the report."""

    def machine_stats(self) -> list[MachineStats]:
        """Return the statistics of each machine of a cluster; none without a cluster."""
        return []

    def prepare(self, say: Callable[[str], object]) -> None:  # noqa: B027  # most have nothing to do
        """Wait until there are workers that count; `say` is told what is waited for.

        Raises
        ------
        RenderError
            None came, or only unsuitable ones.
        """

    @property
    def remote_workers(self) -> int:
        """Number of remote workers, which count rows instead of those of this machine."""
        return 0

    def news(self) -> list[str]:
        """Return messages about workers that came and went since the last call."""
        return []

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Send tasks as workers become free, and yield each with its result."""
        waiting = iter(tasks)
        ahead = next(waiting, None)
        while ahead is not None or self.in_flight:
            while ahead is not None and self.has_room(ahead.portable):
                self.submit(ahead)
                ahead = next(waiting, None)
            yield from self.finished(1.0)
