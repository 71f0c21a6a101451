"""A run: sample grids counted, bands coloured, frames drawn and encoded, all at the same time.

What is nearest to the encoder goes first: a frame that can be drawn is drawn, then what the next
frames need is coloured, and only then rows are counted, in the order in which frames need them.
So the encoder waits as little as it can, and only counts, which lie on disk, run ahead.
"""

import bisect
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pipeline.counts.orbits.tables import References
from pipeline.counts.sample_grid import SampleGrid
from pipeline.drawing.arena import Arena, whole_pages
from pipeline.drawing.frame import draw_frame
from pipeline.drawing.frame_buffers import FrameBuffers
from pipeline.drawing.texture.cache import Textures
from pipeline.drawing.texture.paint import draw_from_textures, paint
from pipeline.drawing.texture.pieces import Piece, Pieces
from pipeline.monitor.progress import Progress
from pipeline.monitor.report import Report
from pipeline.monitor.status_writer import StatusWriter
from pipeline.plan.estimate import Estimate, check_free_disk
from pipeline.plan.frame_plan import FramePlan
from pipeline.plan.outputs import Outputs
from pipeline.plan.work_plan import WorkPlan
from pipeline.render.counting import Counting
from pipeline.system.machine import encoders_cpu_s, memory_of_tree_bytes
from pipeline.system.temperature import Thermostat, temperature_c
from pipeline.video.encoder import Encoder
from pipeline.workers.pool import SharedPool, Task

# Between two looks at the encoder and the memory while no result comes.
_TICK_S = 0.2
# Between two looks at memory, disk and temperature.
_LOOK_EVERY_S = 2.0
# Frames whose textures are painted ahead, if they take no more than the largest at work.
_FRAMES_AHEAD = 48
_TEXELS_AHEAD = 4_000_000


@dataclass(slots=True)
class Run:
    """One pass over the missing frames: what is at work, and what waits for what."""

    work_plan: WorkPlan
    outputs: Outputs
    references: References
    report: Report
    pool: SharedPool
    progress: Progress
    work: Estimate
    status_writer: StatusWriter
    arena: Arena = field(init=False)
    textures: Textures = field(init=False)
    _cuts: Pieces = field(init=False)
    _buffers: FrameBuffers = field(init=False)
    _counting: Counting = field(init=False)
    _frame_plans: dict[int, FramePlan] = field(default_factory=dict)
    """Of frames that are near."""
    _pieces: dict[int, frozenset[Piece]] = field(default_factory=dict)
    _frame_plan: set[int] = field(default_factory=set)
    """Frames at work."""
    _drawn: set[int] = field(default_factory=set)
    """Frames that wait for the encoder."""
    _encoded: deque[int] = field(default_factory=deque)
    """Frames that the encoder has taken; it adds to them from its own thread."""
    _looked_at: float = 0.0
    _encoders_s: float = field(default_factory=encoders_cpu_s)
    _thermostat: Thermostat = field(init=False)
    _nodes: list[float] = field(init=False)
    """Times for whose looks textures are painted."""

    def __post_init__(self) -> None:
        self._counting = Counting(
            self.work_plan, self.outputs, self.references, self.report, self.pool, self.progress,
            self.work, self.status_writer,
        )  # fmt: skip  # in signature order
        frames_of = self.work_plan.frames
        self._nodes = self.work_plan.config.look.nodes(float(frames_of.seconds))
        self._thermostat = Thermostat(self.work_plan.config.pause_above_c)
        encoding = self.work_plan.config.encoding
        # Those that wait, with one for every worker, the encoder's two, and one to spare.
        frames = 2 * self.pool.workers + 4
        size = encoding.columns, encoding.rows
        self._cuts = Pieces(self.work_plan.frame_plans.zooms, *size)
        textures_bytes = min(2, len(self._nodes)) * self._cuts.most_bytes
        # Twice what is ever needed: what is not written takes no memory.
        self.arena = Arena(2 * (textures_bytes + frames * whole_pages(encoding.frame_bytes)))
        self.textures = Textures(self._cuts, self.outputs.store, *size, self.arena)
        self._buffers = FrameBuffers(self.arena, encoding.frame_bytes)

    def close(self) -> None:
        """Let go of what is shared with the workers."""
        self.arena.close()

    def encode(self) -> None:
        """Compute, draw and encode all frames that are missing, in order."""
        encoder = Encoder(self.work_plan.config.encoding, self._encoded.append)
        try:
            self._loop(encoder)
            encoder.finish()
            self._free_encoded()
        except BaseException:
            encoder.abandon()
            raise
        finally:
            self.report.stages["encode"].wall_s += encoder.busy_s

    def _loop(self, encoder: Encoder) -> None:
        order = [
            (segment, index)
            for segment in self.work_plan.missing_segments
            for index in segment.frames
        ]
        blocks = self._counting.blocks()
        ahead: Task | None = next(blocks, None)
        to_draw = deque(index for _, index in order)
        to_encode = deque(order)
        while to_encode:
            if not self._thermostat.pausing:
                self._paint_for([index for _, index in self._front(to_encode)])
                while to_draw and self._may_draw(to_draw[0]):
                    self._draw(to_draw.popleft())
                while ahead is not None and self._counting.may_send(ahead, to_encode[0][0]):
                    self.pool.submit(ahead)
                    ahead = next(blocks, None)
            elif not self.pool.in_flight:
                time.sleep(_TICK_S)
            waits_for_encoder = to_encode[0][1] in self._drawn
            for task, result in self.pool.finished(0.01 if waits_for_encoder else _TICK_S):
                task.done(result)
            while to_encode and to_encode[0][1] in self._drawn and encoder.has_room:
                segment, index = to_encode.popleft()
                self._drawn.remove(index)
                last = index == segment.last - 1
                frame = self._buffers.frame(index)
                self.status_writer.show(self._drawing_of(index).frame, frame)
                encoder.put(segment.path, index, frame, last)
                self._frame_plans.pop(index, None)
                self._pieces.pop(index, None)
                self.progress.work("encode", self.work.encode_frame_s, 0.0)
            encoder.check()
            self._free_encoded()
            self._watch()

    @staticmethod
    def _front(to_encode: deque[Any]) -> list[Any]:
        return [to_encode[k] for k in range(min(_FRAMES_AHEAD, len(to_encode)))]

    # Colouring and drawing

    def _drawing_of(self, index: int) -> FramePlan:
        if index not in self._frame_plans:
            self._frame_plans[index] = self.work_plan.frame_plans[index]
        return self._frame_plans[index]

    def _pieces_of(self, index: int) -> frozenset[Piece]:
        if index not in self._pieces:
            frame_plan = self._drawing_of(index)
            self._pieces[index] = frozenset(
                piece
                for node, _ in self._mixture(frame_plan)
                for piece in self._cuts.needed(frame_plan, node)
            )
        return self._pieces[index]

    def _mixture(self, frame_plan: FramePlan) -> list[tuple[int, float]]:
        """Return the looks that a frame is mixed of, and their parts; none for its own grid."""
        if frame_plan.zoom is None:
            return []
        seconds = float(frame_plan.frame.time)
        after = bisect.bisect_right(self._nodes, seconds)
        if after == len(self._nodes):
            return [(after - 1, 1.0)]
        start, end = self._nodes[after - 1 : after + 1]
        part = (seconds - start) / (end - start)
        return [(after - 1, 1.0), (after, part)] if part > 0 else [(after - 1, 1.0)]

    def _paint_for(self, front: list[int]) -> None:
        """Colour what the next frames need as far as it is counted, and let go of all else."""
        wanted: dict[Piece, int] = {}
        # What is being drawn stays.
        latest: frozenset[Piece] = frozenset()
        for index in (*sorted(self._frame_plan), front[0]):
            if (pieces := self._pieces_of(index)) != latest:
                latest = pieces
                wanted |= dict.fromkeys(pieces - wanted.keys(), index)
        room = max(map(self._cuts.texels, wanted), default=0)
        # Large ones are painted when they are needed: they would be the largest part of the memory.
        room = room if room <= _TEXELS_AHEAD else 0
        for index in front:
            if (pieces := self._pieces_of(index)) != latest:
                latest = pieces
                room -= sum(map(self._cuts.texels, pieces - wanted.keys()))
                if room < 0:
                    break
                wanted |= dict.fromkeys(pieces - wanted.keys(), index)
        self.textures.keep_only(set(wanted))
        # From the outermost inwards: that order does not change from run to run.
        for piece in sorted(wanted, key=lambda piece: (wanted[piece], piece)):
            if not self.pool.has_room():
                return
            if not self.textures.known(piece) and self._counted_for(piece):
                self._paint(piece, wanted[piece])

    def _counted_for(self, piece: Piece) -> bool:
        return not any(map(self._counting.lacks, self._grids_of(piece)))

    def _grids_of(self, piece: Piece) -> list[SampleGrid]:
        """Return the sample grids whose counts a piece is painted from."""
        zoom = self._cuts.zooms[piece.zoom]
        if piece.index == len(zoom.bands):
            return self._with_traces(zoom.core)
        return self._with_traces(*zoom.bands[max(piece.index - 1, 0) : piece.index + 2])

    def _with_traces(self, *grids: SampleGrid) -> list[SampleGrid]:
        """Return sample grids of counts with those of the traces that the look needs."""
        tracing = self.work_plan.config.look.tracing
        if tracing is None:
            return list(grids)
        return [*grids, *(grid.traced(tracing) for grid in grids)]

    def _paint(self, piece: Piece, index: int) -> None:
        painting = self.textures.begin(piece)
        self.report.stages["colour"].begin()
        look = self.work_plan.config.look.at(self._nodes[piece.node])
        arguments = (painting, look, self.arena.map)
        done = partial(self._take_painting, piece, index)
        self.pool.submit(Task(f"colouring for frame {index}", paint, arguments, done=done))

    def _may_draw(self, index: int) -> bool:
        """Tell whether all that a frame needs is there, and a picture more is no burden."""
        if len(self._frame_plan) + len(self._drawn) >= self.pool.workers + 1:
            return False
        frame_plan = self._drawing_of(index)
        if frame_plan.zoom is not None:
            return self.textures.painted(self._pieces_of(index))
        return not any(map(self._counting.lacks, self._with_traces(*frame_plan.grids)))

    def _draw(self, index: int) -> None:
        frame_plan = self._drawing_of(index)
        config = self.work_plan.config
        self._frame_plan.add(index)
        offset = self._buffers.offset(index)
        done = partial(self._take_picture, index)
        if frame_plan.zoom is not None:
            self.report.stages["reproject"].begin()
            mixture = [
                (self.textures.tables(frame_plan, node), part)
                for node, part in self._mixture(frame_plan)
            ]
            task = Task(
                f"drawing frame {index}",
                draw_from_textures,
                (mixture, frame_plan.exposures, config.encoding, self.arena.map, offset),
                done=done,
            )
        else:
            self.report.stages["colour"].begin()
            grid = frame_plan.grids[0]
            task = Task(
                f"drawing frame {index}",
                draw_frame,
                (
                    self.outputs.store, grid, frame_plan.supersample, config.look,
                    frame_plan.frame.time, config.encoding, self.arena.map, offset,
                ),
                done=done,
            )  # fmt: skip  # the arguments of draw_frame
        self.pool.submit(task)

    def _free_encoded(self) -> None:
        """Free the places of frames that the encoder has taken, and counts that none needs."""
        while self._encoded:
            index = self._encoded.popleft()
            self._buffers.free(index)
            self.progress.count()
            self._counting.encoded(index)

    # Results

    def _take_painting(self, piece: Piece, index: int, result: tuple[bool, float]) -> None:
        well, cpu_s = result
        self.report.stages["colour"].end(cpu_s)
        grid = self._cuts.zooms[piece.zoom].grids[piece.index]
        estimated_s = self.work.paint_sample_s * grid.samples / self._cuts.count(piece)
        self.progress.work("paint", estimated_s, cpu_s)
        if well:
            self.textures.finish(piece)
            return
        self.textures.drop(piece)
        self._counting.again(self._grids_of(piece), index)

    def _take_picture(self, index: int, cpu_s: float | None) -> None:
        frame_plan = self._drawing_of(index)
        self._frame_plan.remove(index)
        stage = self.report.stages["reproject" if frame_plan.zoom is not None else "colour"]
        stage.end(cpu_s or 0.0)
        if cpu_s is not None:
            self._drawn.add(index)
            self.progress.work("draw", self.work.draw_s[frame_plan.zoom is not None], cpu_s)
            return
        grids = self._with_traces(*frame_plan.grids)
        self._counting.again(grids, index)
        while any(map(self._counting.lacks, grids)):
            for task, result in self.pool.finished(_TICK_S):
                task.done(result)
        self._draw(index)

    def _watch(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_EVERY_S:
            self._looked_at = now
            self.report.peak_memory_bytes = max(
                self.report.peak_memory_bytes, memory_of_tree_bytes()
            )
            check_free_disk(self.outputs)
            encoded_s = encoders_cpu_s()
            self.progress.eta.took("encode", encoded_s - self._encoders_s)
            self._encoders_s = encoded_s
            if self._thermostat.look():
                self._say_pause()
        for line in self.pool.news():
            self.progress.say(line)
        if machine_stats := self.pool.machine_stats():
            blocks = ", ".join(f"{each.machine} {each.blocks}" for each in machine_stats)
            self.progress.aside = f"; row blocks: {blocks}"
        self.progress.tick(not self._thermostat.pausing)
        if self.status_writer.is_due:
            self._tell()

    def _tell(self) -> None:
        self.report.machines = self.pool.machine_stats()
        there = len(self.work_plan.frames) - len(self.work_plan.wanted)
        state = "rendering"
        if self._thermostat.pausing:
            state = f"paused: {temperature_c() or 0:.0f} °C"
        self.status_writer.go_on(state, there + self.progress.counted, self.progress.eta)

    def _say_pause(self) -> None:
        now = temperature_c()
        degrees = f"{now:.0f} °C" if now is not None else "no temperature"
        if self._thermostat.pausing:
            below = f"{self._thermostat.resumes_below_c:.0f} °C"
            self.progress.say(f"paused at {degrees}, until it is below {below}")
        else:
            self.progress.say(f"{degrees}, going on")
