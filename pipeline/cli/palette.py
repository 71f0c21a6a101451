"""`palette`: a sheet of the zoom in many looks, each labelled with the YAML that gives it."""

import io
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.cli.opening import open_session
from pipeline.colour.look import Look
from pipeline.config.ready_looks import ready_looks
from pipeline.counts.sample_grid import SampleGrid
from pipeline.drawing.frame import preview_looks
from pipeline.monitor.progress import followed
from pipeline.session import Session
from pipeline.system.terminal import say, show
from pipeline.timeline.frames import Frame
from pipeline.units import duration
from pipeline.workers.pool import Task

# Which frames are shown, as fractions of the video, and how large.
_MOMENTS = (0.0, 0.35, 0.7, 1.0)
_PICTURE_COLUMNS = 240
_MOST_ROWS = 320
_ACROSS = 2
_GAP = 12
_FONT_PX = 15
_GROUND = (24, 24, 28)
_INK = (224, 222, 216)


def palette(path: Path, root: Path, name: str | None = None) -> None:
    """Write ``NAME-palettes.png``: the config's own look first, then others to choose from."""
    start = time.monotonic()
    with open_session(path, root, name, cluster=False) as session:
        config, outputs = session.config, session.outputs
        target = root / f"{config.name}-palettes.png"
        outputs.claim(target)
        labelled = _labelled(config.look, path)
        labels = [label for label, _ in labelled]
        looks = [replace(look, tones=session.tones) for _, look in labelled]
        pictures = _pictures(session, looks)
    sheet = _sheet(pictures, labels)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    outputs.write(target, [buffer.getvalue()])
    show(f"{target}: {len(looks)} looks in {duration(time.monotonic() - start)}")


def _labelled(own: Look, path: Path) -> list[tuple[str, Look]]:
    """Return the looks that are shown of a config, its own first, each with its label."""
    ready = [(f"colour: {{{each.label}}}", each.look) for each in ready_looks()]
    return [(f"as {path} has it", own), *ready]


def _pictures(session: Session, looks: list[Look]) -> list[list[NDArray[np.uint8]]]:
    """Return for each look its pictures; the counts that they are made of are not stored."""
    config, frames, pool = session.config, session.frames, session.pool
    shape = config.encoding.columns, config.encoding.rows
    part = min(_PICTURE_COLUMNS / shape[0], _MOST_ROWS / shape[1])
    columns, rows = (max(16, round(size * part)) for size in shape)
    indices = sorted({round(part * (len(frames) - 1)) for part in _MOMENTS})
    log2_px = math.log2(shape[0] / columns)
    grids = {
        index: _grid(frames[index], columns, rows).with_references(session.references)
        for index in indices
    }
    session.compute_orbits(list(grids.values()))
    pool.start(tracing=any(look.tracing is not None for look in looks))
    tasks = (
        Task(
            f"looks of frame {index}",
            preview_looks,
            (grid, looks, frames[index].time, log2_px),
            index,
        )
        for index, grid in grids.items()
    )
    say(f"drawing {len(looks)} looks of {len(grids)} frames")
    results = followed(pool.results(tasks), len(grids), "frames")
    shown = {task.tag: pictures for task, pictures in results}
    return [[shown[index][number] for index in indices] for number in range(len(looks))]


def _grid(frame: Frame, columns: int, rows: int) -> SampleGrid:
    return frame.sized(2 * columns, 2 * rows)


def _sheet(pictures: list[list[NDArray[np.uint8]]], labels: list[str]) -> Image.Image:
    """Return the sheet: for each look a strip of pictures, and its label below."""
    font = ImageFont.load_default(_FONT_PX)
    strips = [np.concatenate(row, axis=1) for row in pictures]
    rows, columns = strips[0].shape[:2]
    texts = [_wrapped(label, font, columns) for label in labels]
    high = rows + round(_FONT_PX * 1.35) * max(map(len, texts)) + 6
    down = -(-len(strips) // _ACROSS)
    size = (_ACROSS * (columns + _GAP) + _GAP, down * (high + _GAP) + _GAP)
    sheet = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(sheet)
    for number, (strip, text) in enumerate(zip(strips, texts, strict=True)):
        left = _GAP + (number % _ACROSS) * (columns + _GAP)
        top = _GAP + (number // _ACROSS) * (high + _GAP)
        sheet.paste(Image.fromarray(strip), (left, top))
        for line, words in enumerate(text):
            below = top + rows + 4 + line * round(_FONT_PX * 1.35)
            draw.text((left, below), words, fill=_INK, font=font)
    return sheet


def _wrapped(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, px: int) -> list[str]:
    """Return a label as lines that are no wider than its strip."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > px:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
