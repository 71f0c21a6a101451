"""Sample grids one after the other: read from the store, and counted before if they are missing."""

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

# Counts that come back damaged this often will always do so.
_TRIES = 3


def read_stored(
    grids: list[SampleGrid],
    name: str,
    store: Store,
    pool: SharedPool,
    read: Callable[[], Read],
    say: Callable[[str], object] = say,
) -> Read:
    """Return what `read` makes of some sample grids, once all of them are stored.

    Parameters
    ----------
    grids
        Sample grids; traces after the counts they belong to.
    name
        What they are, in messages: `frame 3`.
    read
        Reads them from the store; called again when it raises DamagedError.
    say
        Called with messages for people.

    Raises
    ------
    RenderError
        Stored counts come back damaged again and again.
    """
    error: DamagedError | None = None
    for _ in range(_TRIES):
        missing = [grid for grid in grids if not store.holds(grid)]
        while missing:
            grid, *missing = missing
            # Traces whose counts are missing as well are made with them.
            traced = [other for other in missing if other.counted == grid][:1]
            missing = [other for other in missing if other not in traced]
            _store_counted([grid, *traced], name, store, pool, say)
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
    """Return all samples of a sample grid with their traces, counted before if they are missing.

    Raises
    ------
    RenderError
        Stored counts come back damaged again and again.
    """
    tracing = Tracing()

    def read() -> Samples:
        with stored_samples(store, grid, tracing, 0.0) as stored:
            return stored.rows(0, grid.rows)

    return read_stored([grid, grid.traced(tracing)], name, store, pool, read)


def _store_counted(
    grids: list[SampleGrid],
    name: str,
    store: Store,
    pool: SharedPool,
    say: Callable[[str], object],
) -> None:
    """Count a sample grid, with its traces if it is one of two, and store what was made."""
    grid = grids[0]
    tracing = grids[1].tracing if len(grids) > 1 else None
    chunks = [[b""] * grid.chunks for _ in grids]
    unresolved, iterations = [0] * len(grids), [0] * len(grids)
    pool.start(grids[-1].tracing is not None)
    pool.prepare(say)
    reusable = store.reusable(grid)
    blocks = RowCosts().blocks(grid, pool.row_workers, pool.block_s)
    tasks = [
        Task.counting(name, RowBlock(grid, first, last, reusable, tracing))
        for first, last in blocks
    ]
    say(f"{'counting' if grid.tracing is None else 'tracing'} {name}")
    for task, result in followed(pool.results(tasks), len(tasks), "row blocks"):
        assert task.block is not None
        if (fault := task.block.fault_of(result)) is not None:
            task.faults += 1
            if task.faults == _TRIES:
                raise RenderError(f"{name}: a worker sent what cannot be ({fault}), {_TRIES} times")
            pool.submit(task)
            continue
        for part, made in enumerate(result.parts):
            chunks[part][task.block.first_chunk : task.block.last_chunk] = made.chunks
            unresolved[part] += made.unresolved
            iterations[part] += made.iterations
    for part, each in enumerate(grids):
        store.save(each, chunks[part], unresolved[part], iterations[part])
