"""The loop of a run: frames counted, painted, drawn and encoded, all at the same time.

What is nearest to the encoder goes first: drawn frames go to the encoder, frames that can be drawn
are drawn, then what the next frames need is painted, and only then rows are counted, in the order
in which frames need them. So the encoder waits as little as it can, and only counts, which lie on
disk, run ahead.
"""

import time

from pipeline.counts.orbits.tables import References
from pipeline.drawing.arena import Arena, whole_pages
from pipeline.drawing.frame_buffers import FrameBuffers
from pipeline.drawing.texture.cache import Textures
from pipeline.drawing.texture.pieces import Pieces
from pipeline.geometry.projection import projection_named
from pipeline.monitor.events import (
    EncoderDone,
    Listener,
    Measured,
    Paused,
    Resumed,
    Said,
    Ticked,
)
from pipeline.plan.estimate import Estimate, check_free_disk
from pipeline.plan.outputs import Outputs
from pipeline.plan.work_plan import WorkPlan
from pipeline.render.counting import Counting
from pipeline.render.frame_queue import FrameQueue
from pipeline.render.painting import Painting
from pipeline.system.machine import encoders_cpu_s, memory_of_tree_bytes
from pipeline.system.temperature import Thermostat, temperature_c
from pipeline.video.encoder import Encoder
from pipeline.workers.pool import SharedPool

# The longest wait for a result; then the encoder and the memory are looked at again.
_TICK_S = 0.2
_ENCODER_TICK_S = 0.01
# Between two measurements of memory, disk and temperature.
_MEASURE_EVERY_S = 2.0


def encode_missing(
    work_plan: WorkPlan,
    outputs: Outputs,
    references: References,
    pool: SharedPool,
    work: Estimate,
    send: Listener,
) -> None:
    """Count, draw and encode all frames that are missing, in order; `send` is told everything.

    Raises
    ------
    EncoderError
        ffmpeg failed; what it had finished is on disk.
    RenderError
        Something else failed, or the disk is full.
    """
    encoding, store = work_plan.config.encoding, outputs.store
    projection = projection_named(encoding.projection, encoding.columns, encoding.rows)
    pieces = Pieces(work_plan.frame_plans.zooms, projection)
    looks = min(2, len(work_plan.config.look.nodes(float(work_plan.frames.seconds))))
    # Frames that wait, with one for every worker, the encoder's two, and one to spare.
    frames = 2 * pool.workers + 4
    needed = looks * pieces.most_bytes + frames * whole_pages(encoding.frame_bytes)
    # Twice what is ever needed: what is not written takes no memory.
    arena = Arena(2 * needed)
    try:
        textures = Textures(pieces, store, arena)
        buffers = FrameBuffers(arena, encoding.frame_bytes)
        counting = Counting(work_plan, store, references, pool, work.compute_s, send)
        painting = Painting(work_plan, textures, counting, pool, work.paint_sample_s, send)
        queue = FrameQueue(work_plan, store, counting, painting, buffers, pool, work, send)
        watch = _Watch(outputs, pool, Thermostat(work_plan.config.pause_above_c), send)
        encoder = Encoder(encoding, queue.note_encoded)
        try:
            while queue:
                _fill(pool, counting, painting, queue, watch)
                wait_s = _ENCODER_TICK_S if queue.waits_for_encoder else _TICK_S
                for task, result in pool.finished(wait_s):
                    task.done(result)
                queue.hand_over(encoder)
                encoder.check()
                queue.free_encoded()
                watch.tick()
            encoder.finish()
            queue.free_encoded()
        except BaseException:
            encoder.abandon()
            raise
        finally:
            send(EncoderDone(encoder.busy_s))
    finally:
        arena.close()


def _fill(
    pool: SharedPool, counting: Counting, painting: Painting, queue: FrameQueue, watch: "_Watch"
) -> None:
    """Give the workers as much as they have room for, unless the machine is too hot."""
    if not watch.is_paused:
        painting.paint_for(queue.at_work, queue.front)
        queue.draw()
        counting.send_ahead(queue.segment)
    elif not pool.in_flight:
        time.sleep(_TICK_S)


class _Watch:
    """Looks at memory, disk and temperature now and then, and at who works."""

    def __init__(
        self, outputs: Outputs, pool: SharedPool, thermostat: Thermostat, send: Listener
    ) -> None:
        self._outputs = outputs
        self._pool = pool
        self._thermostat = thermostat
        self._send = send
        self._measured_at = 0.0
        self._encoders_s = encoders_cpu_s()

    @property
    def is_paused(self) -> bool:
        """Whether the machine is too hot."""
        return self._thermostat.pausing

    def tick(self) -> None:
        """Measure if it is time, and tell listeners that time has passed.

        Raises
        ------
        RenderError
            The disk is almost full.
        """
        now_s = time.monotonic()
        if now_s - self._measured_at >= _MEASURE_EVERY_S:
            self._measured_at = now_s
            self._measure()
        for line in self._pool.news():
            self._send(Said(line))
        self._send(Ticked(now_s, self.is_paused, self._pool.machine_stats()))

    def _measure(self) -> None:
        memory_bytes = memory_of_tree_bytes()
        check_free_disk(self._outputs)
        encoders_s = encoders_cpu_s()
        self._send(Measured(memory_bytes, encoders_s - self._encoders_s))
        self._encoders_s = encoders_s
        if self._thermostat.look():
            now_c = temperature_c()
            if self._thermostat.pausing:
                self._send(Paused(now_c, self._thermostat.resumes_below_c))
            else:
                self._send(Resumed(now_c))
