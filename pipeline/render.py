"""The whole way of a video: frames counted, drawn and encoded at the same time, then joined."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.canvas import Canvas
from pipeline.config.load import Config
from pipeline.durable import publish, temporary_path
from pipeline.errors import RenderError
from pipeline.estimate import Estimate, check_room, estimate
from pipeline.frames import Frame, FrameList
from pipeline.limits import frame_list
from pipeline.machine import children_cpu_s, memory_of_tree_bytes, usable_cores
from pipeline.orbit import spent_cpu_s
from pipeline.orbits import compute_orbits, described, steps_wanted
from pipeline.outputs import Outputs
from pipeline.pool import SharedPool, Task
from pipeline.progress import Progress, duration
from pipeline.references import References
from pipeline.report import Report
from pipeline.row_blocks import RowCosts
from pipeline.segments import Segment, segments_of
from pipeline.survey import survey
from pipeline.video.encoder import Encoder
from pipeline.video.ffmpeg import count_frames, join
from pipeline.worker import BlockResult, Picture, count_chunks, draw_planes

# Between two looks at the encoder and the memory while no result comes.
_TICK_S = 0.2
_MEMORY_EVERY_S = 2.0
# A picture whose stored counts are damaged is computed again this often.
_MAX_DAMAGES = 3


def render_video(config: Config, outputs: Outputs, report: Report) -> None:
    """Make the video of a config, or what is missing of it; `report` is filled on the way.

    Raises
    ------
    ConfigError
        A keyframe is out of reach.
    RenderError
        Something failed; what was finished is on disk.
    """
    start = time.monotonic()
    with outputs.locked():
        orbits_before_s = spent_cpu_s(outputs.orbits)
        try:
            frames = frame_list(config, outputs)
            _render(config, frames, outputs, report)
            report.outcome = "finished"
        except BaseException as error:
            report.outcome = f"stopped: {type(error).__name__}: {error}"
            raise
        finally:
            report.wall_s = time.monotonic() - start
            # Less than before where an orbit was damaged, and begun anew.
            spent = spent_cpu_s(outputs.orbits) - orbits_before_s
            report.stages["reference"].cpu_s = max(0.0, spent)
            report.stages["encode"].cpu_s = children_cpu_s()
            report.write(outputs.report)


def _render(config: Config, frames: FrameList, outputs: Outputs, report: Report) -> None:
    keys = []
    for frame in frames:
        canvas = frame.canvas(config.supersample)
        keys.append(canvas.key())
        report.kernels[canvas.kernel.arithmetic] = (
            report.kernels.get(canvas.kernel.arithmetic, 0) + 1
        )
    report.frames = len(frames)
    if frames.limits is not None:
        report.maxiter = [(float(time), limit) for time, limit in frames.limits.knots]
    report.workers = config.workers or usable_cores()
    samples = len(frames) * config.encoding.columns * config.encoding.rows * config.supersample**2
    segments = segments_of(
        frames, keys, config.look, config.encoding, config.supersample, outputs.segments
    )
    # Twice, because joining may find a segment that is not what it was.
    for _ in range(2):
        missing = [segment for segment in segments if not segment.path.exists()]
        if missing:
            _encode_missing(config, frames, outputs, report, missing, keys)
        if _joined(segments, outputs, config, report):
            break
    else:
        raise RenderError(f"{outputs.video}: the joined video has not all its frames")
    report.pixels_reused = max(0, samples - report.pixels_computed)
    for path in set(outputs.segments.glob("*.mp4")) - {segment.path for segment in segments}:
        path.unlink()


def _encode_missing(
    config: Config,
    frames: FrameList,
    outputs: Outputs,
    report: Report,
    missing: list[Segment],
    keys: list[str],
) -> None:
    """Compute, draw and encode the frames of all segments that are not there."""
    wanted = [index for segment in missing for index in segment.frames]
    with SharedPool(report.workers) as pool, outputs.references() as references:
        _compute_orbits(frames, wanted, references, pool, outputs, report)
        measured = survey(config, frames, pool, references)
        stored = {path.stem for path in outputs.store.folder.glob("*.counts")}
        work = estimate(config, measured, wanted, keys, stored, report.workers)
        check_room(work, outputs, config, report.workers)
        with Progress(work.total_cpu_s, len(wanted), outputs.log) as progress:
            progress.say(
                f"{config.name}: {len(wanted)} of {len(frames)} frames to encode, "
                f"{len(work.compute_s)} to compute, {report.workers} workers, "
                f"about {duration(work.wall_s)}"
            )
            run = _Run(config, frames, outputs, references, report, pool, progress, work, keys)
            run.encode(missing)
            report.retried += [f"{pool.deaths} workers lost"] if pool.deaths else []


def _compute_orbits(
    frames: FrameList,
    wanted: list[int],
    references: References,
    pool: SharedPool,
    outputs: Outputs,
    report: Report,
) -> None:
    """Have the reference orbits of these frames on disk, and describe them in the report."""
    stage = report.stages["reference"]
    orbits = steps_wanted(frames[index] for index in wanted)
    stage.begin()
    try:
        states = compute_orbits(orbits, references, pool, outputs.log)
    except OSError as error:
        raise RenderError(f"the reference orbit cannot be stored: {error.strerror}") from None
    report.references = described(states)
    stage.end(0.0)


def _joined(segments: list[Segment], outputs: Outputs, config: Config, report: Report) -> bool:
    """Join all segments to the video; if that fails, drop the segments that are to blame."""
    stage = report.stages["encode"]
    stage.begin()
    temporary = temporary_path(outputs.video)
    try:
        join([segment.path for segment in segments], temporary, config.encoding)
        if count_frames(temporary) == segments[-1].last:
            publish(temporary, outputs.video)
            return True
    except RenderError:
        if not _drop_damaged(segments, report):
            raise
    else:
        _drop_damaged(segments, report)
    finally:
        temporary.unlink(missing_ok=True)
        stage.end(0.0)
    return False


def _drop_damaged(segments: list[Segment], report: Report) -> bool:
    """Remove segments that do not hold all their frames; tell whether there were any."""
    damaged = [segment for segment in segments if count_frames(segment.path) != len(segment.frames)]
    for segment in damaged:
        report.retried.append(f"segment {segment.path.name} was damaged")
        segment.path.unlink()
    return bool(damaged)


@dataclass(slots=True)
class _Counting:
    """A canvas whose blocks are at work."""

    canvas: Canvas
    frame: int
    chunks: list[bytes]
    chunk_cpu_s: list[float]
    left: int
    iterations: int = 0


@dataclass(slots=True)
class _Run:
    """One pass over the missing frames: what is at work, and what waits for what."""

    config: Config
    frames: FrameList
    outputs: Outputs
    references: References
    report: Report
    pool: SharedPool
    progress: Progress
    work: Estimate
    keys: list[str]
    costs: RowCosts = field(default_factory=RowCosts)
    counting: dict[str, _Counting] = field(default_factory=dict)
    """By key: equal frames are counted once."""
    drawn: dict[int, Picture] = field(default_factory=dict)
    drawing: int = 0
    damages: dict[str, int] = field(default_factory=dict)
    memory_looked_at: float = 0.0

    def encode(self, missing: list[Segment]) -> None:
        """Compute, draw and encode all frames of these segments, in order."""
        encoder = Encoder(self.config.encoding, self.progress.count)
        try:
            self._loop(missing, encoder)
            encoder.finish()
        except BaseException:
            encoder.abandon()
            raise
        finally:
            self.report.stages["encode"].wall_s += encoder.busy_s

    def _loop(self, missing: list[Segment], encoder: Encoder) -> None:
        order = [(segment, index) for segment in missing for index in segment.frames]
        blocks = self._blocks([index for _, index in order])
        ahead: Task | None = next(blocks, None)
        to_draw = deque(index for _, index in order)
        to_encode = deque(order)
        while to_encode:
            while to_draw and self._may_draw(to_draw[0]):
                self._draw(to_draw.popleft())
            while ahead is not None and self.pool.has_room:
                self.pool.submit(ahead)
                ahead = next(blocks, None)
            waits_for_encoder = to_encode[0][1] in self.drawn
            for task, result in self.pool.finished(0.01 if waits_for_encoder else _TICK_S):
                self._take(task, result)
            while to_encode and to_encode[0][1] in self.drawn and encoder.has_room:
                segment, index = to_encode.popleft()
                picture = self.drawn.pop(index)
                number = index - segment.first + 1
                encoder.put(segment.path, number, picture.planes, index == segment.last - 1)
                self.progress.work(self.work.encode_frame_s)
            encoder.check()
            self._watch()

    def _canvas(self, frame: Frame) -> Canvas:
        return frame.canvas(self.config.supersample, self.references)

    def _blocks(self, order: list[int]) -> Iterator[Task]:
        """Yield the row blocks of all canvases that are not stored, in the order of the video."""
        for index in order:
            key = self.keys[index]
            frame = self.frames[index]
            canvas = self._canvas(frame)
            if key in self.counting or self.outputs.store.holds(canvas):
                continue
            yield from self._blocks_of(frame, canvas)

    def _blocks_of(self, frame: Frame, canvas: Canvas) -> Iterator[Task]:
        blocks = self.costs.blocks(canvas, self.pool.workers)
        self.counting[canvas.key()] = _Counting(
            canvas, frame.index, [b""] * canvas.chunks, [0.0] * canvas.chunks, len(blocks)
        )
        for first, last in blocks:
            rows = f"rows {canvas.chunk_bounds(first)[0]} to {canvas.chunk_bounds(last - 1)[1]}"
            self.report.stages["compute"].begin()
            yield Task(
                f"frame {frame.index}, {rows}",
                count_chunks,
                (canvas, first, last),
                (canvas.key(), first),
            )

    def _may_draw(self, index: int) -> bool:
        """Tell whether a frame's counts are stored and a picture more is no burden."""
        if self.drawing + len(self.drawn) >= self.pool.workers + 1:
            return False
        if self.keys[index] in self.counting:
            return False
        return self.outputs.store.path(self._canvas(self.frames[index])).exists()

    def _draw(self, index: int) -> None:
        frame = self.frames[index]
        canvas = self._canvas(frame)
        config = self.config
        self.drawing += 1
        self.report.stages["colour"].begin()
        self.pool.submit(
            Task(
                f"drawing frame {index}",
                draw_planes,
                (
                    self.outputs.store.path(canvas), canvas, config.supersample, config.look,
                    frame.time, config.encoding,
                ),
                index,
            )
        )  # fmt: skip  # the arguments of draw_planes

    def _take(self, task: Task, result: BlockResult | Picture | None) -> None:
        """Take a result from the pool."""
        if isinstance(result, BlockResult):
            key, first = task.tag
            self._take_block(key, first, result)
            return
        self.drawing -= 1
        self.report.stages["colour"].end(result.cpu_s if result else 0.0)
        if result is not None:
            self.drawn[task.tag] = result
            self.progress.work(self.work.draw_frame_s)
            return
        self._count_again(task.tag)

    def _take_block(self, key: str, first: int, block: BlockResult) -> None:
        counting = self.counting[key]
        last = first + len(block.chunks)
        counting.chunks[first:last] = block.chunks
        counting.chunk_cpu_s[first:last] = block.chunk_cpu_s
        counting.iterations += block.iterations
        counting.left -= 1
        self.report.stages["compute"].end(sum(block.chunk_cpu_s))
        self.report.iterations_computed += block.iterations
        canvas = counting.canvas
        self.progress.work(
            self.work.compute_s.get(counting.frame, 0.0) * len(block.chunks) / canvas.chunks
        )
        if counting.left:
            return
        try:
            written = self.outputs.store.save(canvas, counting.chunks, counting.iterations)
        except OSError as error:
            raise RenderError(
                f"frame {counting.frame}: its counts cannot be stored: {error.strerror}"
            ) from None
        self.costs.learn(canvas, counting.chunk_cpu_s)
        self.report.bytes_stored += written
        self.report.pixels_computed += canvas.rows * canvas.columns
        del self.counting[key]

    def _count_again(self, index: int) -> None:
        """Compute a frame whose stored counts turned out damaged, and draw it then."""
        frame = self.frames[index]
        canvas = self._canvas(frame)
        key = canvas.key()
        self.damages[key] = self.damages.get(key, 0) + 1
        if self.damages[key] > _MAX_DAMAGES:
            raise RenderError(
                f"frame {index}: its counts come back damaged from {self.outputs.store.folder}; "
                "check the disk"
            )
        if key not in self.counting:
            self.report.retried.append(f"frame {index}: stored counts were damaged")
            self.progress.say(f"frame {index}: its stored counts were damaged, computing it again")
            self.outputs.store.discard(canvas)
            for task in self._blocks_of(frame, canvas):
                self.pool.submit(task)
        while key in self.counting:
            for task, result in self.pool.finished(_TICK_S):
                self._take(task, result)
        self._draw(index)

    def _watch(self) -> None:
        now = time.monotonic()
        if now - self.memory_looked_at >= _MEMORY_EVERY_S:
            self.memory_looked_at = now
            self.report.peak_memory_bytes = max(
                self.report.peak_memory_bytes, memory_of_tree_bytes()
            )
        self.progress.tick()
