"""Counting: which canvases have their counts, which are at work, and which may go again."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.bulletin import Bulletin
from pipeline.canvas import Canvas
from pipeline.errors import RenderError
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

# A canvas whose stored counts are damaged is computed again this often.
_MAX_DAMAGES = 3


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

    def take(self, key: str, first: int, block: BlockResult) -> None:
        """Take a block's counts; with the last of a canvas, store them.

        Raises
        ------
        RenderError
            The disk refuses them.
        """
        at_work = self._at_work[key]
        last = first + len(block.chunks)
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
                f"{error.strerror}; make room, and the same command carries on"
            ) from None
        self._costs.learn(canvas, at_work.chunk_cpu_s)
        self._report.bytes_stored += written
        self._report.pixels_computed += at_work.computed
        self._report.pixels_traced += at_work.traced
        self._bulletin.counted(canvas, sum(at_work.chunk_cpu_s))
        del self._at_work[key]
        self._absent.discard(key)

    def again(self, canvases: list[Canvas], frame: int) -> None:
        """Have canvases computed again whose stored counts turned out damaged.

        Raises
        ------
        RenderError
            That happened too often.
        """
        for canvas in canvases:
            key = canvas.key()
            if key in self._absent or self._store.is_whole(canvas):
                continue
            self._damages[key] = self._damages.get(key, 0) + 1
            if self._damages[key] > _MAX_DAMAGES:
                raise RenderError(
                    f"frame {frame}: its counts come back damaged from {self._store.folder}; "
                    "check the disk"
                )
            self._report.retried.append(f"frame {frame}: stored counts were damaged")
            self._progress.say(
                f"frame {frame}: its stored counts were damaged, computing them again"
            )
            self._store.discard(canvas)
            self._absent.add(key)
            for task in self._blocks_of(key):
                self._pool.submit(task)

    def encoded(self, frame: int) -> None:
        """Note that a frame is encoded; with its segment's last, drop counts that none needs."""
        if not self._spans or frame not in self._next_segments:
            return
        first = self._next_segments[frame]
        for key in [key for key, (_, last) in self._spans.items() if last < first]:
            del self._spans[key]
            self._store.discard(self._prospect.needs[key].canvas)
