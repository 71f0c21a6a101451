"""Painting: the textures that the next frames show, coloured as far as their bands are counted."""

import bisect
from collections.abc import Iterable
from functools import partial

from pipeline.counts.sample_grid import SampleGrid
from pipeline.drawing.texture.cache import Textures
from pipeline.drawing.texture.paint import Tables, paint
from pipeline.drawing.texture.pieces import Piece
from pipeline.monitor.events import Began, Done, Listener, PiecePainted
from pipeline.plan.frame_plan import FramePlan
from pipeline.plan.work_plan import WorkPlan
from pipeline.render.counting import Counting
from pipeline.workers.pool import SharedPool, Task

# Textures are painted ahead of need if they take no more than this together; larger ones would be
# the largest part of the memory.
_TEXELS_AHEAD = 4_000_000


class Painting:
    """Has textures painted before frames need them, and drops them after the last that does."""

    def __init__(
        self,
        work_plan: WorkPlan,
        textures: Textures,
        counting: Counting,
        pool: SharedPool,
        sample_s: float,
        send: Listener,
    ) -> None:
        self._work_plan = work_plan
        self._look = work_plan.config.look
        # Times for whose looks textures are painted; frames between are blended of two.
        self._nodes = self._look.nodes(float(work_plan.frames.seconds))
        self._textures = textures
        self._pieces = textures.pieces
        self._counting = counting
        self._pool = pool
        self._sample_s = sample_s
        self._send = send
        # Of frames that are near, by index.
        self._needed: dict[int, frozenset[Piece]] = {}

    def paint_for(self, at_work: Iterable[FramePlan], front: list[FramePlan]) -> None:
        """Paint what the next frames need as far as it is counted, and drop all else.

        What frames `at_work` show stays; `front` are the next frames for the encoder.
        """
        wanted = self._wanted(at_work, front)
        self._textures.keep_only(set(wanted))
        # From the outermost inwards: that order does not change from run to run.
        for piece in sorted(wanted, key=lambda piece: (wanted[piece], piece)):
            if not self._pool.has_room():
                return
            if not self._textures.known(piece) and self._is_counted(piece):
                self._paint(piece, wanted[piece])

    def is_done_for(self, frame_plan: FramePlan) -> bool:
        """Tell whether all textures that a frame shows are painted."""
        return self._textures.painted(self._pieces_of(frame_plan))

    def blend(self, frame_plan: FramePlan) -> list[tuple[Tables, float]]:
        """Return the textures of each look that a frame is blended of, with their weights."""
        return [
            (self._textures.tables(frame_plan, node), weight)
            for node, weight in self._looks_of(frame_plan)
        ]

    def forget(self, index: int) -> None:
        """Forget what is known of a frame that is drawn."""
        self._needed.pop(index, None)

    def _wanted(self, at_work: Iterable[FramePlan], front: list[FramePlan]) -> dict[Piece, int]:
        """Return the pieces that should be there, each with the first frame that needs it."""
        wanted: dict[Piece, int] = {}
        latest: frozenset[Piece] = frozenset()
        for frame_plan in (*at_work, front[0]):
            if (pieces := self._pieces_of(frame_plan)) != latest:
                latest = pieces
                wanted |= dict.fromkeys(pieces - wanted.keys(), frame_plan.frame.index)
        room = max(map(self._pieces.texels, wanted), default=0)
        room = room if room <= _TEXELS_AHEAD else 0
        for frame_plan in front:
            if (pieces := self._pieces_of(frame_plan)) != latest:
                latest = pieces
                room -= sum(map(self._pieces.texels, pieces - wanted.keys()))
                if room < 0:
                    break
                wanted |= dict.fromkeys(pieces - wanted.keys(), frame_plan.frame.index)
        return wanted

    def _pieces_of(self, frame_plan: FramePlan) -> frozenset[Piece]:
        index = frame_plan.frame.index
        if index not in self._needed:
            self._needed[index] = frozenset(
                piece
                for node, _ in self._looks_of(frame_plan)
                for piece in self._pieces.needed(frame_plan, node)
            )
        return self._needed[index]

    def _looks_of(self, frame_plan: FramePlan) -> list[tuple[int, float]]:
        """Return the nodes that a frame is blended of, with weights; none for its own grid."""
        if frame_plan.zoom is None:
            return []
        seconds = float(frame_plan.frame.time)
        after = bisect.bisect_right(self._nodes, seconds)
        if after == len(self._nodes):
            return [(after - 1, 1.0)]
        start, end = self._nodes[after - 1 : after + 1]
        weight = (seconds - start) / (end - start)
        return [(after - 1, 1.0), (after, weight)] if weight > 0 else [(after - 1, 1.0)]

    def _is_counted(self, piece: Piece) -> bool:
        return not any(map(self._counting.lacks, self._grids_of(piece)))

    def _grids_of(self, piece: Piece) -> list[SampleGrid]:
        """Return the sample grids whose counts and traces a piece is painted from."""
        zoom = self._pieces.zooms[piece.zoom]
        if piece.index == len(zoom.bands):
            return self._work_plan.with_traces([zoom.core])
        bands = zoom.bands[max(piece.index - 1, 0) : piece.index + 2]
        return self._work_plan.with_traces(bands)

    def _paint(self, piece: Piece, index: int) -> None:
        self._send(Began("colour"))
        look = self._look.at(self._nodes[piece.node])
        arguments = (self._textures.begin(piece), look, self._textures.arena.map)
        done = partial(self._take, piece, index)
        self._pool.submit(Task(f"colouring for frame {index}", paint, arguments, done=done))

    def _take(self, piece: Piece, index: int, result: tuple[bool, float]) -> None:
        well, cpu_s = result
        samples = self._pieces.zooms[piece.zoom].grids[piece.index].samples
        estimated_s = self._sample_s * samples / self._pieces.count(piece)
        self._send(Done("colour", cpu_s))
        self._send(PiecePainted(cpu_s, estimated_s))
        if well:
            self._textures.finish(piece)
            return
        self._textures.drop(piece)
        self._counting.again(self._grids_of(piece), index)
