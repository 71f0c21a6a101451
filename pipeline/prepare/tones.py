"""The tones of a zoom, by which its palette follows its counts, found by counting small views."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.colour.tones import LOG_SHIFT, Tones, ZoomTones, adapted, equalised
from pipeline.config.load import Config
from pipeline.counts.compute import count_rows
from pipeline.counts.orbits.tables import References
from pipeline.counts.sample_grid import SampleGrid
from pipeline.monitor.progress import followed
from pipeline.plan.outputs import Outputs
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.prepare.survey import as_band
from pipeline.system.state_file import finite_number, usable_state, write_state
from pipeline.system.terminal import say
from pipeline.timeline.frames import FrameList
from pipeline.workers.pool import SharedPool, Task

# Version of the stored tones: raise it when the same views give other tones.
_VERSION = 3
_COLUMNS = 64
_LEAST_VIEWS = 4
_MOST_VIEWS = 300


def tones_of(
    config: Config,
    frames: FrameList,
    outputs: Outputs,
    pool: SharedPool,
    references: References,
    say: Callable[[str], object] = say,
) -> ZoomTones:
    """Return the tones of a video, from its outputs or found, and stored there if they exist.

    `say` is told when the stored tones are damaged and have to be found again.

    Raises
    ------
    RenderError
        A reference orbit cannot be computed.
    """
    views = _views(config, frames)
    facts: list[Any] = [_VERSION, [(view.key(), view.maxiter) for view in views]]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    path = outputs.folder / "tones.json"
    stored = usable_state(path, lambda facts: _stored(facts, key), say, "the tones are found again")
    if stored is not None:
        return stored
    tones = find_tones(config, frames, pool, references, say)
    # Where nothing else is stored, as by a plan, these are not stored either.
    if path.parent.is_dir():
        write_state(path, {"key": key, **asdict(tones)})
    return tones


def find_tones(
    config: Config,
    frames: FrameList,
    pool: SharedPool,
    references: References,
    say: Callable[[str], object] = say,
    announce: Callable[[str], object] = say,
) -> ZoomTones:
    """Find the tones of a video by counting small views of it, an octave of zoom apart.

    All views have equal weight, so that colours depend neither on the frame rate nor on the zoom
    speed. Equalised, the tones advance by 1 an octave of zoom. `say` is told of damage, `announce`
    what is done.
    """
    views = _views(config, frames)
    pool.start()
    compute_orbits(steps_wanted(views), references, pool, say=say)
    tasks = (
        Task("tones", count_rows, (view.with_references(references), 0, view.rows), number)
        for number, view in enumerate(views)
    )
    announce("counting small views of the whole zoom, to which the colours adapt")
    counted = followed(pool.results(tasks), len(views), "views")
    arrived = {task.tag: counts.smooth for task, (counts, _cpu_s) in counted}
    # In order, so that sums are rounded alike in every run.
    smooth = [arrived[number].ravel() for number in range(len(views))]
    octaves = sum(leg.octaves for leg in frames.legs)
    return ZoomTones(adapted(smooth), equalised(np.concatenate(smooth), max(1.0, octaves)))


def _stored(facts: Any, key: str) -> ZoomTones | None:
    """Return tones from their file's facts; None if they are another video's."""
    if facts["key"] != key:
        return None
    return ZoomTones(_tones_of(facts["adaptive"]), _tones_of(facts["histogram"]))


def _tones_of(facts: Any) -> Tones:
    counts = tuple(finite_number(count, -LOG_SHIFT) for count in facts["counts"])
    slopes = tuple(finite_number(slope, 0.0) for slope in facts["slopes"])
    if not 2 <= len(counts) == len(slopes) or max(slopes) == 0:
        raise ValueError("no tones")
    if any(before >= after for before, after in pairwise(counts)):
        raise ValueError("falling counts")
    return Tones(counts, slopes)


def _views(config: Config, frames: FrameList) -> list[SampleGrid]:
    rows = max(16, min(256, round(_COLUMNS * config.encoding.rows / config.encoding.columns)))
    views = []
    for number, leg in enumerate(frames.legs):
        count = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves)))
        for step in range(count + (number == len(frames.legs) - 1)):
            progress = Fraction(step, count)
            limit = frames.maxiter(number, progress)
            view = frames.probe(number, progress, _COLUMNS, rows, limit)
            views.append(as_band(view, config))
    # A still has the same view at each.
    return list({view.key(): view for view in views}.values())
