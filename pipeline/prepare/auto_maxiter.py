"""maxiter chosen from the counts themselves, where a config says `auto`.

A few views along the zoom are counted small, with a limit that is doubled until hardly a pixel
more would be freed by it. Between those views the limit runs evenly on a logarithmic scale, and at
each it is the largest of its neighbours' too, so that it never drops from one frame to the next by
so much that regions turn black.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from pipeline.config.load import Config
from pipeline.counts.compute import count_outcomes
from pipeline.counts.orbits.tables import References
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import DamagedError, NotStoredError
from pipeline.geometry.decimals import canonical_text
from pipeline.monitor.progress import followed
from pipeline.plan.outputs import Outputs
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.system.machine import usable_cores
from pipeline.system.state_file import read_state, whole_number, write_state
from pipeline.system.terminal import say
from pipeline.timeline.frames import AutoMaxiter, FrameList
from pipeline.workers.pool import SharedPool, Task
from pipeline.workers.processes import ProcessPool

_VERSION = 2
_LARGEST_LIMIT = (1 << 31) - 1
_POSITION = re.compile(r"[0-9]{1,9}(/[1-9][0-9]{0,9})?")
_PROBE_COLUMNS = 64
# A view for every so many octaves of the zoom, and at least so many to a part of it.
_OCTAVES_A_VIEW = 2.0
_LEAST_VIEWS = 4
_MOST_VIEWS = 400
_FIRST_LIMIT = 1000
_LAST_LIMIT = _FIRST_LIMIT << 16
# A doubling that frees less than this part of the pixels is the last, if most pixels have ended.
_WORTH_FREEING = 1 / 1000
_ENDED = 0.6


def resolve_frames(
    config: Config, outputs: Outputs, say: Callable[[str], object] = say
) -> FrameList:
    """Return a config's frames; limits that it leaves open are chosen, and kept with the outputs.

    `say` is told where those that were kept are damaged, and chosen again.

    Raises
    ------
    ConfigError
        A keyframe is out of reach.
    RenderError
        The limits cannot be stored.
    """
    if all(keyframe.maxiter is not None for keyframe in config.keyframes):
        return FrameList(config)
    path = outputs.folder / "maxiter.json"
    key = _key(config)
    auto_maxiter = None
    try:
        auto_maxiter = read_state(path, lambda facts: _stored(facts, key, len(config.keyframes)))
    except NotStoredError:
        pass
    except DamagedError as error:
        say(f"{error}; maxiter is chosen again")
    if auto_maxiter is None:
        workers = config.workers or usable_cores()
        with ProcessPool(workers) as pool, outputs.references() as references:
            auto_maxiter = _chosen(config, pool, references, say)
        outputs.claim()
        plain = [[str(position), limit] for position, limit in auto_maxiter.knots]
        write_state(path, {"key": key, "knots": plain})
    return FrameList(config, auto_maxiter)


def _key(config: Config) -> str:
    """Return the digest of all that the limits depend on."""
    facts: list[Any] = [_VERSION, config.accuracy.name, *_probe_size(config)]
    facts += [
        [*map(canonical_text, (*keyframe.center, keyframe.width))] for keyframe in config.keyframes
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _stored(facts: Any, key: str, keyframes: int) -> AutoMaxiter | None:
    """Return limits from the facts in their file; None where they are another config's."""
    if facts["key"] != key:
        return None
    knots = tuple(
        (_position(at), whole_number(limit, 1, _LARGEST_LIMIT)) for at, limit in facts["knots"]
    )
    positions = [at for at, _ in knots]
    if positions[0] != 0 or positions[-1] != max(1, keyframes - 1):
        raise ValueError("not from the first keyframe to the last")
    if any(before >= after for before, after in pairwise(positions)):
        raise ValueError("positions out of order")
    return AutoMaxiter(knots)


def _position(text: str) -> Fraction:
    if not _POSITION.fullmatch(text):
        raise ValueError(text)
    return Fraction(text)


def _probe_size(config: Config) -> tuple[int, int]:
    rows = _PROBE_COLUMNS * config.encoding.rows / config.encoding.columns
    return _PROBE_COLUMNS, max(16, min(256, round(rows)))


def _positions(frames: FrameList) -> Iterator[Fraction]:
    """Yield the positions of the views that are looked at."""
    for number, leg in enumerate(frames.legs):
        views = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves / _OCTAVES_A_VIEW)))
        for view in range(views):
            yield number + Fraction(view, views)
    yield Fraction(len(frames.legs))


@dataclass(slots=True)
class _Probe:
    """A view whose limit is sought."""

    position: Fraction
    limit: int = _FIRST_LIMIT
    freed_before: int = 0
    """Points that had escaped with half the limit."""
    found: bool = False

    def take(self, escaped: int, ended: int, points: int) -> None:
        """Take what was counted with the limit: how many escaped, and ended in any way."""
        freed = escaped - self.freed_before
        enough = freed <= _WORTH_FREEING * points and ended >= _ENDED * points
        self.found = enough or ended == points or self.limit >= _LAST_LIMIT
        if not self.found:
            self.freed_before = escaped
            self.limit *= 2


def _chosen(
    config: Config, pool: SharedPool, references: References, say: Callable[[str], object]
) -> AutoMaxiter:
    """Find the limits of all views, doubling those that do not suffice together."""
    frames = FrameList(config)
    probes = [_Probe(position) for position in _positions(frames)]
    columns, rows = _probe_size(config)
    say("maxiter: auto: counting small views of the whole zoom, with more and more iterations")
    while open_probes := [probe for probe in probes if not probe.found]:
        grids = [_grid(frames, probe, columns, rows, references) for probe in open_probes]
        compute_orbits(steps_wanted(grids), references, pool, say=say)
        tasks = (
            Task(f"maxiter at {float(probe.position):g}", count_outcomes, (grid,), probe)
            for probe, grid in zip(open_probes, grids, strict=True)
        )
        counted = followed(pool.results(tasks), len(open_probes), "views")
        for task, (escaped, ended) in counted:
            task.tag.take(escaped, ended, columns * rows)
    return AutoMaxiter(tuple(_smoothed(probes)))


def _grid(
    frames: FrameList, probe: _Probe, columns: int, rows: int, references: References
) -> SampleGrid:
    leg = min(int(probe.position), len(frames.legs) - 1)
    grid = frames.probe(leg, probe.position - leg, columns, rows, probe.limit)
    return grid.with_references(references)


def _smoothed(probes: list[_Probe]) -> Iterator[tuple[Fraction, int]]:
    """Yield every view's position with the largest limit of it and its neighbours."""
    for k, probe in enumerate(probes):
        yield probe.position, max(near.limit for near in probes[max(0, k - 1) : k + 2])
