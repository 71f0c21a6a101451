"""First calls of every kernel, with small inputs of the types that workers use.

The very first call compiles a kernel; later processes only load what was compiled. Grouped into
functions that can each run in a process of their own: a compiler never frees the memory it took.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from pipeline.colour.look import Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.colour.tones import Tones, ZoomTones
from pipeline.counts.codec_counts import counts_from_packed, packed_from_counts
from pipeline.counts.codec_traces import packed_from_traces, traces_from_packed
from pipeline.drawing.bloom import Bloom
from pipeline.drawing.picture import draw_rows
from pipeline.drawing.texture import paint as paint
from pipeline.drawing.texture import texels
from pipeline.geometry.placement import Placement
from pipeline.geometry.projection import FLAT, PROJECTIONS, projection_named
from pipeline.kernels.cpu.float64.counts import escape_counts as float64_counts
from pipeline.kernels.cpu.float64.interior_discs import inside_discs
from pipeline.kernels.cpu.float64.series import series_about
from pipeline.kernels.cpu.perturbation.approximation import (
    NODE_SIZE,
    fill,
    level_offsets,
    lowest_level,
)
from pipeline.kernels.cpu.perturbation.counts import walk
from pipeline.kernels.cpu.perturbation.fixed_point import iterate
from pipeline.kernels.cpu.perturbation.period import first_return
from pipeline.kernels.reference import Approximation, Reference
from pipeline.kernels.results import Counts
from pipeline.kernels.tracing import Tracing
from pipeline.video.encoding import Encoding

_POINT = np.zeros(1)
_ROWS, _COLUMNS = 4, 16
_SIDE = 16


def _count_in_float64() -> None:
    # Enough steps to go through every part of the kernel.
    float64_counts(_POINT + 0.26, _POINT, 1000, True)


def _prove_and_expand() -> None:
    # Points of the period-3 bulb.
    inside_discs(float64_counts, np.full(200, -0.1225), np.full(200, 0.7449), 2000)
    series_about(-0.1225, 0.7449, 2.0**-30, 200)


def _reference(c: float = 0.25, last: float = 0.25) -> Reference:
    # The fixed point of c = 1/4, where the orbit stays small: any few values do.
    none = np.empty(0, np.int64)
    z = np.full((64, 2), 0.25)
    z[1], z[-1] = c, last
    return Reference(z, none, np.empty((0, 2)), none)


def _tables(c: float = 0.25) -> tuple[Reference, Approximation]:
    reference = _reference(c)
    offsets = level_offsets(reference.steps)
    nodes, radius = np.zeros((int(offsets[-1]), NODE_SIZE)), np.zeros((int(offsets[-1]), 2))
    fill(reference, -60, 2.0**-40, nodes, radius)
    lowest = lowest_level(reference.steps)
    return reference, Approximation(nodes, radius, offsets, lowest, -60)


def _make_tables() -> None:
    _tables()


def _compute_orbit() -> None:
    words, none = np.zeros(2, np.uint64), np.empty(0, np.int64)
    iterate(words.copy(), words.copy(), words, words, np.empty((1, 2)))
    first_return(np.full((8, 2), 0.25), none, none, np.zeros(3), -100)


def _count_deep() -> None:
    point = _POINT.reshape(1, 1)
    walk(*_tables(), point, point, 100).counts()


def _pack() -> None:
    counts = Counts(np.ones(1, np.int32), np.ones(1), np.zeros(1, np.uint8), 0)
    counts_from_packed(packed_from_counts(counts, 1, 1), 1, 1)


def _look() -> Look:
    tones = Tones((0.0, 1.0), (1.0, 1.0))
    return Look("dusk", 1.0, 0.0, 0.0, "adaptive", (0, 0, 0), tones=ZoomTones(tones, tones))


def _paint() -> None:
    memory = np.zeros(4000, np.uint32)
    for light in Shader(_look()).rows(Samples(np.ones((_ROWS, _COLUMNS))), 1, 1, True):
        texels.pack_row(light, memory[:_COLUMNS])
    # A whole piece, and the inner part of a piece with its border.
    texels.halve_even(memory[:64].reshape(8, 8), np.empty((4, 4), np.uint32))
    bordered, half = memory[:100].reshape(10, 10), np.empty((6, 6), np.uint32)
    texels.halve_even(bordered[1:-1, 1:-1], half[1:-1, 1:-1])
    texels.halve(bordered[1:-2, 1:-2], half[1:-1, 1:-1])


def _look_up(projection: str = FLAT) -> np.ndarray:
    # A picture from a band and a core of few samples.
    offsets, sizes = np.zeros((1, 2), np.int64), np.array([[16, 8]], np.int64)
    return paint.light_of(
        paint.Tables(offsets, sizes, sizes, offsets[0], sizes[0], 0.9, 4.0, 0.0, 1.0),
        (Placement(8.0, 8.0, 0.0, 0.0),), np.zeros(4000, np.uint32),
        projection_named(projection, _SIDE, _SIDE), 0, _SIDE, 0, _SIDE,
    )  # fmt: skip  # the tables, the place, the size


def _look_up_alone() -> None:
    for projection in PROJECTIONS:
        _look_up(projection)


def _draw() -> None:
    light = np.zeros((_SIDE, 3, _SIDE), np.float32)
    for codec, pixels in (("h264", "yuv420p"), ("h264", "yuv420p10le"), ("png", "gbrp")):
        encoding = Encoding(_SIDE, _SIDE, Fraction(1), codec, 18, pixels, "faster")
        draw_rows(light, 0, encoding, np.empty(encoding.frame_bytes, np.uint8))
    Bloom.of(light, 1, 0.5).add(light, 0, 0)
    Shader(_look()).pixels(Samples(np.ones((_ROWS, _COLUMNS))), 2)


def _trace_in_float64() -> None:
    from pipeline.kernels.cpu.traces import float64 as float64_trace

    n = np.full(1, 40, np.int32)
    tracing = Tracing(stripes=1, trap="point")
    at = 0.3, 0.0
    traces, _ = float64_trace.traces(_POINT + at[0], _POINT, n, at, 0.5, tracing)
    float64_trace.cycles(_POINT - 1.0, _POINT, 1000)
    escaped = np.ones((1, 1), np.bool_)
    traces_from_packed(packed_from_traces(traces, escaped, _POINT), 1, 1)


def _trace_deep() -> None:
    from pipeline.kernels.cpu.perturbation import minibrot
    from pipeline.kernels.cpu.traces import perturbation as deep_trace

    point = _POINT.reshape(1, 1)
    n = np.full(1, 60, np.int32)
    # What escapes at once: a trace goes on until it has.
    deep_trace.traces(*_tables(c=1.0), point, point, n, np.ones(1, np.bool_), Tracing())
    walked = walk(*_tables(c=1.0), point, point, 100, slopes=True)
    deep_trace.traces_of_walk(walked, -60, Tracing())
    # The orbit of a nucleus ends at 0.
    minibrot.cycles(_reference(last=0.0), 0, _POINT, _POINT, 1000)


COUNTING: tuple[Callable[[], object], ...] = (
    _count_in_float64,
    _prove_and_expand,
    _make_tables,
    _compute_orbit,
    _count_deep,
    _pack,
    _paint,
    _look_up_alone,
    _draw,
)
"""Kernels that every run needs."""
TRACING: tuple[Callable[[], object], ...] = (_trace_in_float64, _trace_deep)
"""Kernels for looks that show more than counts."""
