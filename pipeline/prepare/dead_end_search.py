"""The search for dead ends: small views along a video, counted and coloured."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pipeline.colour.look import DEFAULT_PERIOD, Look
from pipeline.config.fault import Fault
from pipeline.config.load import Config
from pipeline.config.whole_text import text_digest
from pipeline.counts.orbits.tables import References
from pipeline.drawing.frame import seen_of
from pipeline.plan.outputs import Outputs
from pipeline.prepare.dead_ends import Seen, Stretch, stretches, to_look_at, told
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.prepare.survey import roughly
from pipeline.system.state_file import finite_number, usable_state, write_state
from pipeline.timeline.frames import FrameList
from pipeline.workers.pool import SharedPool, Task

# Version of what is stored: raise it when the same views give other figures.
_VERSION = 3
_COLUMNS = 48
# Views of a leg, by its depth; then of all legs, before and after refining where they change.
_OCTAVES_A_VIEW = 2.0
_LEAST_VIEWS = 6
_MOST_VIEWS = 32
_FIRST_VIEWS = 96
_ALL_VIEWS = 200
# Whether there is anything to see does not depend on the look of a video.
_LOOK = Look("dusk", DEFAULT_PERIOD["sqrt"], 0.0, 0.0, "sqrt", (0, 0, 0))


def dead_ends(
    config: Config,
    frames: FrameList,
    outputs: Outputs,
    pool: SharedPool,
    references: References,
    say: Callable[[str], object],
) -> list[Fault]:
    """Return a warning for each stretch of a video that shows too little.

    What was seen is stored with the outputs, if there are any; `say` is told when that is damaged.

    Raises
    ------
    RenderError
        A reference orbit cannot be computed.
    """
    path = outputs.dead_ends
    knots = () if frames.auto_maxiter is None else frames.auto_maxiter.knots
    # The text names palettes, some of which are files; the tones follow from the rest.
    look = replace(config.look, tones=None)
    key = text_digest(f"{_VERSION} {config.text} {knots} {look}")
    seen = usable_state(
        path, lambda facts: _stored(facts, key), say, "dead ends are looked for again"
    )
    if seen is None:
        seen = _found(config, frames, pool, references)
        # Where nothing else is stored, as by a plan, this is not stored either.
        if path.parent.is_dir():
            plain = [
                [str(at.time), at.interior, at.unresolved, at.levels, at.spread] for at in seen
            ]
            write_state(path, {"key": key, "seen": plain})
    return [_fault(stretch, config, frames) for stretch in stretches(seen)]


def _stored(facts: Any, key: str) -> list[Seen] | None:
    """Return what was seen from its file's facts; None if it is another config's."""
    if facts["key"] != key:
        return None
    return [
        Seen(
            Fraction(time),
            finite_number(interior, 0, 1),
            finite_number(unresolved, 0, 1),
            finite_number(levels, 0, 255),
            finite_number(spread, 0, 2),
        )
        for time, interior, unresolved, levels, spread in facts["seen"]
    ]


def _found(
    config: Config, frames: FrameList, pool: SharedPool, references: References
) -> list[Seen]:
    """Look at views of the video, and at more where they change."""
    seen: list[Seen] = []
    times = _times(frames)
    while times:
        seen = sorted(seen + _looked(times, config, frames, pool, references))
        times = list(to_look_at(seen))[: max(0, _ALL_VIEWS - len(seen))]
    return seen


def _times(frames: FrameList) -> list[Fraction]:
    """Return the times of the first views."""
    times = {Fraction(0), frames.seconds}
    for leg in frames.legs:
        views = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves / _OCTAVES_A_VIEW)))
        times |= {leg.leaves + leg.seconds * Fraction(view, views) for view in range(views)}
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
    grids = [roughly(frames.at(time), 2 * _COLUMNS, 2 * rows, config, references) for time in times]
    compute_orbits(steps_wanted(grids), references, pool)
    log2_px = math.log2(encoding.columns / _COLUMNS)
    looks = _LOOK, config.look
    tasks = [
        Task(f"view at {float(time):.1f} s", seen_of, (grid, looks, time, log2_px), time)
        for time, grid in zip(times, grids, strict=True)
    ]
    seen = []
    for task, (interior, *more) in pool.results(tasks):
        # An interior with colours of its own is not dark.
        own = config.look.interior_by != "colour"
        seen.append(Seen(task.tag, 0.0 if own else interior, *more))
    return seen


def _fault(stretch: Stretch, config: Config, frames: FrameList) -> Fault:
    """Return the warning of a stretch, placed at the keyframe that the zoom then heads for."""
    after = [k for k, keyframe in enumerate(config.keyframes) if keyframe.time > stretch.start]
    k = after[0] if after else len(config.keyframes) - 1
    if stretch.end == frames.seconds:
        k = len(config.keyframes) - 1
    words = told(stretch, frames.seconds, lambda time: frames.at(time).view.width)
    return Fault(config.keyframes[k].position, f"keyframes[{k}]", words)
