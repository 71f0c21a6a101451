"""What a worker process measures: the cost of counting, colouring and drawing small pieces."""

import time
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Look
from pipeline.colour.shade import shader_of
from pipeline.counts.compute import (
    count_chunks,
    counts_of_chunk,
    counts_of_rows,
    packed_traces,
    samples_from_chunks,
)
from pipeline.counts.sample_grid import SampleGrid
from pipeline.drawing.picture import draw_rows
from pipeline.video.encoding import Encoding


@dataclass(frozen=True, slots=True)
class SurveyedGrid:
    """Cost of a subsampled sample grid."""

    samples: int
    count_s: float
    packed_bytes: int
    wall_s: float
    """Wall seconds of counting, which other processes may have prolonged."""


def survey_grid(grid: SampleGrid, with_counts: bool = False) -> SurveyedGrid:
    """Count and pack a subsampled sample grid, and measure the cost of both.

    For traces, `with_counts` tells that they will be made with their counts, which makes them
    cheaper.
    """
    # The first call of a process loads code, which is not to be measured.
    counts_of_rows(grid, 0, 1)
    if grid.tracing is not None:
        counts = [counts_of_chunk(grid.counted, chunk, ())[0] for chunk in range(grid.chunks)]
        packed_traces(grid, 0, counts[0])
    began, start = time.monotonic(), time.thread_time()
    spared_s = 0.0
    if grid.tracing is None:
        packed = count_chunks(grid, 0, grid.chunks).chunks
    elif not with_counts:
        packed = [packed_traces(grid, chunk, known)[0] for chunk, known in enumerate(counts)]
    else:
        count_chunks(grid.counted, 0, grid.chunks)
        counts_s = time.thread_time() - start
        both = count_chunks(grid.counted, 0, grid.chunks, tracing=grid.tracing)
        # Counted twice here, and once as counts.
        spared_s = 2.0 * counts_s
        packed = [] if both.traces is None else both.traces.chunks
    cpu_s, wall_s = time.thread_time() - start, time.monotonic() - began
    count_s = max(0.0, cpu_s - spared_s)
    wall_s *= count_s / cpu_s if cpu_s > 0.0 else 1.0
    return SurveyedGrid(grid.samples, count_s, sum(map(len, packed)), wall_s)


@dataclass(frozen=True, slots=True)
class SurveyedFrame:
    """Cost of a small picture, and the picture."""

    colour_s: float
    draw_s: float
    frame: NDArray[np.uint8]
    wall_s: float
    """Wall seconds of both, which other processes may have prolonged."""


def survey_frame(
    grid: SampleGrid, look: Look, seconds: Fraction, encoding: Encoding
) -> SurveyedFrame:
    """Count, colour and draw a small frame with one sample per pixel, and measure the cost."""
    shader = shader_of(look.at(float(seconds)))
    block = count_chunks(grid, 0, grid.chunks, tracing=look.tracing)
    frame = np.empty(encoding.frame_bytes, np.uint8)
    # The first picture of a process makes its tables, which are not to be measured.
    traced: list[bytes] = []
    if block.traces is not None and look.tracing is not None:
        grid, traced = grid.traced(look.tracing), block.traces.chunks
    warm = samples_from_chunks(grid, block.chunks[:1], traced[:1])
    draw_rows(shader.pixels(warm, 1)[: len(warm.smooth) // 2 * 2], 0, encoding, frame)
    began, start = time.monotonic(), time.thread_time()
    light = shader.pixels(samples_from_chunks(grid, block.chunks, traced), 1)
    coloured = time.thread_time()
    draw_rows(light, 0, encoding, frame)
    draw_s, wall_s = time.thread_time() - coloured, time.monotonic() - began
    return SurveyedFrame(coloured - start, draw_s, frame, wall_s)
