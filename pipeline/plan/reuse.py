"""Which legs of a video are drawn from bands, and which frame by frame."""

import math
from collections import defaultdict

from pipeline.config.load import Config
from pipeline.geometry.band import columns_for
from pipeline.geometry.projection import FLAT, projection_named
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.plan.zoom import Zoom, zoom_of
from pipeline.timeline.frames import FrameList

# A leg is drawn frame by frame if its target is so far off the picture that rings around it would
# be this many times longer than rings around the picture's middle.
_LONGEST_RING = 4


def zooms_of(config: Config, frames: FrameList) -> list[Zoom | None]:
    """Return the zoom that serves each leg; None for those that are drawn frame by frame.

    Legs with the same target share a zoom. With `auto`, a leg is drawn from bands where that
    takes fewer samples. What happens to be stored already makes no difference, so that the same
    config always makes the same video. A projection shows all legs from bands.
    """
    zooms: list[Zoom | None] = [None] * len(frames.legs)
    if config.reuse == "frames" or not HAVE_NUMBA:
        return zooms
    groups: dict[object, list[int]] = defaultdict(list)
    for leg, way in enumerate(frames.legs):
        groups[way.deep.center].append(leg)
    for group in groups.values():
        legs, zoom = _chosen(group, config, frames)
        for leg in legs:
            zooms[leg] = zoom
    return zooms


def _chosen(group: list[int], config: Config, frames: FrameList) -> tuple[list[int], Zoom | None]:
    """Return the legs of a group that are drawn from bands, and their zoom."""
    encoding = config.encoding
    projection = projection_named(encoding.projection, encoding.columns, encoding.rows)

    def zoom(legs: list[int]) -> Zoom:
        return zoom_of(legs, frames, config.quality.density, projection)

    if encoding.projection != FLAT:
        return group, zoom(group)
    alone = {leg: zoom([leg]) for leg in group}
    legs = [leg for leg in group if _in_reach(alone[leg], config)]
    if not legs:
        return [], None
    best = zoom(legs) if len(legs) > 1 else alone[legs[0]]
    if config.reuse == "bands":
        return legs, best
    saved = {leg: frame_samples(leg, config, frames) for leg in legs}
    for leg in list(legs):
        if len(legs) == 1:
            break
        rest = [other for other in legs if other != leg]
        without = zoom(rest)
        if without.samples + saved[leg] < best.samples:
            legs, best = rest, without
    if best.samples > sum(saved[leg] for leg in legs):
        return [], None
    return legs, best


def _in_reach(zoom: Zoom, config: Config) -> bool:
    corner_px = math.hypot(config.encoding.columns, config.encoding.rows) / 2
    longest = _LONGEST_RING * columns_for(corner_px * config.quality.density)
    return max(band.columns for band in zoom.bands) <= longest


def frame_samples(leg: int, config: Config, frames: FrameList) -> int:
    """Return the samples of all frames of a leg on their own grids."""
    way = frames.legs[leg]
    still = (way.start.center, way.start.width, way.start.rotation) == (
        way.end.center, way.end.width, way.end.rotation
    )  # fmt: skip  # start and end side by side
    fps = config.encoding.fps
    first, last = math.ceil(way.start.time * fps), math.ceil(way.end.time * fps)
    if leg == len(frames.legs) - 1:
        last = len(frames) - (math.floor(frames.seconds * fps) - math.floor(way.end.time * fps))
    # While a keyframe is held, all frames are one.
    last -= max(0, math.floor(min(way.leaves, way.end.time) * fps) - first)
    count = min(1, last - first) if still else last - first
    encoding = config.encoding
    return count * encoding.columns * encoding.rows * config.quality.supersample**2
