"""Frames drawn from the stored counts of their own grids, and small views drawn in many looks."""

import math
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Look
from pipeline.colour.oklab import linear_from_srgb, oklab_from_linear
from pipeline.colour.samples import Samples
from pipeline.colour.shade import HALO_ROWS, Shader, shader_of
from pipeline.counts.compute import counts_of_chunk, packed_traces, traces_from_chunks
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_samples import StoredSamples, stored_samples
from pipeline.drawing.arena import ArenaMap
from pipeline.drawing.bloom import Bloom, Small
from pipeline.drawing.finish import Finish
from pipeline.drawing.picture import draw_rows, rgb8_from_light, rows_at_once
from pipeline.errors import DamagedError
from pipeline.kernels.results import Counts, Outcome, Traces
from pipeline.kernels.tracing import Tracing
from pipeline.video.encoding import Encoding


def draw_frame(
    store: Store,
    grid: SampleGrid,
    supersample: int,
    look: Look,
    seconds: Fraction,
    finish: Finish,
    encoding: Encoding,
    arena: ArenaMap,
    offset: int,
) -> float | None:
    """Draw a frame from the stored counts of its own grid into the arena, from byte `offset` on.

    Returns the CPU seconds it took; None where the stored counts are missing or damaged.
    """
    start = time.thread_time()
    frame = arena.region(offset, encoding.frame_bytes)
    shader = shader_of(look.at(float(seconds)))
    rows = grid.rows // supersample
    step = rows_at_once(encoding.columns * supersample**2)
    try:
        with stored_samples(store, grid, look.tracing, -math.log2(supersample)) as stored:
            for first, light in _finished(stored, shader, supersample, finish, rows, step):
                draw_rows(light, first, encoding, frame)
    except DamagedError:
        return None
    return time.thread_time() - start


def draw_rgb(
    store: Store,
    grid: SampleGrid,
    supersample: int,
    look: Look,
    seconds: Fraction,
    finish: Finish,
) -> np.ndarray:
    """Draw a frame from its stored counts as 8-bit sRGB, shape (rows, columns, 3)."""
    shader = shader_of(look.at(float(seconds)))
    rows, columns = grid.rows // supersample, grid.columns // supersample
    picture = np.empty((rows, columns, 3), np.uint8)
    step = rows_at_once(columns * supersample**2)
    with stored_samples(store, grid, look.tracing, -math.log2(supersample)) as stored:
        for first, light in _finished(stored, shader, supersample, finish, rows, step):
            drawn = rgb8_from_light(light.transpose(0, 2, 1), first)
            picture[first : first + len(drawn)] = drawn
    return picture


def _finished(
    stored: StoredSamples,
    shader: Shader,
    supersample: int,
    finish: Finish,
    rows: int,
    step: int,
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the finished light of some rows of pixels after others, and the first row of each."""
    columns = stored.grid_columns // supersample

    def light_rows() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for first in range(0, rows, step):
            yield first, _light(stored, shader, first, min(first + step, rows), supersample)

    bloom = None
    if finish.bloom:
        # Twice through the shader: a whole frame's light would take too much memory.
        small = Small(rows, columns)
        for first, light in light_rows():
            small.add(light, first)
        bloom = Bloom.of(small.light, small.factor, finish.bloom)
    for first, light in light_rows():
        finish.apply(light, first, 0, min(rows, columns), bloom)
        yield first, light


def _light(
    stored: StoredSamples,
    shader: Shader,
    first: int,
    last: int,
    supersample: int,
) -> NDArray[np.float32]:
    """Return the linear light of some rows of pixels, shape (rows, 3, columns)."""
    top, bottom = first * supersample, last * supersample
    above = min(HALO_ROWS, top)
    below = min(HALO_ROWS, stored.grid_rows - bottom)
    samples = stored.rows(top - above, bottom + below)
    return shader.pixels(samples, supersample, above, below)


def preview_looks(
    grid: SampleGrid, looks: Sequence[Look], seconds: Fraction, log2_px: float
) -> list[NDArray[np.uint8]]:
    """Count a sample grid of 2 × 2 samples per pixel, and draw it in many looks as 8-bit sRGB.

    `log2_px` is log2 of the size of its pixels in pixels of the video.
    """
    counts = [counts_of_chunk(grid, chunk, ())[0] for chunk in range(grid.chunks)]
    return _previews(grid, counts, looks, seconds, log2_px)


def _previews(
    grid: SampleGrid,
    counts: list[Counts],
    looks: Sequence[Look],
    seconds: Fraction,
    log2_px: float,
) -> list[NDArray[np.uint8]]:
    """Draw a sample grid, given the counts of its chunks, as `preview_looks` does."""
    smooth = np.concatenate([part.smooth.reshape(-1, grid.columns) for part in counts])
    traces: dict[Tracing | None, Traces | None] = {None: None}
    pictures = []
    for look in looks:
        tracing = look.tracing
        if tracing is not None and tracing not in traces:
            traced = grid.traced(tracing)
            packed = [packed_traces(traced, index, chunk)[0] for index, chunk in enumerate(counts)]
            traces[tracing] = traces_from_chunks(traced, packed)
        samples = Samples(smooth, traces[tracing], log2_px - 1.0)
        light = Shader(look.at(float(seconds))).pixels(samples, 2)
        _finish_whole(light, Finish.of(look, 0))
        pictures.append(rgb8_from_light(light.transpose(0, 2, 1), 0))
    return pictures


def _finish_whole(light: NDArray[np.float32], finish: Finish) -> None:
    """Finish the light of a whole picture, shape (rows, 3, columns), in place."""
    rows, _, columns = light.shape
    bloom = None
    if finish.bloom:
        small = Small(rows, columns)
        small.add(light, 0)
        bloom = Bloom.of(small.light, small.factor, finish.bloom)
    finish.apply(light, 0, 0, min(rows, columns), bloom)


def seen_of(
    grid: SampleGrid, looks: tuple[Look, Look], seconds: Fraction, log2_px: float
) -> tuple[float, ...]:
    """Count a sample grid of 2 × 2 samples per pixel, and return how much there is to see.

    Parameters
    ----------
    looks
        A look by which all videos are judged, and that of the video.

    Returns
    -------
    tuple of float
        Fraction of the samples that are proved interior, fraction that reached maxiter, the
        largest difference between its colours in any channel in the first look, in levels of 0 to
        255, and the distance in Oklab between the 10th and the 90th percentiles of its colours in
        the second.
    """
    counts = [counts_of_chunk(grid, chunk, ())[0] for chunk in range(grid.chunks)]
    judged, own = _previews(grid, counts, looks, seconds, log2_px)
    outcome = np.concatenate([chunk.outcome.reshape(-1) for chunk in counts])
    levels = judged.reshape(-1, 3)
    lab = oklab_from_linear(linear_from_srgb(own.reshape(-1, 3) / 255.0))
    low, high = np.percentile(lab, [10, 90], axis=0)
    return (
        float(np.mean(outcome == Outcome.INTERIOR)),
        float(np.mean(outcome == Outcome.UNRESOLVED)),
        float(np.max(levels.max(axis=0).astype(int) - levels.min(axis=0))),
        float(np.linalg.norm(high - low)),
    )
