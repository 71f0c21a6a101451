"""z² + c in float64 on a graphics processor: the counts of this processor, bit by bit."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from pipeline.counts.compute import counts_of_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64

pytestmark = pytest.mark.usefixtures("device")

SEAHORSE = Point(Decimal("-0.743643887037158704752"), Decimal("0.131825904205311970493"))
VIEWS = {
    "the whole set": (Point(Decimal("-0.75"), Decimal(0)), "3.5", 1000),
    "a valley": (SEAHORSE, "1e-4", 5000),
    "with a series": (SEAHORSE, "1e-8", 20000),
    "inside": (Point(Decimal("-0.1225"), Decimal("0.7449")), "0.1", 9000),
    "few steps": (SEAHORSE, "1e-2", 20),
}


@pytest.mark.parametrize("name", VIEWS)
def test_counts_are_the_same_bit_by_bit(name):
    center, width, maxiter = VIEWS[name]
    grid = SampleGrid(View(center, Decimal(width), Decimal(20), 160, 90), maxiter, FLOAT64)
    right = counts_of_rows(grid, 0, grid.rows)
    found = counts_of_rows(replace(grid, device="gpu"), 0, grid.rows)
    np.testing.assert_array_equal(found.n, right.n)
    np.testing.assert_array_equal(found.outcome, right.outcome)
    np.testing.assert_array_equal(found.smooth, right.smooth)
    assert found.iterations == right.iterations
