"""The first steps of many orbits at once against each orbit on its own, and exactly."""

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts.compute import counts_of_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels import numpy_twin as float64_numpy
from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.cpu.float64.series import series_about
from tests.golden import generate
from tests.kernels.cpu.float64.test_counts import GOLDEN, JIT_OFF, ROUNDED_AWAY, same

float64_lanes = pytest.importorskip("pipeline.kernels.cpu.float64.counts")

# As in test_float64: interpreted, numpy's scalars warn of orbits that run on.
pytestmark = pytest.mark.filterwarnings(
    "ignore:overflow encountered:RuntimeWarning", "ignore:invalid value:RuntimeWarning"
)

# Points next to the set, whose orbits stay for long; the last is the nucleus of period 3.
NEAR = [
    (-0.743643887037158, 0.131825904205311), (-1.7687788, 0.0017389), (0.0, 1.0),
    (-0.1011, 0.9563), (-0.12256116687665362, 0.7448617666197446),
]  # fmt: skip  # pairs
discs = st.tuples(st.sampled_from(NEAR), st.integers(-40, -8), st.integers(0, 2**32))


def points_in(disc):
    (a, b), exponent, seed = disc
    radius = 2.0**exponent
    generator = np.random.default_rng(seed)
    r = radius * np.sqrt(generator.random(50))
    t = 2 * np.pi * generator.random(50)
    return a, b, radius, a + r * np.cos(t), b + r * np.sin(t)


@given(discs)
@settings(max_examples=10 if JIT_OFF else 60, deadline=None)
def test_a_series_leads_where_the_exact_orbits_do(disc):
    a, b, radius, cr, ci = points_in(disc)
    series = series_about(a, b, radius, 3000)
    if series is None:
        return
    x, y = float64_numpy.begun(cr, ci, series)
    with gmpy2.context(precision=400):
        for k in range(5):
            c = gmpy2.mpc(cr[k], ci[k])
            z, slope = c, gmpy2.mpc(1)
            for _ in range(series.steps):
                slope = 2 * z * slope + 1
                z = z * z + c
                assert abs(z) <= 2
            # What it is off is what rounding c alone would make of it, a few times.
            assert abs(z - gmpy2.mpc(x[k], y[k])) <= 2.0**-50 * (abs(slope) + 1)


@given(discs, st.integers(1, 3000))
@settings(max_examples=10 if JIT_OFF else 60, deadline=None)
def test_lanes_and_numpy_go_on_alike_from_a_series(disc, maxiter):
    a, b, radius, cr, ci = points_in(disc)
    series = series_about(a, b, radius, maxiter)
    kernels = float64_lanes.escape_counts, float64_numpy.escape_counts
    same(*(kernel(cr, ci, maxiter, True, series) for kernel in kernels))


def test_no_series_is_worth_it_for_a_wide_place():
    assert series_about(-0.75, 0.0, 2.0, 5000) is None


def test_a_point_inside_the_set_is_followed_to_the_limit():
    series = series_about(-0.1, 0.1, 2.0**-20, 5000)
    assert series.steps <= 5000 - 16
    x, y = float64_numpy.begun(np.array([-0.1]), np.array([0.1]), series)
    z = complex(-0.1, 0.1)
    for _ in range(series.steps):
        z = z * z + complex(-0.1, 0.1)
    assert abs(z - complex(x[0], y[0])) < 1e-15


@pytest.mark.skipif(JIT_OFF, reason="thousands of steps a point, interpreted")
@pytest.mark.parametrize("name", generate.VIEWS)
def test_grids_agree_with_exact_arithmetic_as_their_kernel_does(name):
    view, maxiter = generate.view(name)
    counts = counts_of_rows(SampleGrid(view, maxiter, FLOAT64), 0, view.rows)
    wrong = np.count_nonzero(counts.n.reshape(view.rows, view.columns) != np.array(GOLDEN[name]))
    assert wrong <= ROUNDED_AWAY[name] * counts.n.size
