"""The frame queue: which frames are to be drawn, and which go to the encoder next, in order."""

from collections import deque
from functools import partial
from itertools import islice

from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.drawing.finish import Finish
from pipeline.drawing.frame import draw_frame
from pipeline.drawing.frame_buffers import FrameBuffers
from pipeline.drawing.texture.paint import draw_from_textures
from pipeline.monitor.events import Began, Done, FrameDrawn, FrameEncoded, FrameSent, Listener
from pipeline.plan.estimate import Estimate
from pipeline.plan.frame_plan import FramePlan
from pipeline.plan.segments import Segment
from pipeline.plan.work_plan import WorkPlan
from pipeline.render.counting import Counting
from pipeline.render.painting import Painting
from pipeline.video.encoder import Encoder
from pipeline.workers.pool import SharedPool, Task

# Frames whose textures are painted ahead.
_FRAMES_AHEAD = 48


class FrameQueue:
    """Has frames drawn as soon as they can be, and hands them to the encoder in order."""

    def __init__(
        self,
        work_plan: WorkPlan,
        store: Store,
        counting: Counting,
        painting: Painting,
        buffers: FrameBuffers,
        pool: SharedPool,
        work: Estimate,
        send: Listener,
    ) -> None:
        self._work_plan = work_plan
        self._store = store
        self._counting = counting
        self._painting = painting
        self._buffers = buffers
        self._pool = pool
        self._work = work
        self._send = send
        # Frame plans of frames that are near.
        self._near: dict[int, FramePlan] = {}
        self._to_draw = deque(work_plan.wanted)
        self._to_encode = deque(
            (segment, index) for segment in work_plan.missing_segments for index in segment.frames
        )
        self._drawing: set[int] = set()
        # Frames that wait for the encoder.
        self._drawn: set[int] = set()
        # Frames that the encoder has taken; it adds to them from its own thread.
        self._encoded: deque[int] = deque()

    def __bool__(self) -> bool:
        """Tell whether there are frames that the encoder has not been given."""
        return bool(self._to_encode)

    @property
    def segment(self) -> Segment:
        """Segment of the next frame for the encoder."""
        return self._to_encode[0][0]

    @property
    def waits_for_encoder(self) -> bool:
        """Whether the next frame is drawn."""
        return bool(self._to_encode) and self._to_encode[0][1] in self._drawn

    @property
    def at_work(self) -> list[FramePlan]:
        """The frames that are being drawn, in order."""
        return [self._plan(index) for index in sorted(self._drawing)]

    @property
    def front(self) -> list[FramePlan]:
        """The next frames for the encoder, in order, some of them drawn."""
        return [self._plan(index) for _, index in islice(self._to_encode, _FRAMES_AHEAD)]

    def draw(self) -> None:
        """Have the next frames drawn, as far as what they need is there."""
        while self._to_draw and self._may_draw(self._to_draw[0]):
            self._draw(self._to_draw.popleft())

    def hand_over(self, encoder: Encoder) -> None:
        """Give the encoder the next frames, as far as they are drawn and it has room."""
        while self.waits_for_encoder and encoder.has_room:
            segment, index = self._to_encode.popleft()
            self._drawn.remove(index)
            frame = self._buffers.frame(index)
            plan = self._near.pop(index)
            self._painting.forget(index)
            self._send(FrameSent(plan.frame, frame, self._work.encode_frame_s))
            encoder.put(segment.path, index, frame, index == segment.last - 1)

    def note_encoded(self, index: int) -> None:
        """Take note that the encoder has taken a frame; called in its own thread."""
        self._encoded.append(index)

    def free_encoded(self) -> None:
        """Free the memory of frames that the encoder has taken, and counts that none needs."""
        while self._encoded:
            index = self._encoded.popleft()
            self._buffers.free(index)
            self._send(FrameEncoded(index))
            self._counting.encoded(index)

    def _plan(self, index: int) -> FramePlan:
        if index not in self._near:
            self._near[index] = self._work_plan.frame_plans[index]
        return self._near[index]

    def _may_draw(self, index: int) -> bool:
        """Tell whether all that a frame needs is there, and few enough wait for the encoder."""
        if len(self._drawing) + len(self._drawn) >= self._pool.workers + 1:
            return False
        plan = self._plan(index)
        if plan.zoom is not None:
            return self._painting.is_done_for(plan)
        return not any(map(self._counting.lacks, self._grids_of(plan)))

    def _grids_of(self, plan: FramePlan) -> list[SampleGrid]:
        return self._work_plan.with_traces(plan.grids)

    def _draw(self, index: int) -> None:
        plan = self._plan(index)
        self._drawing.add(index)
        self._send(Began(_stage(plan)))
        config = self._work_plan.config
        finish = Finish.of(config.look, index)
        into = finish, config.encoding, self._buffers.arena.map, self._buffers.offset(index)
        name, done = f"drawing frame {index}", partial(self._take, index)
        if plan.zoom is not None:
            blend = self._painting.blend(plan)
            task = Task(name, draw_from_textures, (blend, plan.exposures, *into), done=done)
        else:
            grid, time = plan.grids[0], plan.frame.time
            arguments = self._store, grid, plan.supersample, config.look, time, *into
            task = Task(name, draw_frame, arguments, done=done)
        self._pool.submit(task)

    def _take(self, index: int, cpu_s: float | None) -> None:
        plan = self._plan(index)
        self._drawing.remove(index)
        self._send(Done(_stage(plan), cpu_s or 0.0))
        if cpu_s is not None:
            self._drawn.add(index)
            self._send(FrameDrawn(index, cpu_s, self._work.draw_s[plan.zoom is not None]))
            return
        # Its counts are damaged; it is drawn before all others once they are counted again.
        self._counting.again(self._grids_of(plan), index)
        self._to_draw.appendleft(index)


def _stage(plan: FramePlan) -> str:
    return "colour" if plan.zoom is None else "reproject"
