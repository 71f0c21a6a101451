"""The search for dead ends: small views along a video, counted and coloured as filmed."""

import math
from fractions import Fraction

from pipeline.config.fault import Fault
from pipeline.config.load import Config
from pipeline.dead_ends import Seen, Stretch, stretches, to_look_at, told
from pipeline.frames import FrameList
from pipeline.orbits import compute_orbits, steps_wanted
from pipeline.pool.shared import SharedPool, Task
from pipeline.references import References
from pipeline.survey import roughly
from pipeline.worker import seen_of

_COLUMNS = 48
# Views of a leg, by its depth, and of all legs, before and after looking closer where they change.
_OCTAVES_A_VIEW = 4.0
_LEAST_VIEWS = 6
_MOST_VIEWS = 32
_FIRST_VIEWS = 96
_ALL_VIEWS = 200


def dead_ends(
    config: Config, frames: FrameList, pool: SharedPool, references: References
) -> list[Fault]:
    """Return where too little is to be seen of a video, each with what would help.

    Raises
    ------
    RenderError
        A reference orbit cannot be computed.
    """
    seen: list[Seen] = []
    times = _times(frames)
    while times:
        seen = sorted(seen + _looked(times, config, frames, pool, references))
        times = list(to_look_at(seen))[: max(0, _ALL_VIEWS - len(seen))]
    return [_fault(stretch, config, frames) for stretch in stretches(seen)]


def _times(frames: FrameList) -> list[Fraction]:
    """Return when to look at first."""
    times = {Fraction(0), frames.seconds}
    for leg in frames.legs:
        views = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves / _OCTAVES_A_VIEW)))
        length = leg.end.time - leg.start.time
        times |= {leg.start.time + length * Fraction(view, views) for view in range(views)}
    step = -(-len(times) // _FIRST_VIEWS)
    return sorted({*sorted(times)[::step], frames.seconds})


def _looked(
    times: list[Fraction],
    config: Config,
    frames: FrameList,
    pool: SharedPool,
    references: References,
) -> list[Seen]:
    encoding = config.encoding
    rows = max(12, min(192, round(_COLUMNS * encoding.rows / encoding.columns)))
    canvases = [
        roughly(frames.at(time), 2 * _COLUMNS, 2 * rows, config, references) for time in times
    ]
    compute_orbits(steps_wanted(canvases), references, pool)
    log2_px = math.log2(encoding.columns / _COLUMNS)
    tasks = [
        Task(f"view at {float(time):.1f} s", seen_of, (canvas, config.look, time, log2_px), time)
        for time, canvas in zip(times, canvases, strict=True)
    ]
    seen = []
    for task, (interior, unresolved, levels) in pool.results(tasks):
        # Where what stays inside has colours of its own, it is something to be seen.
        own = config.look.interior_by != "colour"
        seen.append(Seen(task.tag, 0.0 if own else interior, unresolved, levels))
    return seen


def _fault(stretch: Stretch, config: Config, frames: FrameList) -> Fault:
    """Return what to tell, at the keyframe towards which it happens."""
    after = [k for k, keyframe in enumerate(config.keyframes) if keyframe.time > stretch.start]
    k = after[0] if after else len(config.keyframes) - 1
    if stretch.end == frames.seconds:
        k = len(config.keyframes) - 1
    words = told(stretch, frames.seconds, lambda time: frames.at(time).view.width)
    return Fault(config.keyframes[k].place, f"keyframes[{k}]", words)
