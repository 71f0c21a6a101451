"""The sheet of looks: small pictures of a view in each of the looks that are ready."""

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from pipeline.config.ready_looks import ready_looks
from pipeline.drawing.frame import preview_looks
from pipeline.explorer.progressive import jpeg_from
from pipeline.explorer.work import Check, results
from pipeline.explorer.zoom_context import ZoomContext
from pipeline.geometry.view import View
from pipeline.workers.pool import SharedPool, Task

_COLUMNS = 144
_MOST_ROWS = 144
_SAMPLES = 2
_QUALITY = 85


class Tile(NamedTuple):
    """A small picture of a ready look; its number, from 0, tells which."""

    number: int
    jpeg: bytes


def tiles(
    view: View, maxiter: int, pool: SharedPool, zoom_context: ZoomContext, check: Check
) -> Iterator[Tile]:
    """Yield a small picture of a view in each ready look; those that need no traces come first."""
    looks = [each.look for each in ready_looks()]
    rows = max(16, min(_MOST_ROWS, round(_COLUMNS * view.rows / view.columns)))
    # As much of the middle as a tile of that shape shows.
    small = view.resized(_COLUMNS * _SAMPLES, rows * _SAMPLES)
    grid = zoom_context.grid(small, maxiter)
    zoom_context.compute_orbits([grid], check)
    tones = zoom_context.tones(view, maxiter, check)
    groups: dict[Any, list[int]] = {}
    for index, look in enumerate(looks):
        groups.setdefault(look.tracing, []).append(index)
    log2_px = math.log2(view.columns / _COLUMNS)
    tasks = [
        Task(
            "looks",
            preview_looks,
            (grid, [replace(looks[index], tones=tones) for index in group], Fraction(0), log2_px),
            group,
        )
        for group in groups.values()
    ]
    for task, pictures in results(pool, tasks, check):
        for index, picture in zip(task.tag, pictures, strict=True):
            yield Tile(index, jpeg_from(picture, _QUALITY))
