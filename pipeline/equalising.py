"""Equalising: the tones of a whole video, for looks whose scale is its histogram."""

import hashlib
import json
import math
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.canvas import Canvas
from pipeline.colour.tones import Tones, tones_from
from pipeline.config.load import Config
from pipeline.durable import write_durably
from pipeline.frames import FrameList
from pipeline.machine import usable_cores
from pipeline.orbits import compute_orbits, steps_wanted
from pipeline.outputs import Outputs
from pipeline.pool.processes import ProcessPool
from pipeline.pool.shared import Task
from pipeline.worker import count_rows

# To be raised when the same views come to give other tones.
_VERSION = 1
_COLUMNS = 64
_LEAST_VIEWS = 4
_MOST_VIEWS = 300


def equalised(config: Config, frames: FrameList, outputs: Outputs) -> Config:
    """Return a config whose look knows its tones, if it needs them.

    Raises
    ------
    RenderError
        A reference orbit cannot be computed.
    """
    if all(layer.scale != "histogram" for layer in config.look.all_layers):
        return config
    return replace(config, look=replace(config.look, tones=tones_of(config, frames, outputs)))


def tones_of(config: Config, frames: FrameList, outputs: Outputs) -> Tones:
    """Return the tones of a video; they are kept with its outputs.

    They are those of small views of the whole way, an octave apart, which all count alike: so that
    colours do not change with the frame rate, and hold from the first frame to the last. Over an
    octave of the zoom they move on by 1.
    """
    views = _views(config, frames)
    facts: list[Any] = [_VERSION, [(view.key(), view.maxiter) for view in views]]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
    path = outputs.folder / "tones.json"
    if (stored := _stored(path, key)) is not None:
        return stored
    counts = []
    with (
        ProcessPool(config.workers or usable_cores()) as pool,
        outputs.references() as references,
    ):
        compute_orbits(steps_wanted(views), references, pool)
        tasks = (
            Task("equalising", count_rows, (view.against(references), 0, view.rows), number)
            for number, view in enumerate(views)
        )
        for _, (part, _cpu_s) in pool.results(tasks):
            counts.append(part.smooth)
    octaves = sum(leg.octaves for leg in frames.legs)
    # In the order in which they come: quantiles do not depend on it.
    tones = tones_from(np.concatenate(counts), max(1.0, octaves))
    outputs.claim()
    write_durably(path, [json.dumps({"key": key, **asdict(tones)}).encode()])
    return tones


def _stored(path: Path, key: str) -> Tones | None:
    try:
        stored = json.loads(path.read_bytes())
        if stored["key"] != key:
            return None
        return Tones(stored["low"], stored["high"], tuple(stored["places"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _views(config: Config, frames: FrameList) -> list[Canvas]:
    rows = max(16, min(256, round(_COLUMNS * config.encoding.rows / config.encoding.columns)))
    views = []
    for number, leg in enumerate(frames.legs):
        count = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves)))
        for view in range(count + (number == len(frames.legs) - 1)):
            progress = Fraction(view, count)
            limit = frames.maxiter(number, progress)
            views.append(frames.probe(number, progress, _COLUMNS, rows, limit))
    return views
