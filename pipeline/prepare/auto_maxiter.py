"""`maxiter: auto`: the maximum iterations, chosen from counts of small views along the zoom.

At each view the limit is doubled until hardly another pixel escapes. Between views it is
interpolated on a logarithmic scale. Each view takes the largest limit of itself and its
neighbours, so that the limit never drops fast enough from frame to frame to turn regions black.
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
from pipeline.geometry.decimals import canonical_text
from pipeline.monitor.progress import followed
from pipeline.plan.outputs import Outputs
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.system.state_file import usable_state, whole_number, write_state
from pipeline.system.terminal import say
from pipeline.timeline.frames import AutoMaxiter, FrameList
from pipeline.timeline.glide import EVEN
from pipeline.timeline.legs import legs_of
from pipeline.workers.pool import SharedPool, Task

_VERSION = 2
_LARGEST_LIMIT = (1 << 31) - 1
_POSITION = re.compile(r"[0-9]{1,9}(/[1-9][0-9]{0,9})?")
_PROBE_COLUMNS = 64
# Octaves of zoom between two views, and how few and how many views a leg may have.
_OCTAVES_A_VIEW = 2.0
_LEAST_VIEWS = 4
_MOST_VIEWS = 400
_FIRST_LIMIT = 1000
_LAST_LIMIT = _FIRST_LIMIT << 16
# Doubling ends when it lets less than this fraction of the pixels escape, and most have ended.
_WORTH_FREEING = 1 / 1000
_ENDED = 0.6


def resolve_frames(
    config: Config,
    outputs: Outputs,
    pool: SharedPool,
    references: References,
    say: Callable[[str], object] = say,
) -> FrameList:
    """Return a config's frames; where it says `auto`, maxiter is chosen and stored.

    `say` is told when the stored limits are damaged and have to be chosen again.

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
    auto_maxiter = usable_state(
        path,
        lambda facts: _stored(facts, key, len(config.keyframes)),
        say,
        "maxiter is chosen again",
    )
    if auto_maxiter is None:
        auto_maxiter = choose_maxiter(config, pool, references, say)
        outputs.claim()
        plain = [[str(position), limit] for position, limit in auto_maxiter.knots]
        write_state(path, {"key": key, "knots": plain})
    return FrameList(config, auto_maxiter)


def _key(config: Config) -> str:
    """Return the digest of everything that the limits depend on."""
    facts: list[Any] = [_VERSION, config.accuracy.name, *_probe_size(config)]
    facts += [
        [*map(canonical_text, (*keyframe.center, keyframe.width))] for keyframe in config.keyframes
    ]
    glides = [leg.glide for leg in legs_of(config.keyframes)]
    if any(glide != EVEN for glide in glides):
        facts.append([[*map(str, (*glide.coefficients, glide.share))] for glide in glides])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _stored(facts: Any, key: str, keyframes: int) -> AutoMaxiter | None:
    """Return limits from their file's facts; None if they are another config's."""
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
    """Yield the positions along the video at which limits are chosen."""
    for number, leg in enumerate(frames.legs):
        views = min(_MOST_VIEWS, max(_LEAST_VIEWS, math.ceil(leg.octaves / _OCTAVES_A_VIEW)))
        for view in range(views):
            yield number + Fraction(view, views)
    yield Fraction(len(frames.legs))


@dataclass(slots=True)
class Probe:
    """A view whose limit is to be found."""

    position: Fraction
    limit: int = _FIRST_LIMIT
    freed_before: int = 0
    """Samples that escaped with half the limit."""
    found: bool = False

    def take(self, escaped: int, ended: int, points: int) -> None:
        """Take the samples that escaped with the limit, and those that ended either way."""
        freed = escaped - self.freed_before
        enough = freed <= _WORTH_FREEING * points and ended >= _ENDED * points
        self.found = enough or ended == points or self.limit >= _LAST_LIMIT
        if not self.found:
            self.freed_before = escaped
            self.limit *= 2


def choose_maxiter(
    config: Config,
    pool: SharedPool,
    references: References,
    say: Callable[[str], object] = say,
    announce: Callable[[str], object] = say,
) -> AutoMaxiter:
    """Choose the limits along a config's video, by counting small views of it.

    `say` is told of damage, `announce` what is done.
    """
    frames = FrameList(config)
    probes = [Probe(position) for position in _positions(frames)]
    columns, rows = _probe_size(config)
    announce("maxiter: auto: counting small views of the whole zoom, with more and more iterations")
    pool.start()
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
    frames: FrameList, probe: Probe, columns: int, rows: int, references: References
) -> SampleGrid:
    leg = min(int(probe.position), len(frames.legs) - 1)
    grid = frames.probe(leg, probe.position - leg, columns, rows, probe.limit)
    return grid.with_references(references)


def _smoothed(probes: list[Probe]) -> Iterator[tuple[Fraction, int]]:
    """Yield each view's position, and the largest limit of itself and its neighbours."""
    for k, probe in enumerate(probes):
        yield probe.position, max(near.limit for near in probes[max(0, k - 1) : k + 2])
