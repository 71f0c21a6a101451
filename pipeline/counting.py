"""Counting: which canvases have their counts, which are at work, and which may go again."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.block_check import fault_of
from pipeline.bulletin import Bulletin
from pipeline.canvas import Canvas
from pipeline.errors import RenderError, os_error_text
from pipeline.estimate import KEPT_FRAMES, Estimate
from pipeline.outputs import Outputs
from pipeline.pool.shared import SharedPool, Task
from pipeline.progress import Progress
from pipeline.prospect import Prospect
from pipeline.references import References
from pipeline.report import Report
from pipeline.row_blocks import RowCosts
from pipeline.segments import Segment
from pipeline.worker import BlockResult, count_chunks

# Counts that come back damaged from disk, or wrong from workers, so often will do so for ever.
_MAX_DAMAGES = 3
# A worker may find damaged what has been computed again when it says so.
_MOST_IN_VAIN = 20


@dataclass(slots=True)
class _AtWork:
    """A canvas whose blocks are at work."""

    canvas: Canvas
    chunks: list[bytes]
    chunk_cpu_s: list[float]
    left: int
    computed: int = 0
    traced: int = 0
    unresolved: int = 0
    iterations: int = 0


class Counting:
    """Has the canvases of a prospect counted and stored, in the order in which frames need them."""

    def __init__(
        self,
        prospect: Prospect,
        outputs: Outputs,
        references: References,
        report: Report,
        pool: SharedPool,
        progress: Progress,
        work: Estimate,
        bulletin: Bulletin,
    ) -> None:
        self._prospect = prospect
        self._store = outputs.store
        self._references = references
        self._report = report
        self._pool = pool
        self._progress = progress
        self._work = work
        self._bulletin = bulletin
        self._costs = RowCosts()
        self._absent = set(prospect.missing)
        self._at_work: dict[str, _AtWork] = {}
        self._damages: dict[str, int] = {}
        self._in_vain: dict[tuple[str, ...], int] = {}
        # First and last frame that needs each canvas, where counts do not stay.
        self._spans = prospect.spans()
        # By the last frame of a missing segment, the first frame of the next.
        segments = prospect.missing_segments
        starts = [segment.first for segment in segments[1:]] + [len(prospect.frames)]
        self._next_segments = {
            segment.last - 1: start for segment, start in zip(segments, starts, strict=True)
        }

    def lacks(self, canvas: Canvas) -> bool:
        """Tell whether a canvas's counts are not stored yet."""
        return canvas.key() in self._absent

    def blocks(self) -> Iterator[Task]:
        """Yield the row blocks of all canvases that are not stored."""
        for key in self._prospect.missing:
            yield from self._blocks_of(key)

    def may_send(self, block: Task, current: Segment) -> bool:
        """Tell whether a block may be sent: where counts do not stay, not too far ahead."""
        if not self._pool.has_room(block.portable):
            return False
        key, _ = block.tag
        canvas = self._prospect.needs[key].canvas
        if canvas.tracing is not None and self.lacks(canvas.counted):
            return False
        span = self._spans.get(key)
        return span is None or span[0] < current.first + KEPT_FRAMES

    def _blocks_of(self, key: str) -> Iterator[Task]:
        need = self._prospect.needs[key]
        canvas = need.canvas.against(self._references)
        blocks = self._costs.blocks(canvas, self._pool.row_workers, self._pool.block_s)
        self._at_work[key] = _AtWork(
            canvas, [b""] * canvas.chunks, [0.0] * canvas.chunks, len(blocks)
        )
        relatives = self._store.relatives(need.canvas)
        for first, last in blocks:
            rows = f"rows {canvas.chunk_bounds(first)[0]} to {canvas.chunk_bounds(last - 1)[1]}"
            self._report.stages["compute"].begin()
            yield Task(
                f"counting for frame {need.frame}, {rows}",
                count_chunks,
                (canvas, first, last, relatives),
                (key, first),
                portable=True,
            )

    def take(self, task: Task, block: BlockResult) -> None:
        """Take a block's counts; with the last of a canvas, store them.

        Raises
        ------
        RenderError
            The disk refuses them, or they come wrong from every worker.
        """
        key, first = task.tag
        at_work = self._at_work[key]
        last = task.arguments[2]
        if (fault := fault_of(block, at_work.canvas, first, last)) is not None:
            self._send_again(task, fault)
            return
        at_work.chunks[first:last] = block.chunks
        at_work.chunk_cpu_s[first:last] = block.chunk_cpu_s
        at_work.computed += block.computed
        at_work.traced += block.traced
        at_work.unresolved += block.unresolved
        at_work.iterations += block.iterations
        at_work.left -= 1
        self._report.stages["compute"].end(sum(block.chunk_cpu_s))
        self._report.iterations_computed += block.iterations
        canvas = at_work.canvas
        estimated_s = self._work.compute_s.get(key, 0.0) * len(block.chunks) / canvas.chunks
        self._progress.work("compute", estimated_s, sum(block.chunk_cpu_s))
        if at_work.left:
            return
        try:
            written = self._store.save(
                canvas, at_work.chunks, at_work.unresolved, at_work.iterations
            )
        except OSError as error:
            raise RenderError(
                f"frame {self._prospect.needs[key].frame}: its counts cannot be stored: "
                f"{os_error_text(error)}; make room, and the same command carries on"
            ) from None
        self._costs.learn(canvas, at_work.chunk_cpu_s)
        self._report.bytes_stored += written
        self._report.pixels_computed += at_work.computed
        self._report.pixels_traced += at_work.traced
        self._bulletin.counted(canvas, sum(at_work.chunk_cpu_s))
        del self._at_work[key]
        self._absent.discard(key)

    def _send_again(self, task: Task, fault: str) -> None:
        """Have a block counted again that came wrong from a worker."""
        task.faults += 1
        line = f"{task.name}: a worker sent what cannot be ({fault})"
        if task.faults == _MAX_DAMAGES:
            raise RenderError(f"{line}, {task.faults} times; check the memory of this machine")
        self._report.retried.append(line)
        self._progress.say(f"{line}; counting again")
        self._pool.submit(task)

    def again(self, canvases: list[Canvas], frame: int) -> None:
        """Have those canvases computed again whose stored counts turned out damaged.

        Raises
        ------
        RenderError
            That happened too often.
        """
        damaged = [
            canvas
            for canvas in canvases
            if canvas.key() not in self._absent and not self._store.is_whole(canvas)
        ]
        if not damaged and not any(map(self.lacks, canvases)):
            # Another may have had them computed again meanwhile, but not for ever.
            self._check_patience(canvases, frame)
        for canvas in damaged:
            self._note_damage(canvas, frame)
            self._report.retried.append(f"frame {frame}: stored counts were damaged")
            self._progress.say(
                f"frame {frame}: its stored counts were damaged, computing them again"
            )
            self._store.discard(canvas)
            self._absent.add(canvas.key())
            for task in self._blocks_of(canvas.key()):
                self._pool.submit(task)

    def _check_patience(self, canvases: list[Canvas], frame: int) -> None:
        keys = tuple(canvas.key() for canvas in canvases)
        self._in_vain[keys] = self._in_vain.get(keys, 0) + 1
        if self._in_vain[keys] >= _MOST_IN_VAIN:
            raise RenderError(
                f"frame {frame}: {self._store.path(canvases[0])} was read wrong "
                f"{self._in_vain[keys]} times, though it is whole; check the memory and the disk"
            )

    def _note_damage(self, canvas: Canvas, frame: int) -> None:
        key = canvas.key()
        self._damages[key] = self._damages.get(key, 0) + 1
        if self._damages[key] >= _MAX_DAMAGES:
            raise RenderError(
                f"frame {frame}: {self._store.path(canvas)}: its counts come back damaged; "
                "check the disk"
            )

    def encoded(self, frame: int) -> None:
        """Note that a frame is encoded; with its segment's last, drop counts that none needs."""
        if not self._spans or frame not in self._next_segments:
            return
        first = self._next_segments[frame]
        for key in [key for key, (_, last) in self._spans.items() if last < first]:
            del self._spans[key]
            self._store.discard(self._prospect.needs[key].canvas)
