"""What a run asks of its pool, whoever does the work: tasks in, results out, none lost."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.workers.machine_stats import MachineStats
from pipeline.workers.row_block import RowBlock

# A task whose workers die this often is taken to kill them.
MAX_DEATHS = 3
# Tasks waiting beside those being worked on, so that no worker waits for the parent.
SPARE_TASKS = 2


def _ignore(_: Any) -> None:
    """Do nothing: the sender takes results from the pool itself."""


@dataclass(slots=True, eq=False)
class Task:
    """A call that a worker makes."""

    name: str
    """What it is, in messages."""
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    tag: Any = None
    """Anything by which the sender knows it again; the pool does not look at it."""
    done: Callable[[Any], None] = _ignore
    """Takes the result; called by the sender, in its own process."""
    block: RowBlock | None = None
    """The row block that it counts, on any machine; None where it needs files or memory of this
    one."""
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
    """Workers that tasks are sent to, and whose loss costs nothing but time."""

    workers: int
    """Processes of this machine."""

    def __enter__(self) -> "SharedPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After a failure nobody waits for blocks that may take minutes.
        self.close(kill=kind is not None)

    @property
    @abstractmethod
    def row_workers(self) -> int:
        """How many workers count rows."""

    @property
    @abstractmethod
    def block_s(self) -> float:
        """CPU seconds that a row block should take.

        Long enough that sending it costs nothing, short enough that no worker waits long at the
        end, and that little is lost with a worker.
        """

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """Tasks sent whose results have not been taken."""

    @abstractmethod
    def has_room(self, portable: bool = False) -> bool:
        """Tell whether another task, or another row block, would find a worker soon."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """Send a task.

        Raises
        ------
        RenderError
            There is nobody to do it.
        """

    @abstractmethod
    def finished(self, timeout_s: float) -> list[tuple[Task, Any]]:
        """Wait for results, at most so long, and take all that are there.

        Raises
        ------
        RenderError
            A task has lost MAX_DEATHS workers, or run out of memory as often, the last time alone.
        """

    @abstractmethod
    def close(self, kill: bool = False) -> None:
        """End all workers; `kill` does not wait for what they are doing."""

    @abstractmethod
    def retried(self) -> list[str]:
        """Return what had to be done again, for the report."""

    def machine_stats(self) -> list[MachineStats]:
        """Return what each machine of a cluster has done; nothing without one."""
        return []

    def prepare(self, say: Callable[[str], None]) -> None:  # noqa: B027  # most have nothing to do
        """Wait until there is somebody to count, and say what is waited for.

        Raises
        ------
        RenderError
            Nobody came, or the wrong ones.
        """

    @property
    def remote_workers(self) -> int:
        """Workers elsewhere that count rows in place of those of this machine."""
        return 0

    def news(self) -> list[str]:
        """Return, once, what people should hear of: workers that came and went."""
        return []

    def results(self, tasks: Iterable[Task]) -> Iterator[tuple[Task, Any]]:
        """Send tasks as room comes, and yield each with its result as it comes."""
        waiting = iter(tasks)
        ahead = next(waiting, None)
        while ahead is not None or self.in_flight:
            while ahead is not None and self.has_room(ahead.portable):
                self.submit(ahead)
                ahead = next(waiting, None)
            yield from self.finished(1.0)
