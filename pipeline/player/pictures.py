"""The pictures of a player, made in order by the workers of a session."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pipeline.colour.look import Look
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import DamagedError
from pipeline.monitor.progress import followed
from pipeline.player.paint import OVERVIEW_QUALITY, Rgb8, jpeg, paint_band, paint_core
from pipeline.player.scene import PAGE_BANDS, Scene, SceneZoom
from pipeline.prepare.stored import read_stored
from pipeline.session import Session
from pipeline.system.terminal import say
from pipeline.workers.pool import Task


def count_missing(scene: Scene, session: Session, look: Look) -> None:
    """Compute the counts, and the traces that the look needs, as far as they are not stored."""
    session.compute_orbits([grid for zoom in scene.zooms for grid in zoom.grids])
    for zoom in scene.zooms:
        for number, grid in enumerate(zoom.grids):
            name = _name(zoom, number)
            read_stored(
                _with_traces([grid], session, look),
                name,
                session.outputs.store,
                session.pool,
                lambda: None,
            )


def pictures_of(scene: Scene, session: Session, look: Look) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the JPEG of each picture, in an order that never changes.

    Zoom 0 has the bands ``0-0``, ``0-1``…, the pages of its overview ``0-page-0``…, each after the
    last band that it shows, and ``0-core``.
    """
    session.pool.start(tracing=look.tracing is not None)
    for index, zoom in enumerate(scene.zooms):
        tasks = _tasks(zoom, session, look)
        say(f"painting {len(tasks)} pictures")
        pages = dict(enumerate(zoom.pages))
        overview: dict[int, Rgb8] = {}
        for number, result in enumerate(_in_order(tasks, zoom, session, look)):
            if number == len(zoom.bands):
                yield f"{index}-core", result
                continue
            picture, overview[number] = result
            yield f"{index}-{number}", picture
            for page in [page for page, bands in pages.items() if bands.stop == number + 1]:
                bands = pages.pop(page)
                rows = np.concatenate([overview[band] for band in bands])
                yield f"{index}-page-{page}", jpeg(rows, OVERVIEW_QUALITY)
                first = min((left.start for left in pages.values()), default=number + 1)
                overview = {band: rows for band, rows in overview.items() if band >= first}


def _tasks(zoom: SceneZoom, session: Session, look: Look) -> list[Task]:
    """Return the tasks of painting a zoom's bands and its core, tagged by their number."""
    store = session.outputs.store
    calls: list[tuple[Callable[..., Any], Any]] = [
        (paint_band, zoom.band_paint(number, store)) for number in range(len(zoom.bands))
    ]
    calls.append((paint_core, zoom.core_paint(store)))
    return [
        Task(f"painting {_name(zoom, number)}", function, (paint, look), number)
        for number, (function, paint) in enumerate(calls)
    ]


def _in_order(tasks: list[Task], zoom: SceneZoom, session: Session, look: Look) -> Iterator[Any]:
    """Yield the result of each task, in their order; what was damaged is counted again."""
    for first in range(0, len(tasks), PAGE_BANDS):
        some = tasks[first : first + PAGE_BANDS]
        painted = followed(session.pool.results(some), len(some), "pictures")
        results = {task.tag: result for task, result in painted}
        # Only now, for the pool gives whoever waits the results of all tasks.
        for task in some:
            result = results.pop(task.tag)
            yield _painted_again(task, zoom, session, look) if result is None else result


def _painted_again(task: Task, zoom: SceneZoom, session: Session, look: Look) -> Any:
    """Return the result of a task whose stored counts were damaged."""
    number = task.tag
    last = min(number + 2, len(zoom.bands)) if number < len(zoom.bands) else number + 1
    first = max(number - 1, 0) if number < len(zoom.bands) else number

    def paint() -> Any:
        painted = task.function(*task.arguments)
        if painted is None:
            raise DamagedError(f"{_name(zoom, number)}: its counts are damaged")
        return painted

    grids = _with_traces(list(zoom.grids[first:last]), session, look)
    store, pool = session.outputs.store, session.pool
    return read_stored(grids, _name(zoom, number), store, pool, paint)


def _with_traces(grids: list[SampleGrid], session: Session, look: Look) -> list[SampleGrid]:
    with_references = [grid.with_references(session.references) for grid in grids]
    if look.tracing is None:
        return with_references
    return [kind for grid in with_references for kind in (grid, grid.traced(look.tracing))]


def _name(zoom: SceneZoom, number: int) -> str:
    return "the core" if number == len(zoom.bands) else f"band {number}"
