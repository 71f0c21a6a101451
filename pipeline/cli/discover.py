"""`discover`: proposals of zooms, each with its config, and a sheet of what they show."""

import io
import time
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.cli.found_yaml import config_to
from pipeline.colour.own_palettes import OWN_PALETTES
from pipeline.colour.palette_files import PaletteFiles
from pipeline.config.colours import look_from
from pipeline.config.model import ColourSection
from pipeline.drawing.frame import preview_looks
from pipeline.errors import PipelineError
from pipeline.geometry.decimals import short_text
from pipeline.monitor.progress import followed
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from pipeline.prepare.discovery.search import Proposal, even_parts, proposals, views_along
from pipeline.prepare.places.place import Nucleus
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.session import Session
from pipeline.system.terminal import say, show
from pipeline.units import duration
from pipeline.workers.pool import Task

_FOLDER = "discover"
_PICTURES = 8
_COLUMNS, _ROWS = 192, 108
# Of the pictures in pixels of the videos that the configs make.
_LOG2_PX = 2.7
_LABEL_ROWS, _FONT_PX = 20, 13
_GROUND, _INK = (16, 16, 20), (222, 222, 228)


class NothingFound(PipelineError):  # noqa: N818  # an answer, no error
    """Chance led nowhere."""


def discover(seed: int, depth: Decimal, count: int, root: Path) -> None:
    """Write ``discover/SEED.png``, a strip for each proposal, and ``discover/SEED-NN.yaml``.

    Raises
    ------
    NothingFound
        No zoom was found; another seed may have some.
    """
    start = time.monotonic()
    outputs = Outputs(root, _FOLDER, Owner(_FOLDER, _FOLDER))
    with Session(outputs) as session:
        outputs.claim()
        session.pool.start()
        found = proposals(seed, depth, count, session.pool, session.references, say)
        if not found:
            raise NothingFound(f"seed {seed} leads nowhere at {short_text(depth)}; try another")
        say(f"drawing {len(found)} of them")
        strips = _strips(found, session)
    names = [f"{seed}-{place:02}.yaml" for place in range(1, len(found) + 1)]
    for name, proposal, palette in zip(names, found, _palettes(found), strict=True):
        outputs.write(outputs.folder / name, [_config(proposal, seed, palette).encode()])
    labels = [f"{name} {_way(proposal)}" for name, proposal in zip(names, found, strict=True)]
    buffer = io.BytesIO()
    _sheet(strips, labels).save(buffer, "PNG", optimize=True)
    sheet = outputs.folder / f"{seed}.png"
    outputs.write(sheet, [buffer.getvalue()])
    taken = duration(time.monotonic() - start)
    show("\n".join([*labels, f"{sheet}: {len(found)} zooms in {taken}"]))


def _palettes(found: list[Proposal]) -> list[str]:
    """Return a palette for each proposal, neighbours on the sheet with different ones."""
    names = list(OWN_PALETTES)
    return [names[place % len(names)] for place in range(len(found))]


def _strips(found: list[Proposal], session: Session) -> list[NDArray[np.uint8]]:
    """Return a strip of pictures for each proposal."""
    pool, references = session.pool, session.references
    grids = [
        views_along(one.route, even_parts(_PICTURES), 2 * _COLUMNS, 2 * _ROWS) for one in found
    ]
    compute_orbits(steps_wanted(grid for each in grids for grid in each), references, pool)
    looks = [
        replace(
            look_from(ColourSection(palette=palette), PaletteFiles(Path())), tones=proposal.tones
        )
        for proposal, palette in zip(found, _palettes(found), strict=True)
    ]
    tasks = [
        Task(
            f"picture {index}",
            preview_looks,
            (grid.with_references(references), [looks[place]], Fraction(0), _LOG2_PX),
            (place, index),
        )
        for place, each in enumerate(grids)
        for index, grid in enumerate(each)
    ]
    drawn = {
        task.tag: picture
        for task, (picture,) in followed(pool.results(iter(tasks)), len(tasks), "pictures")
    }
    return [
        np.concatenate([drawn[place, index] for index in range(_PICTURES)], axis=1)
        for place in range(len(found))
    ]


def _way(proposal: Proposal) -> str:
    route = proposal.route
    periods = ", ".join(map(str, route.periods))
    return f"to {route.width.normalize():.2g} by minibrots of period {periods}"


def _config(proposal: Proposal, seed: int, palette: str) -> str:
    """Return the config of a proposal."""
    route = proposal.route
    place = Nucleus(route.center, route.period, route.size, 0.0, route.size)
    title = f"Seed {seed}, number {proposal.number}: {_way(proposal)}."
    # Without the first line: the schema lies with the shipped configs.
    text = config_to(place, route.width, title).partition("\n")[2]
    return text.replace("maxiter: auto\n", f"maxiter: auto\ncolour: {{palette: {palette}}}\n", 1)


def _sheet(strips: list[NDArray[np.uint8]], labels: list[str]) -> Image.Image:
    """Return the sheet: a strip a proposal, its label above."""
    font = ImageFont.load_default(_FONT_PX)
    rows, columns = strips[0].shape[:2]
    sheet = Image.new("RGB", (columns, len(strips) * (rows + _LABEL_ROWS)), _GROUND)
    draw = ImageDraw.Draw(sheet)
    for place, (strip, label) in enumerate(zip(strips, labels, strict=True)):
        top = place * (rows + _LABEL_ROWS)
        draw.text((4, top + 2), label, fill=_INK, font=font)
        sheet.paste(Image.fromarray(strip), (0, top + _LABEL_ROWS))
    return sheet
