"""Traces by arbitrary precision, step by step as they are defined."""

import math

import gmpy2
import numpy as np

from pipeline.counts.chunk import GridChunk
from pipeline.counts.compute import backend_of, counts_of_rows
from pipeline.geometry.decimals import log2
from pipeline.kernels.results import Outcome
from pipeline.kernels.tracing import Tracing
from tests.exact import pixel_point

ALL = Tracing(stripes=3, trap="cross", trap_at=(0.25, -0.5))


def exact_trace(re, im, maxiter, tracing, bits):
    """Return a point's traces, step by step as they are defined; log2 of the distance first."""
    with gmpy2.context(gmpy2.get_context(), precision=bits, emin=-(1 << 40), emax=1 << 40):
        c = gmpy2.mpc(gmpy2.mpfr(str(re)), gmpy2.mpfr(str(im)))
        z, slope = c, gmpy2.mpc(1)
        orbit = [z]
        while abs(z) <= 2**16:
            assert len(orbit) <= maxiter + 8
            slope = 2 * z * slope + 1
            z = z * z + c
            orbit.append(z)
        size = abs(z)
        log2_distance = float(
            gmpy2.log2(size) + gmpy2.log2(gmpy2.log(size)) - gmpy2.log2(abs(slope))
        )
        direction = float(gmpy2.phase(z / slope)) / (2 * math.pi) % 1
        beyond = math.log2(math.log2(size) / 16)
        values = [complex(z) for z in orbit]
    stripes, trap = [], []
    for z in values:
        wave = 0.5 + 0.5 * math.sin(tracing.stripes * math.atan2(z.imag, z.real))
        stripes.append(0.85 * stripes[-1] + 0.15 * wave if stripes else wave)
        away = z - complex(*tracing.trap_at)
        distance = 0.2 * abs(away)
        if tracing.trap == "cross":
            distance = min(abs(away.real), abs(away.imag))
        near = 1 / (1 + distance / 0.05)
        trap.append(max(0.9 * trap[-1], near) if trap else near)
    phase = math.atan2(values[-1].imag, values[-1].real) / (2 * math.pi) % 1
    blended = [(1 - beyond) * v[-1] + beyond * v[-2] for v in (stripes, trap)]
    return log2_distance, direction, phase, *blended


def turned(a, b):
    """Return how far apart two directions are, in turns."""
    return abs((a - b + 0.5) % 1 - 0.5)


def check(grid, tracing, every, bits, octaves):
    counts = counts_of_rows(grid, 0, grid.rows)
    escaped = counts.outcome == Outcome.ESCAPED
    assert grid.chunks == 1
    traces, _ = backend_of(grid).traces(GridChunk.of(grid, 0), counts.n, escaped, tracing)
    spacing = log2(grid.geometry.spacing())
    wrong, looked = [], 0
    for number, sample in enumerate(np.flatnonzero(escaped)):
        if number % every:
            continue
        row, column = divmod(int(sample), grid.columns)
        re, im = pixel_point(grid.geometry, row, column)
        right = exact_trace(re, im, grid.maxiter, tracing, bits)
        if right[0] < spacing - octaves:
            # So near to the set, the rounding of the point alone turns everything round.
            continue
        looked += 1
        apart = [
            abs(traces.log2_distance[number] - right[0]),
            turned(traces.direction[number], right[1]),
            turned(traces.phase[number], right[2]),
            abs(traces.stripes[number] - right[3]) if tracing.stripes else 0.0,
            abs(traces.trap[number] - right[4]) if tracing.trap else 0.0,
        ]
        # Of NaN, max may tell anything.
        if not all(difference <= 0.02 for difference in apart):
            wrong.append((row, column, int(counts.n[sample]), apart))
    assert looked >= 4
    assert not wrong
