"""Frame plans: what each frame is drawn from, its own sample grid or a zoom's bands."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from pipeline.config.load import Config
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.decimals import context, difference, log2
from pipeline.geometry.placement import Placement
from pipeline.geometry.projection import FLAT, Projection, projection_named
from pipeline.geometry.view import View
from pipeline.plan.reuse import zooms_of
from pipeline.plan.zoom import Zoom
from pipeline.timeline.frames import Frame, FrameList

# Motion blur averages pictures taken while the shutter is open: enough of them that from one to the
# next nothing moves farther than this, in pixels, but no more than that many.
_BLUR_STEP_PX = 1.5
_MOST_EXPOSURES = 16
# Frames sampled for the average number of exposures.
_SAMPLED_FRAMES = 12


@dataclass(frozen=True, slots=True)
class FramePlan:
    """Plan of how one frame is drawn."""

    frame: Frame
    supersample: int
    zoom: Zoom | None
    """None where the frame has its own grid."""
    exposures: tuple[Placement, ...]
    """Positions of the zoom while the shutter is open; the picture is their mean."""
    projection: Projection
    """Projection of the picture; flat for a frame with its own grid."""

    @property
    def grids(self) -> tuple[SampleGrid, ...]:
        """Sample grids whose counts it needs."""
        if self.zoom is None:
            return (self.frame.grid(self.supersample),)
        return tuple(self.zoom.grids[index] for index in self.needed)

    @property
    def needed(self) -> range:
        """Indices of those among the zoom's sample grids."""
        assert self.zoom is not None
        return self.zoom.needed(self.exposures, self.projection)

    def key(self) -> str:
        """Return the digest of all that the picture depends on except its look."""
        if self.zoom is None:
            grid = self.grids[0]
            facts: list[object] = [(grid.key(), grid.maxiter)]
        else:
            facts = [self.zoom.keys[index] for index in self.needed]
        facts += [(at.x, at.y, at.log2_spacing, at.turn) for at in self.exposures]
        if self.projection.name != FLAT:
            facts.append(self.projection.name)
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


class FramePlans:
    """Plans of all frames of a video, each made when it is asked for."""

    def __init__(self, config: Config, frames: FrameList) -> None:
        self._config = config
        self._frames = frames
        self.legs = zooms_of(config, frames)
        """Zoom that serves each leg; None where frames have their own grids."""
        self.zooms = list({id(zoom): zoom for zoom in self.legs if zoom is not None}.values())
        """Every zoom, once."""
        self.keys: list[str] = []
        """Digest of what each frame's picture depends on, except its look."""
        self.times: list[str] = []
        """Time of each frame in seconds, as text."""
        self._needed: list[range | None] = []
        for index in range(len(frames)):
            frame_plan = self[index]
            self.keys.append(frame_plan.key())
            self.times.append(str(frame_plan.frame.time))
            self._needed.append(frame_plan.needed if frame_plan.zoom else None)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index: int) -> FramePlan:
        frame = self._frames[index]
        return plan_of(frame, self.legs[frame.leg], self._config, self._frames)

    def from_bands(self, index: int) -> bool:
        """Tell whether a frame is drawn from bands."""
        return self._needed[index] is not None

    def exposures(self) -> float:
        """Return the average number of exposures of a frame drawn from bands."""
        count = len(self._frames)
        few = {round(index * (count - 1) / _SAMPLED_FRAMES) for index in range(_SAMPLED_FRAMES + 1)}
        numbers = [len(self[index].exposures) for index in few if self.from_bands(index)]
        return sum(numbers) / len(numbers) if numbers else 1.0

    def needs(self, indices: Iterable[int]) -> dict[str, "Need"]:
        """Return what must be counted for some frames, by key, in the order in which it is needed.

        A band's neighbours are needed with it: the light at its edge depends on theirs. The
        traces of a grid follow the counts of the next one, so that no worker waits for counts.
        """
        counted = self._counts_needed(indices)
        tracing = self._config.look.tracing
        if tracing is None:
            return counted
        needs: dict[str, Need] = {}
        before: Need | None = None
        for key, need in counted.items():
            needs[key] = need
            if before is not None:
                needs[before.grid.key()] = before
            before = Need(need.grid.traced(tracing), need.frame)
        if before is not None:
            needs[before.grid.key()] = before
        return needs

    def _counts_needed(self, indices: Iterable[int]) -> dict[str, "Need"]:
        needs: dict[str, Need] = {}
        latest: tuple[int, range] | None = None
        for index in indices:
            needed = self._needed[index]
            if needed is None:
                _add(needs, self[index].grids[0], index)
                continue
            zoom = self.legs[self._frames.leg_of(index)]
            assert zoom is not None
            if latest == (id(zoom), needed):
                continue
            latest = (id(zoom), needed)
            for grid in zoom.grids_for(needed):
                _add(needs, grid, index)
        return needs


def plan_of(frame: Frame, zoom: Zoom | None, config: Config, frames: FrameList) -> FramePlan:
    """Return the plan of a frame; `zoom` serves its leg, None where it has its own grid."""
    encoding = config.encoding
    projection = projection_named(encoding.projection, encoding.columns, encoding.rows)
    placements: tuple[Placement, ...] = ()
    if zoom is not None:
        views = _exposed(frame, config, frames) if config.motion_blur else [frame.view]
        placements = tuple(map(zoom.placement, views))
    return FramePlan(frame, config.quality.supersample, zoom, placements, projection)


@dataclass(frozen=True, slots=True)
class Need:
    """A sample grid that is needed, and the first frame that needs it."""

    grid: SampleGrid
    frame: int


def _add(needs: dict[str, Need], grid: SampleGrid, frame: int) -> None:
    """Add a sample grid; of equal grids, the one with the largest maxiter serves all."""
    key = grid.key()
    if key not in needs:
        needs[key] = Need(grid, frame)
    elif needs[key].grid.maxiter < grid.maxiter:
        needs[key] = Need(grid, needs[key].frame)


def _exposed(frame: Frame, config: Config, frames: FrameList) -> list[View]:
    """Return the views while the shutter is open, centred on the frame's time, on its own leg."""
    leg = frames.legs[frame.leg]
    half = Fraction(config.motion_blur) / config.encoding.fps / 2
    opens, closes = max(leg.start.time, frame.time - half), min(leg.end.time, frame.time + half)
    first, last = (frames.view(frame.leg, time) for time in (opens, closes))
    count = min(_MOST_EXPOSURES, math.ceil(_moved_px(first, last) / _BLUR_STEP_PX))
    if count < 2:
        return [frame.view]
    # The middles of equal intervals, so that all weigh the same.
    return [
        frames.view(frame.leg, opens + (closes - opens) * Fraction(2 * index + 1, 2 * count))
        for index in range(count)
    ]


def _moved_px(first: View, last: View) -> float:
    """Return a bound of how far the corners move between two views, in pixels."""
    corner_px = math.hypot(first.columns, first.rows) / 2
    ratio = math.exp2(log2(first.width) - log2(last.width))
    turned = math.radians(abs(float(last.rotation - first.rotation)))
    numbers = context(20)
    shift = [
        float(numbers.divide(difference(before, after), last.spacing()))
        for before, after in zip(first.center, last.center, strict=True)
    ]
    return corner_px * (abs(ratio - 1) + turned) + math.hypot(*shift)
