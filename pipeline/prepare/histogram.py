"""Equalising: the tones of a whole video, for looks whose scale is its histogram."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.colour.tones import Tones, tones_from
from pipeline.config.load import Config
from pipeline.counts.compute import count_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import DamagedError, NotStoredError
from pipeline.monitor.progress import followed
from pipeline.plan.outputs import Outputs
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.system.machine import usable_cores
from pipeline.system.state_file import finite_number, read_state, write_state
from pipeline.system.terminal import say
from pipeline.timeline.frames import FrameList
from pipeline.workers.pool import Task
from pipeline.workers.processes import ProcessPool

# To be raised when the same views come to give other tones.
_VERSION = 1
_COLUMNS = 64
_LEAST_VIEWS = 4
_MOST_VIEWS = 300


def with_histogram(
    config: Config,
    frames: FrameList,
    outputs: Outputs,
    say: Callable[[str], object] = say,
) -> Config:
    """Return a config whose look knows its tones, if it needs them.

    `say` is told where those that were kept are damaged, and found again.

    Raises
    ------
    RenderError
        A reference orbit cannot be computed.
    """
    if all(layer.scale != "histogram" for layer in config.look.all_layers):
        return config
    return replace(config, look=replace(config.look, tones=tones_of(config, frames, outputs, say)))


def tones_of(
    config: Config,
    frames: FrameList,
    outputs: Outputs,
    say: Callable[[str], object] = say,
) -> Tones:
    """Return the tones of a video; they are kept with its outputs.

    They are those of small views of the whole way, an octave apart, which all count alike: so that
    colours do not change with the frame rate, and hold from the first frame to the last. Over an
    octave of the zoom they move on by 1.
    """
    views = _views(config, frames)
    facts: list[Any] = [_VERSION, [(view.key(), view.maxiter) for view in views]]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    path = outputs.folder / "tones.json"
    try:
        if (stored := read_state(path, lambda facts: _stored(facts, key))) is not None:
            return stored
    except NotStoredError:
        pass
    except DamagedError as error:
        say(f"{error}; the tones are found again")
    counts = []
    with (
        ProcessPool(config.workers or usable_cores()) as pool,
        outputs.references() as references,
    ):
        compute_orbits(steps_wanted(views), references, pool, say=say)
        tasks = (
            Task("equalising", count_rows, (view.with_references(references), 0, view.rows), number)
            for number, view in enumerate(views)
        )
        say("scale: histogram: counting small views of the whole zoom")
        for _, (part, _cpu_s) in followed(pool.results(tasks), len(views), "views"):
            counts.append(part.smooth)
    octaves = sum(leg.octaves for leg in frames.legs)
    # In the order in which they come: quantiles do not depend on it.
    tones = tones_from(np.concatenate(counts), max(1.0, octaves))
    outputs.claim()
    write_state(path, {"key": key, **asdict(tones)})
    return tones


def _stored(facts: Any, key: str) -> Tones | None:
    """Return tones from the facts in their file; None where they are another video's."""
    if facts["key"] != key:
        return None
    low, high = finite_number(facts["low"]), finite_number(facts["high"])
    places = tuple(finite_number(place, 0.0) for place in facts["places"])
    if not low < high or len(places) < 2 or places[0] != 0 or places[-1] == 0:
        raise ValueError("no tones")
    # Sums are rounded.
    if any(before > after + 1e-9 for before, after in pairwise(places)):
        raise ValueError("falling tones")
    return Tones(low, high, places)


def _views(config: Config, frames: FrameList) -> list[SampleGrid]:
    rows = max(16, min(256, round(_COLUMNS * config.encoding.rows / config.encoding.columns)))
    views = []
    for number, leg in enumerate(frames.legs):
        count = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves)))
        for view in range(count + (number == len(frames.legs) - 1)):
            progress = Fraction(view, count)
            limit = frames.maxiter(number, progress)
            views.append(frames.probe(number, progress, _COLUMNS, rows, limit))
    return views
