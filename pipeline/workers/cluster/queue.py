"""The queue of row blocks for a cluster: waiting, sent, late, or to be sent again."""

import asyncio
import concurrent.futures
import itertools
import time
from dataclasses import dataclass

from pipeline.counts.compute import BlockResult
from pipeline.errors import RenderError
from pipeline.workers.pool import MAX_DEATHS
from pipeline.workers.row_block import RowBlock

# A block without a result for this long, and for this many times the longest block so far, is sent
# to a second worker, too: it takes minutes until Dask notices a machine without power.
_LATE_S = 30.0
_LATE_TIMES = 4.0


@dataclass(slots=True, eq=False)
class Block:
    """A row block for the cluster, and its result."""

    rows: RowBlock
    """Row block to be counted, with the stored counts that it needs."""
    result: "concurrent.futures.Future[BlockResult | None]"
    """Counts from the cluster; None if it lost too many workers, or they sent a wrong result: then
    the block is to be counted on this machine."""
    deaths: int = 0
    """Number of workers that it may have killed."""
    sent_at: float = 0.0
    """Time by `time.monotonic`; 0 while it waits."""
    counted_by: str = ""
    """Address of the worker whose result was taken."""
    copied: bool = False
    """Whether it has been sent to a second worker because it is late."""


class Blocks:
    """All blocks of a cluster; only the thread of the connection uses them."""

    def __init__(self) -> None:
        self._waiting: asyncio.PriorityQueue[tuple[int, Block]] = asyncio.PriorityQueue()
        self._unfinished: set[Block] = set()
        self._numbers = itertools.count(1)
        self._longest_s = 0.0

    def put(self, block: Block) -> None:
        """Add a block at the end of the queue."""
        self._unfinished.add(block)
        block.result.add_done_callback(lambda _: self._unfinished.discard(block))
        self._waiting.put_nowait((next(self._numbers), block))

    def put_first(self, block: Block) -> None:
        """Put a block back, before all others."""
        self._waiting.put_nowait((-next(self._numbers), block))

    async def next(self) -> Block:
        """Wait for a block to send."""
        while True:
            _, block = await self._waiting.get()
            if not block.result.done():
                block.sent_at = time.monotonic()
                return block

    def take(self, block: Block, result: BlockResult, worker: str) -> bool:
        """Take a worker's result; return whether it is the first of its block."""
        self._longest_s = max(self._longest_s, time.monotonic() - block.sent_at)
        if block.result.done():
            return False
        block.counted_by = worker
        block.result.set_result(result)
        return True

    def again(self, block: Block, deaths: int) -> None:
        """Have a block counted by another worker, or on this machine if it seems to kill them."""
        block.deaths += deaths
        block.sent_at = 0.0
        block.copied = False
        if block.result.done():
            return
        if block.deaths >= MAX_DEATHS:
            self.count_locally(block)
        else:
            self.put_first(block)

    def count_locally(self, block: Block) -> None:
        """Have a block counted on this machine."""
        if not block.result.done():
            block.result.set_result(None)

    def copy_late(self) -> None:
        """Have late blocks counted by a second worker, too; the first result is taken."""
        now = time.monotonic()
        late = max(_LATE_S, _LATE_TIMES * self._longest_s)
        for block in self._unfinished:
            if block.sent_at and not block.copied and now - block.sent_at > late:
                block.copied = True
                self.put_first(block)

    def fail(self, error: RenderError) -> None:
        """Fail all blocks with an error."""
        for block in list(self._unfinished):
            if not block.result.done():
                block.result.set_exception(error)
