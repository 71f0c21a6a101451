"""Canvases counted and stored one after the other, for commands that need few of them."""

from pipeline.canvas import Canvas
from pipeline.pool.shared import SharedPool, Task
from pipeline.row_blocks import RowCosts
from pipeline.store import Store
from pipeline.worker import count_chunks


def store_missing(canvases: list[Canvas], name: str, store: Store, pool: SharedPool) -> None:
    """Have canvases stored whole; `name` says in messages what they are of."""
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
    tasks = (
        Task(name, count_chunks, (canvas, first, last, relatives), first)
        for first, last in RowCosts().blocks(canvas, pool.row_workers, pool.block_s)
    )
    for task, block in pool.results(tasks):
        chunks[task.tag : task.tag + len(block.chunks)] = block.chunks
        unresolved += block.unresolved
        iterations += block.iterations
    return chunks, unresolved, iterations
