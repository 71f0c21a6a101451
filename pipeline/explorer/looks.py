"""The sheet of looks: small pictures of a view in each of the looks that are ready."""

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.colour.look import Look
from pipeline.colour.palette_files import PaletteFiles
from pipeline.config.colours import look_from
from pipeline.config.model import ColourSection
from pipeline.config.ready_looks import READY_LOOKS
from pipeline.drawing.frame import preview_looks
from pipeline.explorer.progressive import jpeg_from
from pipeline.explorer.work import Check, results
from pipeline.explorer.zoom_context import ZoomContext
from pipeline.geometry.view import View
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.workers.pool import SharedPool, Task

_COLUMNS = 144
_MOST_ROWS = 144
_SAMPLES = 2
_QUALITY = 85


class ReadyLook(NamedTuple):
    """A look that is ready, with the section `colour` that gives it."""

    label: str
    colour: dict[str, Any]
    look: Look


class Tile(NamedTuple):
    """A small picture of a ready look; its number, from 0, tells which."""

    number: int
    jpeg: bytes


def ready_looks() -> list[ReadyLook]:
    """Return all looks that are ready and that this machine can draw."""
    found = []
    for text in READY_LOOKS:
        colour = yaml.safe_load(f"{{{text}}}")
        look = look_from(ColourSection.model_validate(colour), PaletteFiles(Path()))
        if HAVE_NUMBA or not look.needs_compiler:
            found.append(ReadyLook(text, colour, look))
    return found


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
