"""Row blocks on their way to a cluster: waiting, out, late, or to be sent again."""

import asyncio
import concurrent.futures
import itertools
import time
from dataclasses import dataclass

from pipeline.counts.compute import BlockResult
from pipeline.counts.reusable_counts import ReusableCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import RenderError
from pipeline.workers.pool import MAX_DEATHS

# A block that is out for so long, and for so many times the longest, goes to another worker as
# well: a machine without power is noticed by nobody for minutes.
_LATE_S = 30.0
_LATE_TIMES = 4.0


@dataclass(slots=True, eq=False)
class Block:
    """A row block."""

    grid: SampleGrid
    """Told where the reference orbits lie here."""
    first_chunk: int
    last_chunk: int
    reusable: tuple[ReusableCounts, ...]
    result: "concurrent.futures.Future[BlockResult | None]"
    """None where it lost too many workers, or came wrong, and should be counted here."""
    deaths: int = 0
    sent_at: float = 0.0
    counted_by: str = ""
    """The address of the worker whose result it has."""
    copied: bool = False
    """Whether it has been sent to a second worker because it is late."""


class Blocks:
    """All blocks of a cluster; for the thread of its connection alone."""

    def __init__(self) -> None:
        self._waiting: asyncio.PriorityQueue[tuple[int, Block]] = asyncio.PriorityQueue()
        self._out: set[Block] = set()
        self._numbers = itertools.count(1)
        self._longest_s = 0.0

    def put(self, block: Block) -> None:
        """Take a block, to be sent after those before it."""
        self._out.add(block)
        block.result.add_done_callback(lambda _: self._out.discard(block))
        self._waiting.put_nowait((next(self._numbers), block))

    def put_first(self, block: Block) -> None:
        """Take a block back, to be sent before all that were not."""
        self._waiting.put_nowait((-next(self._numbers), block))

    async def next(self) -> Block:
        """Wait for a block to send."""
        while True:
            _, block = await self._waiting.get()
            if not block.result.done():
                block.sent_at = time.monotonic()
                return block

    def take(self, block: Block, result: BlockResult, worker: str) -> bool:
        """Take what a worker counted; tell whether it was the first to do so."""
        self._longest_s = max(self._longest_s, time.monotonic() - block.sent_at)
        if block.result.done():
            return False
        block.counted_by = worker
        block.result.set_result(result)
        return True

    def again(self, block: Block, deaths: int) -> None:
        """Have a block counted by another worker; here, where it seems to kill them."""
        block.deaths += deaths
        block.sent_at = 0.0
        block.copied = False
        if block.result.done():
            return
        if block.deaths >= MAX_DEATHS:
            self.leave(block)
        else:
            self.put_first(block)

    def leave(self, block: Block) -> None:
        """Have a block counted here."""
        if not block.result.done():
            block.result.set_result(None)

    def send_late_again(self) -> None:
        """Have blocks that are late counted by a second worker; the first to be done counts."""
        now = time.monotonic()
        late = max(_LATE_S, _LATE_TIMES * self._longest_s)
        for block in self._out:
            if block.sent_at and not block.copied and now - block.sent_at > late:
                block.copied = True
                self.put_first(block)

    def fail(self, error: RenderError) -> None:
        """End all blocks with an error."""
        for block in list(self._out):
            if not block.result.done():
                block.result.set_exception(error)
