"""Traces in float64 against arbitrary precision: distance, direction, phase, stripes and traps."""

from decimal import Decimal

import pytest

from pipeline.counts.chunk import GridChunk
from pipeline.counts.compute import backend_of, counts_of_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.results import Outcome
from pipeline.kernels.tracing import Tracing
from tests.kernels.cpu.float64.test_counts import JIT_OFF
from tests.kernels.cpu.traces.trace_truth import ALL, check

pytest.importorskip("numba")

# Interpreted, the lanes of the counts run on past their escape, to infinity.
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value")

CENTER = (
    Decimal("-0.743643887037158704752191506114774"),
    Decimal("0.131825904205311970493132056385139"),
)


@pytest.mark.parametrize("tracing", [ALL, Tracing(5, "point", (0.0, 0.0))])
@pytest.mark.parametrize("width", ["4", "1e-3", "1e-4"])
def test_float64_traces_are_those_of_arbitrary_precision(width, tracing):
    # Interpreted, a quarter of the pixels, of which half are looked at.
    columns, rows, every = (16, 9, 2) if JIT_OFF else (32, 18, 5)
    view = View(CENTER, Decimal(width), Decimal(0), columns, rows)
    check(SampleGrid(view, 3000, FLOAT64), tracing, every, 200, 6)


def test_what_was_not_asked_for_is_0():
    grid = SampleGrid(View(CENTER, Decimal(4), Decimal(0), 32, 18), 500, FLOAT64)
    counts = counts_of_rows(grid, 0, 18)
    escaped = counts.outcome == Outcome.ESCAPED
    traces, _ = backend_of(grid).traces(GridChunk.of(grid, 0), counts.n, escaped, Tracing())
    assert not traces.stripes.any()
    assert not traces.trap.any()
    assert traces.log2_distance.any()
