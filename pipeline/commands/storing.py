"""Canvases counted and stored one after the other, for commands that need few of them."""

from collections.abc import Callable
from typing import TypeVar

from pipeline.block_check import fault_of
from pipeline.canvas import Canvas
from pipeline.colour.samples import Samples
from pipeline.errors import DamagedError, RenderError
from pipeline.kernels.tracing import Tracing
from pipeline.pool.shared import SharedPool, Task
from pipeline.progress import followed
from pipeline.row_blocks import RowCosts
from pipeline.store import Store
from pipeline.stored_samples import stored_samples
from pipeline.terminal import say
from pipeline.worker import count_chunks

Read = TypeVar("Read")

# What comes back damaged so often will do so for ever.
_TRIES = 3


def read_stored(
    canvases: list[Canvas], name: str, store: Store, pool: SharedPool, read: Callable[[], Read]
) -> Read:
    """Return what `read` makes of canvases that are stored whole, or are before.

    `name` says in messages what they are of.

    Raises
    ------
    RenderError
        What is stored comes back damaged.
    """
    error: DamagedError | None = None
    for _ in range(_TRIES):
        _store_missing(canvases, name, store, pool)
        try:
            return read()
        except DamagedError as damage:
            error = damage
            say(f"{name}: {damage}; computing it again")
            for canvas in canvases:
                if not store.is_whole(canvas):
                    store.discard(canvas)
    raise RenderError(f"{error}, {_TRIES} times; check the disk")


def read_traced(canvas: Canvas, name: str, store: Store, pool: SharedPool) -> Samples:
    """Return all samples of a canvas with their traces, which are stored, or are before.

    Raises
    ------
    RenderError
        What is stored comes back damaged.
    """
    tracing = Tracing()

    def read() -> Samples:
        with stored_samples(store, canvas, tracing, 0.0) as stored:
            return stored.rows(0, canvas.rows)

    return read_stored([canvas, canvas.traced(tracing)], name, store, pool, read)


def _store_missing(canvases: list[Canvas], name: str, store: Store, pool: SharedPool) -> None:
    for canvas in canvases:
        if not store.holds(canvas):
            store.save(canvas, *_counted(canvas, name, store, pool))


def _counted(
    canvas: Canvas, name: str, store: Store, pool: SharedPool
) -> tuple[list[bytes], int, int]:
    """Return a canvas's packed chunks, its unresolved samples and the iterations done."""
    chunks = [b""] * canvas.chunks
    unresolved, iterations = 0, 0
    relatives = store.relatives(canvas)
    blocks = RowCosts().blocks(canvas, pool.row_workers, pool.block_s)
    tasks = [
        Task(name, count_chunks, (canvas, first, last, relatives), first) for first, last in blocks
    ]
    say(f"{'counting' if canvas.tracing is None else 'tracing'} {name}")
    for task, block in followed(pool.results(tasks), len(tasks), "row blocks"):
        if (fault := fault_of(block, canvas, *task.arguments[1:3])) is not None:
            task.faults += 1
            if task.faults == _TRIES:
                raise RenderError(f"{name}: a worker sent what cannot be ({fault}), {_TRIES} times")
            pool.submit(task)
            continue
        chunks[task.tag : task.tag + len(block.chunks)] = block.chunks
        unresolved += block.unresolved
        iterations += block.iterations
    return chunks, unresolved, iterations
