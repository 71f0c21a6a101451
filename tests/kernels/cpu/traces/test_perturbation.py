"""Deep traces against arbitrary precision."""

import math

import pytest

from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels.choice import ACCURACIES, perturbation
from pipeline.kernels.tracing import Tracing
from tests.kernels.cpu.traces.trace_truth import ALL, check
from tests.kernels.locations import LOCATIONS, compiled_only, location

pytestmark = compiled_only

# Those whose truth takes seconds.
QUICK = ("5e113",)


@pytest.mark.parametrize("tracing", [ALL, Tracing()], ids=["last steps", "one walk"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow)
        for name in LOCATIONS
        if name != "super_dense"
    ],
)
def test_deep_traces_are_those_of_arbitrary_precision(name, tracing, references):
    view, maxiter = location(name)
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    grid = SampleGrid(
        view, maxiter, perturbation(ACCURACIES["fine"]), target, references=references
    )
    bits = bits_for(view.spacing()) + 100
    check(grid, tracing, view.columns * view.rows // 12, bits, 16)
