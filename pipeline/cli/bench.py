"""`bench`: the article's table on this machine, with this program beside it."""

import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from numpy.typing import NDArray

from pipeline.cli import article
from pipeline.colour.look import DEFAULT_PERIOD, Look
from pipeline.colour.shade import Shader
from pipeline.config.names import name_fault
from pipeline.counts.compute import count_n
from pipeline.counts.sample_grid import SampleGrid
from pipeline.drawing.picture import rgb8_from_light
from pipeline.errors import RenderError, UsageError
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from pipeline.session import Session
from pipeline.system.machine import usable_cores
from pipeline.system.terminal import show
from pipeline.workers.pool import SharedPool, Task

# Runs of our own way; the best counts, for at some milliseconds the rest is noise.
_REPEATS = 40
# Cost of a pixel beside its iterations, in iterations.
_PIXEL_STEPS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    seconds: float
    sum: int


def bench(root: Path, json_path: Path | None, name: str | None = None) -> None:
    """Print the table; write the chart, the article's picture and, if asked for, the JSON.

    Raises
    ------
    UsageError
        One of these files exists, and was not made here.
    RenderError
        One of the ways counts other than the article.
    """
    name = "bench" if name is None else name
    if fault := name_fault(name):
        raise UsageError(f"--name: {fault}")
    outputs = Outputs(root, name, Owner("bench", "bench"))
    chart, picture = root / f"{name}.png", root / f"{name}-article.png"
    outputs.claim(*(file for file in (chart, picture, json_path) if file is not None))
    cores = usable_cores()
    rows: list[Row] = []
    size = f"{article.NX}×{article.NY}"
    show(f"the article's picture, {size}, maxiter {article.MAXITER}, {cores} cores")
    show(f"{'':32}{'seconds':>10}{'speed-up':>10}{'sum':>12}")
    forms: list[tuple[str, Callable[[], list[int]]]] = [
        ("serial loop", article.serial_loop),
        ("map", article.serial_map),
        ("Pool, pixel by pixel", lambda: article.pool_by_pixel(cores)),
        ("Pool, row by row", lambda: article.pool_by_row(cores)),
    ]
    for name, form in forms:
        start = time.perf_counter()
        counts = form()
        _add(rows, Row(name, time.perf_counter() - start, sum(counts)))
    with Session(outputs, workers=cores) as session:
        _add(rows, _ours(session.pool))

    outputs.write(chart, [_chart(rows)])
    outputs.write(picture, [_picture()])
    show(f"{chart}\n{picture}")
    if json_path is not None:
        table = [{"name": row.name, "seconds": row.seconds, "sum": row.sum} for row in rows]
        outputs.write(json_path, [json.dumps({"rows": table}, indent=2).encode() + b"\n"])
        show(str(json_path))


def _add(rows: list[Row], row: Row) -> None:
    rows.append(row)
    speed_up = rows[0].seconds / row.seconds
    show(f"{row.name:32}{row.seconds:>10.4f}{speed_up:>10.1f}{row.sum:>12}")
    if row.sum != article.COUNT_SUM:
        raise RenderError(f"{row.name}: counts {row.sum}, the article {article.COUNT_SUM}")


def article_grid() -> SampleGrid:
    """Return the article's picture as a sample grid: its outer samples lie on the range's ends."""
    width = Decimal("2.5") * article.NX / (article.NX - 1)
    view = View((Decimal("-0.75"), Decimal(0)), width, Decimal(0), article.NX, article.NY)
    return SampleGrid(view, article.MAXITER, FLOAT64)


def _ours(pool: SharedPool) -> Row:
    grid = article_grid()
    best = float("inf")
    pool.start()
    # The first run warms the workers, and tells how the work is spread over the rows.
    n, _ = _counted(grid, [(row, row + 25) for row in range(0, grid.rows, 25)], pool)
    blocks = _equal_blocks(n, pool.workers)
    for _ in range(_REPEATS):
        n, seconds = _counted(grid, blocks, pool)
        best = min(best, seconds)
    return Row(f"row blocks, {pool.workers} warm workers", best, int(n.sum()))


def _counted(
    grid: SampleGrid, blocks: list[tuple[int, int]], pool: SharedPool
) -> tuple[NDArray[np.uint8], float]:
    """Return the counts of a whole sample grid, and the seconds from sending to having them."""
    n = np.empty((grid.rows, grid.columns), np.uint8)
    tasks = (
        Task(f"rows {first} to {last}", count_n, (grid, first, last), (first, last))
        for first, last in blocks
    )
    start = time.perf_counter()
    for task, counted in pool.results(tasks):
        n[slice(*task.tag)] = counted.reshape(-1, grid.columns)
    return n, time.perf_counter() - start


def _equal_blocks(n: NDArray[np.uint8], blocks: int) -> list[tuple[int, int]]:
    """Cut the rows into blocks of equal cost: most of the uncounted maxiter is never iterated."""
    escaped = np.where(n < article.MAXITER, n, 0).sum(axis=1, dtype=np.float64)
    cost = np.cumsum(escaped + _PIXEL_STEPS * n.shape[1])
    cuts = np.searchsorted(cost, cost[-1] * np.arange(1, blocks) / blocks)
    edges = [0, *(int(cut) for cut in cuts), n.shape[0]]
    return [(first, last) for first, last in pairwise(edges) if first < last]


def _chart(rows: list[Row]) -> bytes:
    """Return a PNG of the speed-ups as bars, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    speed_ups = [rows[0].seconds / row.seconds for row in rows]
    figure, axes = pyplot.subplots(figsize=(9, 3.6), layout="constrained")
    colours = ["#8aa4c8"] * (len(rows) - 1) + ["#d9772b"]
    bars = axes.barh([row.name for row in rows], speed_ups, color=colours)
    axes.bar_label(
        bars,
        [f" {speed:.3g}×, {row.seconds:.3g} s" for speed, row in zip(speed_ups, rows, strict=True)],
    )
    axes.set_xscale("log")
    axes.set_xlim(right=max(speed_ups) * 8)
    axes.invert_yaxis()
    axes.set_xlabel("times as fast as the article's serial loop")
    axes.set_title(f"The article's picture: {article.NX}×{article.NY}, maxiter {article.MAXITER}")
    axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=130)
    pyplot.close(figure)
    return buffer.getvalue()


def _picture() -> bytes:
    grid = article_grid()
    counts = grid.counts(0, grid.rows)
    smooth: NDArray[np.float64] = counts.smooth.reshape(grid.rows, grid.columns)
    shader = Shader(Look("dusk", DEFAULT_PERIOD["sqrt"], 0.0, 0.0, "sqrt", (0, 0, 0)))
    picture = rgb8_from_light(shader.light(smooth, 1), 0)
    data: bytes = iio.imwrite("<bytes>", picture, extension=".png")
    return data
