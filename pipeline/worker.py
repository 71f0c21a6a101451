"""What a worker process does: count a block of rows, or draw a picture from stored counts."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.canvas import Canvas
from pipeline.colour.look import Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import HALO_ROWS, Shader, shader_of
from pipeline.counts_packing import counts_from_packed, packed_from_counts
from pipeline.errors import DamagedError
from pipeline.kernels.counts import Counts
from pipeline.kernels.outcome import Outcome
from pipeline.kernels.tracing import Tracing
from pipeline.orbit import Orbit
from pipeline.orbit_state import OrbitState
from pipeline.picture import draw_rows, rgb8_from_light, rows_at_once
from pipeline.store import Relative, Store
from pipeline.stored_samples import StoredSamples, stored_samples
from pipeline.texture.atlas import AtlasMap
from pipeline.traces_packing import StoredTraces, packed_from_traces, traces_from_packed
from pipeline.video.encoding import Encoding


@dataclass(frozen=True, slots=True)
class BlockResult:
    """A row block's counts, packed chunk by chunk, and what they cost."""

    chunks: list[bytes]
    computed: int
    """Samples that were not known before."""
    traced: int
    """Samples whose traces were computed."""
    unresolved: int
    """Samples that reached maxiter."""
    iterations: int
    chunk_cpu_s: list[float]


def extend_orbit(orbit: Orbit, maxiter: int, seconds: float) -> OrbitState:
    """Compute a reference orbit on towards what maxiter needs, for about so many seconds."""
    return orbit.extend(maxiter, seconds)


def count_chunks(
    canvas: Canvas, first_chunk: int, last_chunk: int, relatives: Sequence[Relative] = ()
) -> BlockResult:
    """Compute and pack chunks `first_chunk` up to, not including, `last_chunk`.

    Only what stored relatives do not hold is computed.
    """
    if canvas.tracing is not None:
        return _trace_chunks(canvas, first_chunk, last_chunk, relatives)
    chunks, seconds, iterations, computed, unresolved = [], [], 0, 0, 0
    for chunk in range(first_chunk, last_chunk):
        start = time.thread_time()
        first, last = canvas.chunk_bounds(chunk)
        counts, missing = _counts(canvas, chunk, relatives)
        computed += missing
        chunks.append(packed_from_counts(counts, last - first, canvas.columns))
        unresolved += int(np.count_nonzero(counts.outcome == Outcome.UNRESOLVED))
        iterations += counts.iterations
        seconds.append(time.thread_time() - start)
    return BlockResult(chunks, computed, 0, unresolved, iterations, seconds)


def _trace_chunks(
    canvas: Canvas, first_chunk: int, last_chunk: int, relatives: Sequence[Relative]
) -> BlockResult:
    """Compute and pack the traces of some chunks, whose counts are stored."""
    chunks, seconds, iterations, traced, unresolved = [], [], 0, 0, 0
    for chunk in range(first_chunk, last_chunk):
        start = time.thread_time()
        counts, _ = _counts(canvas.counted, chunk, relatives)
        packed, escaped, steps = _packed_traces(canvas, chunk, counts)
        chunks.append(packed)
        iterations += steps
        traced += escaped
        unresolved += int(np.count_nonzero(counts.outcome == Outcome.UNRESOLVED))
        seconds.append(time.thread_time() - start)
    return BlockResult(chunks, 0, traced, unresolved, iterations, seconds)


def _packed_traces(canvas: Canvas, chunk: int, counts: Counts) -> tuple[bytes, int, int]:
    """Return a chunk's traces, of how many samples they are, and the iterations done."""
    first, last = canvas.chunk_bounds(chunk)
    escaped = counts.outcome.reshape(-1) == Outcome.ESCAPED
    traces, iterations = canvas.traces(chunk, counts.n.reshape(-1), escaped)
    cycles = None
    if canvas.tracing is not None and canvas.tracing.interior:
        periods, multipliers, sought = canvas.cycles(chunk, ~escaped)
        cycles = periods, multipliers
        iterations += sought
    packed = packed_from_traces(
        traces,
        escaped.reshape(last - first, canvas.columns),
        canvas.grid.log2_spacing(first, last),
        cycles,
    )
    return packed, int(np.count_nonzero(escaped)), iterations


def _counts(canvas: Canvas, chunk: int, relatives: Sequence[Relative]) -> tuple[Counts, int]:
    """Return a chunk's counts, and how many of its samples had to be computed."""
    first, last = canvas.chunk_bounds(chunk)
    shape = last - first, canvas.columns
    n = np.full(shape, canvas.maxiter, np.int32)
    smooth = np.full(shape, np.nan)
    outcome = np.full(shape, np.uint8(Outcome.UNRESOLVED))
    decided = np.zeros(shape, bool)
    for relative in relatives:
        if (known := relative.known(first, last, canvas.columns)) is None:
            continue
        new = known.decided & ~decided[known.place]
        counts = known.counts
        n[known.place] = np.where(
            new & (counts.outcome == Outcome.ESCAPED), counts.n, n[known.place]
        )
        smooth[known.place] = np.where(new, counts.smooth, smooth[known.place])
        outcome[known.place] = np.where(new, counts.outcome, outcome[known.place])
        decided[known.place] |= new
    if not decided.any():
        return canvas.counts(first, last), decided.size
    wanted = ~decided.reshape(-1)
    counted = Counts(n.reshape(-1), smooth.reshape(-1), outcome.reshape(-1), 0)
    if wanted.any():
        missing = canvas.counts_where(chunk, wanted)
        counted.iterations = missing.iterations
        counted.n[wanted] = missing.n
        counted.smooth[wanted] = missing.smooth
        counted.outcome[wanted] = missing.outcome
    return counted, int(np.count_nonzero(wanted))


def count_outcomes(canvas: Canvas) -> tuple[int, int]:
    """Return how many samples of a canvas escaped, and how many ended in any way."""
    outcome = canvas.counts(0, canvas.rows, smooth=False).outcome
    return (
        int(np.count_nonzero(outcome == Outcome.ESCAPED)),
        int(np.count_nonzero(outcome != Outcome.UNRESOLVED)),
    )


def count_rows(canvas: Canvas, first_row: int, last_row: int) -> tuple[Counts, float]:
    """Compute rows and return them as they are, and the CPU seconds they took."""
    start = time.thread_time()
    return canvas.counts(first_row, last_row), time.thread_time() - start


def count_n(canvas: Canvas, first_row: int, last_row: int) -> NDArray[np.unsignedinteger[Any]]:
    """Compute the counts n alone, each in as few bytes as maxiter needs."""
    n = np.empty((last_row - first_row) * canvas.columns, np.min_scalar_type(canvas.maxiter))
    # Chunk by chunk: what the kernel works on stays in the cache, and in memory once allocated.
    for first in range(first_row, last_row, canvas.chunk_rows):
        last = min(first + canvas.chunk_rows, last_row)
        part = slice((first - first_row) * canvas.columns, (last - first_row) * canvas.columns)
        n[part] = canvas.counts(first, last, smooth=False).n
    return n


def draw_frame(
    store: Store,
    canvas: Canvas,
    supersample: int,
    look: Look,
    seconds: Fraction,
    encoding: Encoding,
    atlas: AtlasMap,
    offset: int,
) -> float | None:
    """Draw a frame from the stored counts of its own grid to where `offset` says.

    Returns the CPU seconds it took; None where the stored counts are gone, or not those that were
    written.
    """
    start = time.thread_time()
    frame = atlas.frame(offset, encoding.frame_bytes)
    shader = shader_of(look.at(float(seconds)))
    rows = canvas.rows // supersample
    step = rows_at_once(encoding.columns * supersample**2)
    try:
        with stored_samples(store, canvas, look.tracing, -math.log2(supersample)) as stored:
            for first in range(0, rows, step):
                last = min(first + step, rows)
                light = _light(stored, shader, first, last, supersample)
                draw_rows(light, first, encoding, frame)
    except DamagedError:
        return None
    return time.thread_time() - start


def draw_rgb(
    store: Store, canvas: Canvas, supersample: int, look: Look, seconds: Fraction
) -> np.ndarray:
    """Draw a frame from its stored counts as 8-bit sRGB, shape (rows, columns, 3)."""
    shader = shader_of(look.at(float(seconds)))
    rows, columns = canvas.rows // supersample, canvas.columns // supersample
    picture = np.empty((rows, columns, 3), np.uint8)
    step = rows_at_once(columns * supersample**2)
    with stored_samples(store, canvas, look.tracing, -math.log2(supersample)) as stored:
        for first in range(0, rows, step):
            last = min(first + step, rows)
            light = _light(stored, shader, first, last, supersample)
            picture[first:last] = rgb8_from_light(light.transpose(0, 2, 1), first)
    return picture


def _light(
    stored: StoredSamples,
    shader: Shader,
    first: int,
    last: int,
    supersample: int,
) -> NDArray[np.float32]:
    """Return the light of some rows of pixels, shape (rows, 3, columns)."""
    top, bottom = first * supersample, last * supersample
    above = min(HALO_ROWS, top)
    below = min(HALO_ROWS, stored.canvas_rows - bottom)
    samples = stored.rows(top - above, bottom + below)
    return shader.pixels(samples, supersample, above, below)


def preview_looks(
    canvas: Canvas, looks: Sequence[Look], seconds: Fraction, log2_px: float
) -> list[NDArray[np.uint8]]:
    """Draw a canvas of 2 × 2 samples a pixel in many looks, as 8-bit sRGB.

    `log2_px` is log2 of the distance of its pixels in those of the video.
    """
    counts = [_counts(canvas, chunk, ())[0] for chunk in range(canvas.chunks)]
    return _previews(canvas, counts, looks, seconds, log2_px)


def _previews(
    canvas: Canvas,
    counts: list[Counts],
    looks: Sequence[Look],
    seconds: Fraction,
    log2_px: float,
) -> list[NDArray[np.uint8]]:
    """Do so with a canvas that is counted."""
    smooth = np.concatenate([part.smooth.reshape(-1, canvas.columns) for part in counts])
    traces: dict[Tracing | None, StoredTraces | None] = {None: None}
    pictures = []
    for look in looks:
        tracing = look.tracing
        if tracing is not None and tracing not in traces:
            traced = canvas.traced(tracing)
            packed = [_packed_traces(traced, chunk, known)[0] for chunk, known in enumerate(counts)]
            traces[tracing] = _unpacked_traces(traced, packed)
        samples = Samples(smooth, traces[tracing], log2_px - 1.0)
        light = Shader(look.at(float(seconds))).pixels(samples, 2)
        pictures.append(rgb8_from_light(light.transpose(0, 2, 1), 0))
    return pictures


def seen_of(canvas: Canvas, look: Look, seconds: Fraction, log2_px: float) -> tuple[float, ...]:
    """Count a canvas of 2 × 2 samples a pixel, and return what is to be seen of it.

    The part of it that is proved interior, the part that reached maxiter, and by how many of 255
    levels its colours differ at most.
    """
    counts = [_counts(canvas, chunk, ())[0] for chunk in range(canvas.chunks)]
    (picture,) = _previews(canvas, counts, [look], seconds, log2_px)
    outcome = np.concatenate([part.outcome.reshape(-1) for part in counts])
    levels = picture.reshape(-1, 3)
    return (
        float(np.mean(outcome == Outcome.INTERIOR)),
        float(np.mean(outcome == Outcome.UNRESOLVED)),
        float(np.max(levels.max(axis=0).astype(int) - levels.min(axis=0))),
    )


@dataclass(frozen=True, slots=True)
class SurveyedCanvas:
    """What a thinned canvas cost."""

    samples: int
    count_s: float
    packed_bytes: int
    wall_s: float
    """Wall seconds of counting, while other processes may have had the core."""


def survey_canvas(canvas: Canvas) -> SurveyedCanvas:
    """Count and pack a thinned canvas, and measure both."""
    # The first call of a process loads code; it is no part of it.
    canvas.counts(0, 1)
    if canvas.tracing is not None:
        counts = [_counts(canvas.counted, chunk, ())[0] for chunk in range(canvas.chunks)]
        _packed_traces(canvas, 0, counts[0])
    began, start = time.monotonic(), time.thread_time()
    if canvas.tracing is not None:
        packed = [_packed_traces(canvas, chunk, known)[0] for chunk, known in enumerate(counts)]
    else:
        packed = count_chunks(canvas, 0, canvas.chunks).chunks
    count_s, wall_s = time.thread_time() - start, time.monotonic() - began
    return SurveyedCanvas(canvas.samples, count_s, sum(map(len, packed)), wall_s)


@dataclass(frozen=True, slots=True)
class SurveyedFrame:
    """What a small picture cost to colour, and the picture."""

    colour_s: float
    draw_s: float
    frame: NDArray[np.uint8]
    wall_s: float
    """Wall seconds of both, while other processes may have had the core."""


def survey_frame(
    canvas: Canvas, look: Look, seconds: Fraction, encoding: Encoding
) -> SurveyedFrame:
    """Take a small frame with a sample to a pixel through all stages, and measure them."""
    shader = shader_of(look.at(float(seconds)))
    block = count_chunks(canvas, 0, canvas.chunks)
    frame = np.empty(encoding.frame_bytes, np.uint8)
    # The first pictures of a process make its tables; they are no part of what a picture costs.
    traced = (
        []
        if look.tracing is None
        else _trace_chunks(canvas.traced(look.tracing), 0, canvas.chunks, ()).chunks
    )
    warm = _unpacked(canvas, block.chunks[:1], traced[:1])
    draw_rows(shader.pixels(warm, 1)[: len(warm.smooth) // 2 * 2], 0, encoding, frame)
    began, start = time.monotonic(), time.thread_time()
    light = shader.pixels(_unpacked(canvas, block.chunks, traced), 1)
    coloured = time.thread_time()
    draw_rows(light, 0, encoding, frame)
    draw_s, wall_s = time.thread_time() - coloured, time.monotonic() - began
    return SurveyedFrame(coloured - start, draw_s, frame, wall_s)


def _unpacked(canvas: Canvas, packed: list[bytes], packed_traces: list[bytes]) -> Samples:
    """Return the samples of a canvas's first chunks."""
    bounds = [canvas.chunk_bounds(chunk) for chunk in range(len(packed))]
    smooth = [
        counts_from_packed(part, last - first, canvas.columns).smooth
        for part, (first, last) in zip(packed, bounds, strict=True)
    ]
    return Samples(np.concatenate(smooth), _unpacked_traces(canvas, packed_traces))


def _unpacked_traces(canvas: Canvas, packed: list[bytes]) -> StoredTraces | None:
    """Return the traces of a canvas's first chunks."""
    if not packed:
        return None
    bounds = [canvas.chunk_bounds(chunk) for chunk in range(len(packed))]
    return StoredTraces.joined(
        [
            traces_from_packed(part, last - first, canvas.columns)
            for part, (first, last) in zip(packed, bounds, strict=True)
        ]
    )
