"""Perturbation on a graphics processor, beside this processor's and arbitrary precision."""

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from pipeline.counts.chunk import GridChunk
from pipeline.counts.compute import backend_of, counts_of_rows
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, perturbation
from pipeline.kernels.results import Outcome
from pipeline.kernels.tracing import Tracing
from tests.kernels.locations import TRUTH, location

pytestmark = pytest.mark.usefixtures("device")

# From 1e-14 to 1e-5294, without and with exponents of deltas.
NAMES = [
    "1e14", "glitch_test_1", "1e50", "5e113", "flake", "mitosis", "e318", "4e533", "e1000",
    "1e1086", "glitch_test_7",
]  # fmt: skip  # from shallow to deep
# Samples of which the counts may differ from float64's: fine promises 1 % wrong, draft 10 %.
MAY_DIFFER = {"two f32": 0.005, "f32": 0.1}


def grid_of(name, references, numbers="float64", accuracy="fine"):
    view, maxiter = location(name)
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    arithmetic = perturbation(ACCURACIES[accuracy], numbers)
    return SampleGrid(view, maxiter, arithmetic, target, references)


def on_card(grid):
    return counts_of_rows(replace(grid, device="gpu"), 0, grid.rows)


def wrong_at_samples(name, grid, counts):
    n = counts.n.reshape(grid.rows, grid.columns)
    return sum(n[j, i] != right for i, j, right in TRUTH[name]["samples_i_j_n"])


@pytest.mark.parametrize("name", NAMES)
def test_in_float64_all_is_the_same_bit_by_bit(name, references):
    grid = grid_of(name, references)
    right, found = counts_of_rows(grid, 0, grid.rows), on_card(grid)
    np.testing.assert_array_equal(found.n, right.n)
    np.testing.assert_array_equal(found.outcome, right.outcome)
    np.testing.assert_array_equal(found.smooth, right.smooth)
    assert found.iterations == right.iterations
    assert wrong_at_samples(name, grid, found) <= 1


@pytest.mark.parametrize("name", ["1e50", "e1000", "flake"])
def test_traces_in_float64_are_the_same_bit_by_bit(name, references):
    grid = grid_of(name, references)
    tracing = Tracing()
    right_counts, right, _ = backend_of(grid).counts_and_traces(GridChunk.of(grid, 0), tracing)
    card = backend_of(replace(grid, device="gpu"))
    counts, found, _ = card.counts_and_traces(GridChunk.of(grid, 0), tracing)
    np.testing.assert_array_equal(counts.n, right_counts.n)
    np.testing.assert_array_equal(found.log2_distance, right.log2_distance)
    np.testing.assert_array_equal(found.direction, right.direction)
    np.testing.assert_array_equal(found.phase, right.phase)
    # The same later, from stored counts.
    escaped = counts.outcome == Outcome.ESCAPED
    again, _ = card.traces(GridChunk.of(grid, 0), counts.n, escaped, tracing)
    np.testing.assert_array_equal(again.log2_distance, right.log2_distance)


@pytest.mark.parametrize("numbers", MAY_DIFFER)
def test_in_fewer_bits_counts_keep_to_their_accuracy(numbers, references):
    wrong = different = samples = sampled = 0
    for name in NAMES:
        grid = grid_of(name, references, numbers)
        right, found = counts_of_rows(grid, 0, grid.rows), on_card(grid)
        different += np.count_nonzero((found.n != right.n) | (found.outcome != right.outcome))
        samples += found.n.size
        wrong += wrong_at_samples(name, grid, found)
        sampled += len(TRUTH[name]["samples_i_j_n"])
    assert sampled > 400
    assert different <= MAY_DIFFER[numbers] * samples
    assert wrong <= MAY_DIFFER[numbers] * sampled + 1
    # Or else it was float64 that computed.
    assert different > 0


def test_distances_in_two_f32_are_as_good_as_those_in_float64(references):
    grid = grid_of("e318", references, "two f32")
    chunk = GridChunk.of(grid, 0)
    _, right, _ = backend_of(grid).counts_and_traces(chunk, Tracing())
    card = backend_of(replace(grid, device="gpu"))
    _, found, _ = card.counts_and_traces(chunk, Tracing())
    error = np.abs(found.log2_distance - right.log2_distance)
    assert np.quantile(error, 0.99) < 1e-5


def test_some_samples_alone_are_counted_where_others_are_known(references):
    grid = grid_of("e1000", references)
    only = np.arange(grid.samples) % 3 == 0
    chunk = GridChunk.of(grid, 0)
    right = backend_of(grid).counts(chunk, only=only)
    found = backend_of(replace(grid, device="gpu")).counts(chunk, only=only)
    np.testing.assert_array_equal(found.n[only], right.n[only])


def test_an_orbit_that_is_larger_than_the_card_takes_is_left_to_the_processor(
    references, device, monkeypatch
):
    grid = grid_of("e1000", references)
    limits = {**device.adapter.limits, "max-storage-buffer-binding-size": 1 << 16}
    small = replace(device.adapter, limits=limits)
    monkeypatch.setattr(device, "adapter", small)
    found = on_card(grid)
    np.testing.assert_array_equal(found.n, counts_of_rows(grid, 0, grid.rows).n)


@pytest.mark.parametrize("width", ["1e-17", "1e-40", "1e-320"])
def test_on_the_edge_of_the_disc_all_is_the_same_bit_by_bit(width, references):
    """Next to -2 orbits stay near 2, and leave by less than float64 resolves."""
    view = View(Point(Decimal(-2), Decimal(0)), Decimal(width), Decimal(0), 48, 27)
    target = Target(view.center, bits_for(view.spacing()))
    maxiter = 3000
    references.orbit(target).extend(maxiter, math.inf)
    grid = SampleGrid(view, maxiter, perturbation(ACCURACIES["fine"]), target, references)
    assert len(GridChunk.of(grid, 0).tables().reference.margin_index) > 0
    right, found = counts_of_rows(grid, 0, grid.rows), on_card(grid)
    np.testing.assert_array_equal(found.n, right.n)
    np.testing.assert_array_equal(found.smooth, right.smooth)
    assert found.iterations == right.iterations
