"""The float64 kernels against each other, against exact arithmetic, and against the article."""

import json
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli import article
from pipeline.cli.bench import article_grid
from pipeline.geometry.view import View
from pipeline.kernels import numpy_twin as float64_numpy
from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb
from pipeline.kernels.results import Outcome
from tests.golden import generate

float64_lanes = pytest.importorskip("pipeline.kernels.cpu.float64.counts")

JIT_OFF = os.environ.get("NUMBA_DISABLE_JIT") == "1"
KERNELS = [float64_lanes.escape_counts, float64_numpy.escape_counts]
GOLDEN = json.loads((Path(generate.__file__).parent / "counts.json").read_text())

# The part of pixels that may differ. A point is rounded to 2**-53 before it is iterated, and four
# in five of the differences come from that alone: they grow as pixels come close to it.
ROUNDED_AWAY = {
    "whole": 0, "needle": 0, "elephant": 0.005,
    "seahorse-1e-4": 0.015, "seahorse-1e-8": 0.04, "seahorse-1e-10": 0.16,
}  # fmt: skip  # from shallow to deep

# Interpreted, numpy's scalars warn of the overflow of orbits that run on past the bailout, which
# compiled code passes over and the kernels count on.
pytestmark = pytest.mark.filterwarnings(
    "ignore:overflow encountered:RuntimeWarning", "ignore:invalid value:RuntimeWarning"
)

coordinates = st.floats(-2.1, 2.1) | st.sampled_from([0.0, -2.0, 0.25, -0.75, -1.25, 2.0])
points = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=20 if JIT_OFF else 300)
limits = st.integers(1, 300) | st.sampled_from([1, 15, 16, 17, 31, 32, 33, 48, 5000])
few = settings(max_examples=10 if JIT_OFF else 60, deadline=None)


def parts(listed):
    array = np.array(listed, dtype=float)
    return np.ascontiguousarray(array[:, 0]), np.ascontiguousarray(array[:, 1])


def same(one, other):
    np.testing.assert_array_equal(one.n, other.n)
    np.testing.assert_array_equal(one.outcome, other.outcome)
    np.testing.assert_allclose(one.smooth, other.smooth, rtol=0, atol=1e-12)


@given(points, limits)
@few
def test_compiled_lanes_and_the_numpy_twin_count_the_same(listed, maxiter):
    cr, ci = parts(listed)
    maxiter = min(maxiter, 300) if JIT_OFF else maxiter
    same(float64_lanes.escape_counts(cr, ci, maxiter), float64_numpy.escape_counts(cr, ci, maxiter))


@pytest.mark.parametrize("kernel", KERNELS)
@given(listed=points, maxiter=st.integers(1, 200))
@few
def test_counts_are_the_article_s(kernel, listed, maxiter):
    cr, ci = parts(listed)
    expected = []
    for c in (complex(x, y) for x, y in zip(cr, ci, strict=True)):
        z, n = c, 0
        # |z|² rather than abs(z): the same but for the last bit.
        while n < maxiter and z.real * z.real + z.imag * z.imag <= 4:
            z, n = z * z + c, n + 1
        expected.append(n)
    np.testing.assert_array_equal(kernel(cr, ci, maxiter).n, expected)


@pytest.mark.skipif(JIT_OFF, reason="a million points, interpreted")
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_article_s_picture_sums_to_what_the_article_counts(kernel):
    grid = article_grid()
    cr, ci = grid.geometry.points(0, grid.rows)
    assert kernel(cr, ci, grid.maxiter).n.sum(dtype=np.int64) == article.COUNT_SUM == 15_945_898


@pytest.mark.skipif(JIT_OFF, reason="thousands of steps a point, interpreted")
@pytest.mark.parametrize("name", generate.VIEWS)
def test_counts_agree_with_exact_arithmetic(name):
    view, maxiter = generate.view(name)
    counts = float64_lanes.escape_counts(*view.points(0, view.rows), maxiter)
    wrong = np.count_nonzero(counts.n.reshape(view.rows, view.columns) != np.array(GOLDEN[name]))
    assert wrong <= ROUNDED_AWAY[name] * counts.n.size


@given(points, st.integers(1, 200), st.data())
@few
def test_a_point_s_count_does_not_depend_on_its_neighbours(listed, maxiter, data):
    cr, ci = parts(listed)
    cut = data.draw(st.integers(0, len(listed)))
    whole = float64_lanes.escape_counts(cr, ci, maxiter)
    halves = [
        float64_lanes.escape_counts(cr[part], ci[part], maxiter)
        for part in (slice(None, cut), slice(cut, None))
    ]
    for field in ("n", "smooth", "outcome"):
        joined = np.concatenate([getattr(half, field) for half in halves])
        np.testing.assert_array_equal(joined, getattr(whole, field))


@given(points, st.integers(1, 300))
@few
def test_conjugate_points_have_equal_counts(listed, maxiter):
    cr, ci = parts(listed)
    same(
        float64_lanes.escape_counts(cr, ci, maxiter),
        float64_lanes.escape_counts(cr, -ci, maxiter),
    )


@given(points, st.integers(1, 200), st.integers(1, 100))
@few
def test_a_larger_maxiter_changes_only_what_was_undecided(listed, maxiter, more):
    cr, ci = parts(listed)
    small = float64_lanes.escape_counts(cr, ci, maxiter)
    large = float64_lanes.escape_counts(cr, ci, maxiter + more)
    decided = small.outcome == Outcome.ESCAPED
    np.testing.assert_array_equal(small.n[decided], large.n[decided])
    np.testing.assert_array_equal(small.smooth[decided], large.smooth[decided])
    assert np.all(large.n[~decided] >= maxiter)
    assert np.all(large.outcome[small.outcome == Outcome.INTERIOR] == Outcome.INTERIOR)


@pytest.mark.parametrize("kernel", KERNELS)
def test_outcomes_say_why_the_iteration_ended(kernel):
    cr = np.array([3.0, 0.0, -1.0, -0.125, 0.2500001, -1.3107])
    ci = np.array([0.0, 0.0, 0.0, 0.744, 0.0, 0.0])
    counts = kernel(cr, ci, 2000)
    names = [Outcome(value).name for value in counts.outcome]
    # -0.125+0.744i lies in the period-3 bulb and -1.3107 in the period-4 one, which only a cycle
    # proves; 0.2500001 escapes after some ten thousand steps.
    assert names == ["ESCAPED", "INTERIOR", "INTERIOR", "INTERIOR", "UNRESOLVED", "INTERIOR"]
    assert list(counts.n) == [0, 2000, 2000, 2000, 2000, 2000]
    assert list(np.isnan(counts.smooth)) == [False, True, True, True, True, True]


@pytest.mark.skipif(JIT_OFF, reason="a hundred thousand steps, interpreted")
def test_a_proved_interior_does_not_cost_maxiter():
    cr, ci = np.full(64, -0.125), np.full(64, 0.744)
    counts = float64_lanes.escape_counts(cr, ci, 10_000_000)
    assert counts.iterations < 64 * 10_000


@pytest.mark.skipif(JIT_OFF, reason="a picture, interpreted")
def test_smooth_counts_are_continuous_where_the_count_steps():
    # Along a ray far from the set the count falls step by step, the smooth count evenly.
    cr = np.linspace(0.45, 2.5, 20_000)
    ci = np.full(cr.size, 0.5)
    counts = float64_lanes.escape_counts(cr, ci, 1000)
    assert np.unique(counts.n).size > 5
    assert np.abs(np.diff(counts.smooth)).max() < 0.02
    assert np.all(np.abs(counts.smooth - counts.n) < 2)


def test_smooth_count_is_the_normalised_count():
    # c = 3 escapes at once; |z| = 3, 12, 147, 21612, 467078547: the first past 2**16 is number 4.
    counts = float64_lanes.escape_counts(np.array([3.0]), np.array([0.0]), 10)
    assert counts.smooth[0] == pytest.approx(4 + 1 - np.log2(np.log2(467078547.0)), abs=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_without_smooth_counts_n_is_the_same(kernel):
    rng = np.random.default_rng(7)
    cr, ci = rng.uniform(-2, 0.6, 50), rng.uniform(-1.2, 1.2, 50)
    whole, bare = kernel(cr, ci, 100), kernel(cr, ci, 100, False)
    np.testing.assert_array_equal(whole.n, bare.n)
    np.testing.assert_array_equal(whole.outcome, bare.outcome)
    assert bare.smooth.size == 0


@given(coordinates, coordinates)
@few
def test_cardioid_and_bulb_hold_no_point_that_escapes(x, y):
    if in_cardioid_or_bulb(x, y):
        z = complex(x, y)
        for _ in range(300):
            z = z * z + complex(x, y)
            assert abs(z) <= 2


def test_log2_of_the_lanes_is_within_two_roundings():
    from pipeline.kernels.cpu.float64.smooth import fill_log2

    values = np.exp2(np.random.default_rng(3).uniform(-30, 120, 200 if JIT_OFF else 20_000))
    work, out = values.copy(), np.empty(values.size)
    fill_log2(work, work.view(np.int64), out)
    np.testing.assert_allclose(out, np.log2(values), rtol=4e-16, atol=2e-16)


def test_points_lie_where_the_formula_says():
    view = View((Decimal("-0.5"), Decimal("0.25")), Decimal(4), Decimal(0), 8, 4)
    cr, ci = view.points(0, 4)
    assert cr[0] == -0.5 + (0.5 - 4) * 0.5
    assert ci[0] == 0.25 + (2 - 0.5) * 0.5
    # The imaginary axis points up: later rows lie lower.
    assert ci[-1] == 0.25 + (2 - 3 - 0.5) * 0.5


@given(st.integers(0, 7), st.integers(1, 8), st.sampled_from(["0", "90", "33.3", "-180", "725"]))
@few
def test_points_do_not_depend_on_the_rows_asked_for(first, size, rotation):
    center = Decimal("-0.743643887037158704752191506114774"), Decimal("0.1318259042053119704931320")
    view = View(center, Decimal("1e-9"), Decimal(rotation), 7, 16)
    whole = view.points(0, 16)
    part = view.points(first, first + size)
    for k in range(2):
        np.testing.assert_array_equal(part[k], whole[k][first * 7 : (first + size) * 7])


def test_a_quarter_turn_turns_the_picture_a_quarter():
    center = Decimal("-0.7"), Decimal("0.1")
    upright = View(center, Decimal(2), Decimal(0), 12, 12)
    turned = View(center, Decimal(2), Decimal(90), 12, 12)
    re, im = (part.reshape(12, 12) for part in upright.points(0, 12))
    turned_re, turned_im = (part.reshape(12, 12) for part in turned.points(0, 12))
    # The view turns counterclockwise: its right edge is what was at the top.
    np.testing.assert_allclose(turned_re, np.rot90(re, -1), atol=1e-15)
    np.testing.assert_allclose(turned_im, np.rot90(im, -1), atol=1e-15)
