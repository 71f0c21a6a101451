"""Discs proved interior, against components whose shape is known and against iteration."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts.compute import counts_of_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.cpu.float64.cycle import interior_disc
from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb
from pipeline.kernels.results import Outcome
from tests.kernels.cpu.float64.test_counts import JIT_OFF

pytest.importorskip("numba")
# After that: they need numba.
from pipeline.kernels.cpu.float64.counts import escape_counts
from pipeline.kernels.cpu.float64.interior_discs import inside_discs

many_points = pytest.mark.skipif(JIT_OFF, reason="thousands of points, interpreted")

# In and around the minibrots of period 39 that seahorse.yaml passes, of period 3 on the needle,
# and the bulbs between the cardioid and its largest ones.
PLACES = [
    ("-0.7436438870371587", "0.1318259042053120", "2e-6"),
    ("-1.7548776662466927", "0", "0.04"),
    ("-0.1225611668766536", "0.7448617666197442", "0.3"),
    ("-1.25", "0.05", "0.2"),
    ("0.2805", "0.53", "0.08"),
]


def multiplier_of_period_1(c):
    return 1 - np.sqrt(1 - 4 * c)


@given(st.floats(0.02, 0.97), st.floats(0, 2 * math.pi))
@settings(max_examples=10 if JIT_OFF else 50, deadline=None)
def test_the_radius_in_the_main_cardioid_is_a_quarter_of_the_conformal_one(size, angle):
    multiplier = size * complex(math.cos(angle), math.sin(angle))
    c = multiplier / 2 - multiplier**2 / 4
    radius, _ = interior_disc(c.real, c.imag, 20_000)
    # |dc/dλ| (1 - |λ|²)
    expected = 0.25 * abs(0.5 - multiplier / 2) * (1 - size * size)
    assert 0.97 * expected < radius < expected


@given(st.floats(0.02, 0.97), st.floats(0, 2 * math.pi))
@settings(max_examples=10 if JIT_OFF else 50, deadline=None)
def test_the_radius_in_the_period_2_bulb_is_a_quarter_of_the_conformal_one(size, angle):
    multiplier = size * complex(math.cos(angle), math.sin(angle))
    c = multiplier / 4 - 1
    radius, _ = interior_disc(c.real, c.imag, 20_000)
    expected = 0.25 * 0.25 * (1 - size * size)
    assert 0.97 * expected < radius < expected


@pytest.mark.parametrize("c", [0.26, -0.75 + 0.01j, 0.36 + 0.36j, -2.1, -1.401156])
def test_nothing_is_proved_where_there_is_no_attracting_cycle(c):
    c = complex(c)
    assert interior_disc(c.real, c.imag, 5000)[0] == 0.0


@many_points
@pytest.mark.parametrize(("re", "im", "width"), PLACES)
def test_discs_hold_only_what_iteration_never_lets_escape(re, im, width):
    view = View((Decimal(re), Decimal(im)), Decimal(width), Decimal(17), 200, 160)
    cr, ci = view.points(0, view.rows)
    inside, _ = inside_discs(escape_counts, cr, ci, 4000)
    counts = escape_counts(cr, ci, 200_000, False)
    assert not np.any(counts.outcome[inside] == Outcome.ESCAPED)
    # And not nothing, but for the cardioid and its disc, which need no proof.
    staying = (counts.outcome != Outcome.ESCAPED) & ~in_cardioid_or_bulb(cr, ci)
    assert np.count_nonzero(inside & staying) > 0.2 * np.count_nonzero(staying)


@many_points
@pytest.mark.parametrize(("re", "im", "width"), PLACES)
@pytest.mark.parametrize("maxiter", [1500, 6000])
def test_a_grid_counts_as_its_kernel_does(re, im, width, maxiter):
    view = View((Decimal(re), Decimal(im)), Decimal(width), Decimal(0), 120, 90)
    counts = counts_of_rows(SampleGrid(view, maxiter, FLOAT64), 0, view.rows)
    alone = escape_counts(*view.points(0, view.rows), maxiter)
    # The first steps in one round otherwise, which shows where orbits of thousands of steps are
    # next to the set: 1 % of the first place, where either way is as near to exact arithmetic.
    equal = counts.n == alone.n
    assert np.mean(equal) > 0.98
    assert np.nanmedian(np.abs(counts.smooth - alone.smooth)[equal]) < 1e-6
    # Nothing that the kernel proves is left open.
    proved = alone.outcome == Outcome.INTERIOR
    assert np.mean(counts.outcome[proved] == Outcome.INTERIOR) > 0.99


@many_points
def test_a_larger_maxiter_finds_the_same_discs_and_more():
    view = View(tuple(map(Decimal, PLACES[0][:2])), Decimal("5e-7"), Decimal(0), 150, 120)
    small, large = (
        counts_of_rows(SampleGrid(view, maxiter, FLOAT64), 0, view.rows).outcome == Outcome.INTERIOR
        for maxiter in (1100, 8000)
    )
    assert np.any(small)
    assert np.all(large[small])
