"""What a run asks of its pool, whoever does the work: tasks in, results out, none lost."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.workers.machine_stats import MachineStats

# A task whose workers die this often is taken to kill them.
MAX_DEATHS = 3
# Tasks waiting beside those being worked on, so that no worker waits for the parent.
SPARE_TASKS = 2


@dataclass(slots=True, eq=False)
class Task:
    """A call that a worker makes; `name` says what it is, in messages."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    tag: Any = None
    """For the sender, untouched."""
    portable: bool = False
    """Whether it is a row block, which any machine may count: all others need files or memory of
    this one."""
    deaths: int = field(default=0)
    """How often a worker died while it was in flight."""
    faults: int = field(default=0)
    """How often what came back could not be right."""


class SharedPool(ABC):
    """Workers that tasks are sent to, and whose loss costs nothing but time."""

    workers: int
    """Processes of this machine."""

    def __enter__(self) -> "SharedPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After a failure nobody waits for blocks that may take minutes.
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

    def prepare(self, say: Callable[[str], object]) -> None:  # noqa: B027  # most have nothing to do
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
