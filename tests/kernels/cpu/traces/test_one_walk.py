"""Counts and traces made together: the same bits as one after the other."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from pipeline.counts.chunk import GridChunk
from pipeline.counts.compute import backend_of
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, FLOAT64, perturbation
from pipeline.kernels.results import Outcome
from pipeline.kernels.tracing import Tracing
from tests.exact import pixel_point
from tests.kernels.cpu.traces.trace_truth import ALL, check, turned
from tests.kernels.locations import compiled_only, location

pytestmark = compiled_only

SEAHORSE = (
    Decimal("-0.743643887037158704752191506114774"),
    Decimal("0.131825904205311970493132056385139"),
)


def deep(view, maxiter, references):
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    return SampleGrid(view, maxiter, perturbation(ACCURACIES["fine"]), target, references)


@pytest.fixture(params=["float64", "a minibrot", "5e113", "flake", "e318"])
def grid(request, references):
    """Plain, with interior points, deep, beside the edge of the disc, beyond float64's range."""
    if request.param == "float64":
        return SampleGrid(View(SEAHORSE, Decimal("1e-6"), Decimal(0), 64, 36), 2000, FLOAT64)
    if request.param == "a minibrot":
        center = Decimal("-1.7497591451303665"), Decimal("1e-40")
        return deep(View(center, Decimal("1e-16"), Decimal(0), 64, 36), 1500, references)
    return deep(*location(request.param), references)


def assert_same(one, other):
    """Assert that results are equal, bit by bit, NaN where NaN is."""
    for name in one.__slots__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)


@pytest.mark.parametrize("tracing", [Tracing(), ALL], ids=["one walk", "last steps"])
def test_counts_and_traces_are_the_same_bits_made_together_or_apart(grid, tracing):
    backend, chunk = backend_of(grid), GridChunk.of(grid, 0)
    counts, traces, _ = backend.counts_and_traces(chunk, tracing)
    assert_same(counts, backend.counts(chunk))
    escaped = counts.outcome == Outcome.ESCAPED
    assert traces.phase.size == np.count_nonzero(escaped) > 0
    assert_same(traces, backend.traces(chunk, counts.n, escaped, tracing)[0])


def test_a_walk_does_the_steps_of_the_counts_once(grid):
    backend, chunk = backend_of(grid), GridChunk.of(grid, 0)
    counts, _, more = backend.counts_and_traces(chunk, Tracing())
    assert counts.iterations == backend.counts(chunk).iterations
    assert (more == 0) is grid.arithmetic.needs_orbit


def test_points_that_the_walk_does_not_see_escape_are_traced_all_the_same(references):
    """As where counts were continued from a smaller maxiter, with other roundings."""
    whole = deep(*location("5e113"), references)
    chunk = GridChunk.of(whole, 0)
    backend = backend_of(whole)
    counts, right, _ = backend.counts_and_traces(chunk, Tracing())
    escaped = counts.outcome == Outcome.ESCAPED
    fewer = replace(whole, maxiter=int(np.median(counts.n)))
    few = backend.counts(GridChunk.of(fewer, 0)).outcome == Outcome.ESCAPED
    assert 0 < np.count_nonzero(few) < np.count_nonzero(escaped)
    traces, _ = backend.traces(GridChunk.of(fewer, 0), counts.n, escaped, Tracing())
    # Roundings carry away what is far nearer to the set than its neighbours.
    clear = right.log2_distance > np.median(right.log2_distance) - 8
    assert np.count_nonzero(clear) > 0.9 * clear.size
    apart = np.abs(traces.log2_distance - right.log2_distance)
    assert apart[clear].max() < 0.01
    assert max(map(turned, traces.direction[clear], right.direction[clear])) < 0.01


def test_the_reference_itself_is_traced(references):
    """In a view of odd sizes the middle sample is the reference."""
    width = Decimal("1e-14")
    # Beside the target, which never escapes.
    center = pixel_point(View(SEAHORSE, width, Decimal(0), 5, 5), 0, 0)
    grid = deep(View(center, width, Decimal(0), 3, 3), 20_000, references)
    assert backend_of(grid).counts(GridChunk.of(grid, 0)).outcome[4] == Outcome.ESCAPED
    check(grid, Tracing(), 2, 300, 30)
