"""Traces against arbitrary precision: distance, direction, phase, stripes and traps."""

import math
from decimal import Decimal

import gmpy2
import numpy as np
import pytest

from pipeline.canvas import Canvas
from pipeline.decimals import log2
from pipeline.kernels.choice import ACCURACIES, FLOAT64, perturbation
from pipeline.kernels.outcome import Outcome
from pipeline.kernels.tracing import Tracing
from pipeline.target import Target, bits_for
from pipeline.view import View
from tests.exact import pixel_point

pytest.importorskip("numba")
from tests.kernels.test_perturbation import LOCATIONS, location, references  # noqa: F401, E402

# Those whose truth takes seconds.
QUICK = "5e113", "e318", "e1000", "mitosis", "glitch_test_1"
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
        distance = abs(away)
        if tracing.trap == "cross":
            distance = min(abs(away.real), abs(away.imag))
        near = 1 / (1 + (distance / 0.25) ** 2)
        trap.append(max(0.9 * trap[-1], near) if trap else near)
    phase = math.atan2(values[-1].imag, values[-1].real) / (2 * math.pi) % 1
    blended = [(1 - beyond) * v[-1] + beyond * v[-2] for v in (stripes, trap)]
    return log2_distance, direction, phase, *blended


def turned(a, b):
    """Return how far apart two directions are, in turns."""
    return abs((a - b + 0.5) % 1 - 0.5)


def check(canvas, tracing, every, bits):
    traced = canvas.traced(tracing)
    counts = canvas.counts(0, canvas.rows)
    escaped = counts.outcome == Outcome.ESCAPED
    assert canvas.chunks == 1
    traces, _ = traced.traces(0, counts.n, escaped)
    spacing = log2(canvas.grid.spacing())
    wrong, looked = [], 0
    for number, sample in enumerate(np.flatnonzero(escaped)):
        if number % every:
            continue
        row, column = divmod(int(sample), canvas.columns)
        re, im = pixel_point(canvas.grid, row, column)
        right = exact_trace(re, im, canvas.maxiter, tracing, bits)
        if right[0] < spacing - 6:
            # So near to the set, the rounding of the point alone turns everything round.
            continue
        looked += 1
        apart = [
            abs(traces.log2_distance[number] - right[0]),
            turned(traces.direction[number], right[1]),
            turned(traces.phase[number], right[2]),
            abs(traces.stripes[number] - right[3]),
            abs(traces.trap[number] - right[4]),
        ]
        if max(apart) > 0.02:
            wrong.append((row, column, int(counts.n[sample]), apart))
    assert looked >= 4
    assert not wrong


@pytest.mark.parametrize("tracing", [ALL, Tracing(5, "point", (0.0, 0.0)), Tracing()])
@pytest.mark.parametrize("width", ["4", "1e-3", "1e-6"])
def test_float64_traces_are_those_of_arbitrary_precision(width, tracing):
    center = (
        Decimal("-0.743643887037158704752191506114774"),
        Decimal("0.131825904205311970493132056385139"),
    )
    view = View(center, Decimal(width), Decimal(0), 48, 27)
    if not tracing.stripes:
        # What was not asked for is 0.
        canvas = Canvas(view, 3000, FLOAT64)
        counts = canvas.counts(0, view.rows)
        traces, _ = canvas.traced(tracing).traces(0, counts.n, counts.outcome == Outcome.ESCAPED)
        assert not traces.stripes.any() and not traces.trap.any()
        return
    check(Canvas(view, 3000, FLOAT64), tracing, 7, 200)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for name in LOCATIONS
        if name != "super_dense"
    ],
)
def test_deep_traces_are_those_of_arbitrary_precision(name, references):  # noqa: F811
    view, maxiter = location(name)
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    canvas = Canvas(view, maxiter, perturbation(ACCURACIES["fine"]), target, references=references)
    bits = bits_for(view.spacing()) + 100
    check(canvas, ALL, view.columns * view.rows // 12, bits)
