"""Sample grids counted and stored one after the other, for commands that need few of them."""

from collections.abc import Callable
from typing import TypeVar

from pipeline.colour.samples import Samples
from pipeline.counts.row_blocks import RowCosts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_samples import stored_samples
from pipeline.errors import DamagedError, RenderError
from pipeline.kernels.tracing import Tracing
from pipeline.monitor.progress import followed
from pipeline.system.terminal import say
from pipeline.workers.pool import SharedPool, Task
from pipeline.workers.row_block import RowBlock

Read = TypeVar("Read")

# What comes back damaged so often will do so for ever.
_TRIES = 3


def read_stored(
    grids: list[SampleGrid], name: str, store: Store, pool: SharedPool, read: Callable[[], Read]
) -> Read:
    """Return what `read` makes of sample grids that are stored whole, or are before.

    `name` says in messages what they are of.

    Raises
    ------
    RenderError
        What is stored comes back damaged.
    """
    error: DamagedError | None = None
    for _ in range(_TRIES):
        _store_missing(grids, name, store, pool)
        try:
            return read()
        except DamagedError as damage:
            error = damage
            say(f"{name}: {damage}; computing it again")
            for grid in grids:
                if not store.is_whole(grid):
                    store.discard(grid)
    raise RenderError(f"{error}, {_TRIES} times; check the disk")


def read_traced(grid: SampleGrid, name: str, store: Store, pool: SharedPool) -> Samples:
    """Return all samples of a sample grid with their traces, which are stored, or are before.

    Raises
    ------
    RenderError
        What is stored comes back damaged.
    """
    tracing = Tracing()

    def read() -> Samples:
        with stored_samples(store, grid, tracing, 0.0) as stored:
            return stored.rows(0, grid.rows)

    return read_stored([grid, grid.traced(tracing)], name, store, pool, read)


def _store_missing(grids: list[SampleGrid], name: str, store: Store, pool: SharedPool) -> None:
    for grid in grids:
        if not store.holds(grid):
            store.save(grid, *_counted(grid, name, store, pool))


def _counted(
    grid: SampleGrid, name: str, store: Store, pool: SharedPool
) -> tuple[list[bytes], int, int]:
    """Return a sample grid's packed chunks, its unresolved samples and the iterations done."""
    chunks = [b""] * grid.chunks
    unresolved, iterations = 0, 0
    reusable = store.reusable(grid)
    blocks = RowCosts().blocks(grid, pool.row_workers, pool.block_s)
    tasks = [Task.counting(name, RowBlock(grid, first, last, reusable)) for first, last in blocks]
    say(f"{'counting' if grid.tracing is None else 'tracing'} {name}")
    for task, block in followed(pool.results(tasks), len(tasks), "row blocks"):
        assert task.block is not None
        if (fault := task.block.fault_of(block)) is not None:
            task.faults += 1
            if task.faults == _TRIES:
                raise RenderError(f"{name}: a worker sent what cannot be ({fault}), {_TRIES} times")
            pool.submit(task)
            continue
        chunks[task.block.first_chunk : task.block.last_chunk] = block.chunks
        unresolved += block.unresolved
        iterations += block.iterations
    return chunks, unresolved, iterations
