"""Counting: which sample grids are stored, which are being counted, and which are counted again."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from pipeline.counts.compute import BlockResult
from pipeline.counts.orbits.tables import References
from pipeline.counts.row_blocks import RowCosts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.errors import RenderError, os_error_text
from pipeline.monitor.events import Began, BlockCounted, Done, GridStored, Listener, Retried
from pipeline.plan.estimate import KEPT_FRAMES
from pipeline.plan.segments import Segment
from pipeline.plan.work_plan import WorkPlan
from pipeline.workers.pool import SharedPool, Task
from pipeline.workers.row_block import RowBlock

# Counts that come back damaged from disk, or wrong from workers, this often will do so for ever.
_MAX_DAMAGES = 3
# Reports of damage to counts that are whole: those before they were counted again may come late.
_MOST_FALSE_ALARMS = 20


@dataclass(slots=True)
class _Part:
    """A sample grid that is being counted or traced, and its results so far."""

    grid: SampleGrid
    chunks: list[bytes]
    computed: int = 0
    traced: int = 0
    unresolved: int = 0
    iterations: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class _AtWork:
    """Products of the same blocks: counts, traces, or counts and their traces."""

    parts: list[_Part]
    chunk_cpu_s: list[float]
    left: int
    """Number of blocks without a result."""


class Counting:
    """Has the sample grids of a work plan counted and stored, in the order of need.

    Parameters
    ----------
    grids_s : dict of str to float
        Estimated CPU seconds of each sample grid, by key.
    send : Listener
        Is told what was counted and stored.
    """

    def __init__(
        self,
        work_plan: WorkPlan,
        store: Store,
        references: References,
        pool: SharedPool,
        grids_s: dict[str, float],
        send: Listener,
    ) -> None:
        self._work_plan = work_plan
        self._store = store
        self._references = references
        self._pool = pool
        self._grids_s = grids_s
        self._send = send
        self._costs = RowCosts()
        self._absent = set(work_plan.missing)
        self._at_work: dict[str, _AtWork] = {}
        self._damages: dict[str, int] = {}
        self._false_alarms: dict[tuple[str, ...], int] = {}
        # First and last frame that needs each sample grid, unless all counts are kept.
        self._spans = work_plan.spans()
        # By the last frame of a missing segment, the first frame of the next.
        segments = work_plan.missing_segments
        starts = [segment.first for segment in segments[1:]] + [len(work_plan.frames)]
        self._next_segments = {
            segment.last - 1: start for segment, start in zip(segments, starts, strict=True)
        }
        self._blocks = self._all_blocks()
        self._next = next(self._blocks, None)

    def lacks(self, grid: SampleGrid) -> bool:
        """Tell whether a sample grid is not stored yet."""
        return grid.key() in self._absent

    def send_ahead(self, current: Segment) -> None:
        """Send row blocks to free workers; not too far ahead, unless all counts are kept.

        `current` is the segment that is being encoded.
        """
        while self._next is not None and self._may_send(self._next, current):
            self._pool.submit(self._next)
            self._next = next(self._blocks, None)

    def _all_blocks(self) -> Iterator[Task]:
        """Yield the row blocks of all sample grids that are not stored, in the order of need.

        Traces whose counts are not stored either are made with these.
        """
        traces = self._work_plan.traced_with_counts()
        made_with_counts = set(traces.values())
        for key in self._work_plan.missing:
            if key not in made_with_counts:
                yield from self._blocks_of(key, traces.get(key))

    def _may_send(self, block: Task, current: Segment) -> bool:
        if not self._pool.has_room(block.portable):
            return False
        key = block.tag
        grid = self._work_plan.needs[key].grid
        if grid.tracing is not None and self.lacks(grid.counted):
            return False
        span = self._spans.get(key)
        return span is None or span[0] < current.first + KEPT_FRAMES

    def _blocks_of(self, key: str, traces_key: str | None = None) -> Iterator[Task]:
        """Yield the row blocks of a sample grid, which make its traces with it if told to."""
        need = self._work_plan.needs[key]
        grid = need.grid.with_references(self._references)
        tracing = None if traces_key is None else self._work_plan.needs[traces_key].grid.tracing
        blocks = self._costs.blocks(grid, self._pool.row_workers, self._pool.block_s)
        grids = RowBlock(grid, 0, 0, tracing=tracing).grids
        self._at_work[key] = _AtWork(
            [_Part(part, [b""] * grid.chunks) for part in grids], [0.0] * grid.chunks, len(blocks)
        )
        reusable = self._store.reusable(need.grid)
        for first, last in blocks:
            block = RowBlock(grid, first, last, reusable, tracing)
            rows = "rows {} to {}".format(*block.rows)
            self._send(Began("compute"))
            task = Task.counting(f"counting for frame {need.frame}, {rows}", block, key)
            task.done = partial(self._take, task, block)
            yield task

    def _take(self, task: Task, block: RowBlock, result: BlockResult) -> None:
        """Take a block's result; with the last block of a sample grid, store the grid.

        Raises
        ------
        RenderError
            The counts cannot be stored, or every worker sends wrong ones.
        """
        if (fault := block.fault_of(result)) is not None:
            self._send_again(task, fault)
            return
        at_work = self._at_work[task.tag]
        chunks = slice(block.first_chunk, block.last_chunk)
        block_cpu_s = 0.0
        for part, new in zip(at_work.parts, result.parts, strict=True):
            part.chunks[chunks] = new.chunks
            part.computed += new.computed
            part.traced += new.traced
            part.unresolved += new.unresolved
            part.iterations += new.iterations
            part.cpu_s += (cpu_s := sum(new.chunk_cpu_s))
            block_cpu_s += cpu_s
            for chunk, chunk_cpu_s in enumerate(new.chunk_cpu_s, block.first_chunk):
                at_work.chunk_cpu_s[chunk] += chunk_cpu_s
            estimated_s = self._grids_s.get(part.grid.key(), 0.0) * block.chunks / part.grid.chunks
            self._send(BlockCounted(part.grid, new.iterations, cpu_s, estimated_s))
        self._send(Done("compute", block_cpu_s))
        at_work.left -= 1
        if at_work.left == 0:
            # Counts before their traces: what is stored of a run that ends here serves the next.
            for part in at_work.parts:
                self._store_part(part, task.tag)
            self._costs.learn(block.grid, at_work.chunk_cpu_s)
            del self._at_work[task.tag]

    def _store_part(self, part: _Part, key: str) -> None:
        try:
            written = self._store.save(part.grid, part.chunks, part.unresolved, part.iterations)
        except OSError as error:
            raise RenderError(
                f"frame {self._work_plan.needs[key].frame}: its counts cannot be stored: "
                f"{os_error_text(error)}; make room, and the same command carries on"
            ) from None
        self._send(GridStored(part.grid, part.computed, part.traced, written, part.cpu_s))
        self._absent.discard(part.grid.key())

    def _send_again(self, task: Task, fault: str) -> None:
        """Have a block counted again whose result cannot be right."""
        task.faults += 1
        line = f"{task.name}: a worker sent what cannot be ({fault})"
        if task.faults == _MAX_DAMAGES:
            raise RenderError(f"{line}, {task.faults} times; check the memory of this machine")
        self._send(Retried(line, f"{line}; counting again"))
        self._pool.submit(task)

    def again(self, grids: list[SampleGrid], frame: int) -> None:
        """Count those sample grids again whose stored counts are damaged.

        Raises
        ------
        RenderError
            That happened too often.
        """
        damaged = [
            grid
            for grid in grids
            if grid.key() not in self._absent and not self._store.is_whole(grid)
        ]
        if not damaged and not any(map(self.lacks, grids)):
            # They may have been counted again since the frame's worker read them.
            self._count_false_alarm(grids, frame)
        for grid in damaged:
            self._note_damage(grid, frame)
            self._send(
                Retried(
                    f"frame {frame}: stored counts were damaged",
                    f"frame {frame}: its stored counts were damaged, computing them again",
                )
            )
            self._store.discard(grid)
            self._absent.add(grid.key())
            for task in self._blocks_of(grid.key()):
                self._pool.submit(task)

    def _count_false_alarm(self, grids: list[SampleGrid], frame: int) -> None:
        keys = tuple(grid.key() for grid in grids)
        self._false_alarms[keys] = self._false_alarms.get(keys, 0) + 1
        if self._false_alarms[keys] >= _MOST_FALSE_ALARMS:
            raise RenderError(
                f"frame {frame}: {self._store.path(grids[0])} was read wrong "
                f"{self._false_alarms[keys]} times, though it is whole; "
                "check the memory and the disk"
            )

    def _note_damage(self, grid: SampleGrid, frame: int) -> None:
        key = grid.key()
        self._damages[key] = self._damages.get(key, 0) + 1
        if self._damages[key] >= _MAX_DAMAGES:
            raise RenderError(
                f"frame {frame}: {self._store.path(grid)}: its counts come back damaged; "
                "check the disk"
            )

    def encoded(self, frame: int) -> None:
        """Note that a frame is encoded; after its segment's last, delete counts of no more use."""
        if not self._spans or frame not in self._next_segments:
            return
        first = self._next_segments[frame]
        for key in [key for key, (_, last) in self._spans.items() if last < first]:
            del self._spans[key]
            self._store.discard(self._work_plan.needs[key].grid)
