"""Deep counts against arbitrary precision, against themselves at other depths, and cut otherwise."""

import importlib
import json
import math
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import pairwise

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts.compute import counts_of_rows
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.decimals import context
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, DEVICES, FLOAT64, perturbation, view_arithmetic
from pipeline.kernels.reference import Approximation
from pipeline.kernels.results import Outcome
from tests.exact import exact_count, pixel_point
from tests.golden import generate
from tests.kernels.locations import GOLDEN, LOCATIONS, TRUTH, compiled_only, location

pytest.importorskip("numba")
approximation = importlib.import_module("pipeline.kernels.cpu.perturbation.approximation")
pytestmark = compiled_only

COUNTS = json.loads((GOLDEN / "counts.json").read_text())
LARGE = {"super_dense"}
# Orbits of millions of steps, next to the set all the way: the errors of float64 grow too far.
BEYOND_FLOAT64 = {"super_dense"}
PART = {"exact": 0.001, "fine": 0.01, "draft": 0.1}


def counts_of(view, maxiter, references, accuracy="fine", target=None):
    target = target or Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    arithmetic = perturbation(ACCURACIES[accuracy])
    return counts_of_rows(SampleGrid(view, maxiter, arithmetic, target, references), 0, view.rows)


def sampled(name):
    large = [pytest.mark.slow] if name in LARGE else []
    if name in BEYOND_FLOAT64:
        large.append(pytest.mark.xfail(reason="float64 deltas do not suffice", strict=True))
    return pytest.param(name, marks=large)


@pytest.fixture(scope="module")
def located(references):
    """Return n of the picture of a location by an accuracy, counted once."""

    @cache
    def counted(name, accuracy):
        view, maxiter = location(name)
        return counts_of(view, maxiter, references, accuracy).n.reshape(view.rows, view.columns)

    return counted


@pytest.mark.parametrize("name", [sampled(name) for name in LOCATIONS])
def test_every_location_is_right_at_the_sampled_pixels(name, located):
    n = located(name, "fine")
    samples = TRUTH[name]["samples_i_j_n"]
    wrong = [(i, j, n[j, i], right) for i, j, right in samples if n[j, i] != right]
    # One of some fifty may lie next to the set.
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_all_locations_together_keep_to_the_stated_part(accuracy, located):
    wrong = total = 0
    for name in LOCATIONS.keys() - LARGE:
        n = located(name, accuracy)
        samples = TRUTH[name]["samples_i_j_n"]
        wrong += sum(n[j, i] != right for i, j, right in samples)
        total += len(samples)
    assert total > 600
    # Two of 700, chosen at random, may lie next to the set.
    assert wrong <= max(2, PART[accuracy] * total)


@pytest.mark.parametrize("name", ["seahorse-1e-8", "seahorse-1e-10"])
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_every_pixel_of_a_picture_keeps_to_the_stated_part(name, accuracy, references):
    view, maxiter = generate.view(name)
    n = counts_of(view, maxiter, references, accuracy).n.reshape(view.rows, view.columns)
    wrong = np.count_nonzero(n != np.array(COUNTS[name]))
    # One of 576 is more than 0.1 %.
    assert wrong <= max(1, PART[accuracy] * n.size)


# Preperiodic: at i the set looks the same at every size, turned and shrunk by 4 (1 + i), and every
# two steps of the orbit take it one such shrinking further.
TIP = Decimal(0), Decimal(1)
SHRINKING_BITS = 20
SHRINKING_STEPS = 16


def at_the_tip(shrinkings):
    """A view at i, after so many times eight shrinkings, which turn it round once."""
    width = context(60).power(Decimal(2), -100 - SHRINKING_BITS * shrinkings)
    return View(TIP, width, Decimal(0), 32, 18)


def test_the_tip_s_first_view_agrees_with_exact_arithmetic(references):
    view = at_the_tip(0)
    n = counts_of(view, 2000, references, "exact").n.reshape(view.rows, view.columns)
    for row, column in [(0, 0), (3, 17), (9, 16), (12, 5), (17, 31)]:
        assert n[row, column] == exact_count(*pixel_point(view, row, column), 2000, 400)


@given(st.integers(1, 120))
@settings(max_examples=12, deadline=None)
def test_the_tip_looks_the_same_however_deep(references, shrinkings):
    assert_like_the_first(references, shrinkings)


def test_the_tip_looks_the_same_at_1e_20000(references):
    assert at_the_tip(3320).width < Decimal("1e-20000")
    assert_like_the_first(references, 3320)


def assert_like_the_first(references, shrinkings):
    first = counts_of(at_the_tip(0), 4000, references, "exact")
    steps = SHRINKING_STEPS * shrinkings
    deep = counts_of(at_the_tip(shrinkings), 4000 + steps, references, "exact")
    escaped = first.outcome == Outcome.ESCAPED
    different = (deep.n - steps != first.n)[escaped]
    assert np.count_nonzero(different) <= 0.01 * different.size
    same = ~different
    np.testing.assert_allclose(
        (deep.smooth - steps)[escaped][same], first.smooth[escaped][same], atol=1e-6
    )


def test_without_any_stretch_the_counts_are_the_same(references):
    """The slow twin: one step at a time, in float64 and with an exponent."""
    walk = importlib.import_module("pipeline.kernels.cpu.perturbation.counts").walk
    for name in ("5e113", "e1000"):
        view, maxiter = location(name)
        target = Target(view.center, bits_for(view.spacing()))
        references.orbit(target).extend(maxiter, math.inf)
        reference = references.orbit(target).reference(maxiter)
        exponent = view.distance_exponent(view.center)
        w_re, w_im = view.points_from(view.center, exponent, 10, 20)
        none = Approximation(
            np.empty((0, 16)), np.empty((0, 2)), np.zeros(3, np.int64), 2, exponent
        )
        plain = walk(reference, none, w_re, w_im, maxiter).counts()
        _, table = references.loaded(target, maxiter, exponent, -54)
        quick = walk(reference, table, w_re, w_im, maxiter).counts()
        assert plain.iterations > 20 * quick.iterations
        np.testing.assert_array_equal(plain.n, quick.n)
        np.testing.assert_allclose(plain.smooth, quick.smooth, atol=1e-4)


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_a_stretch_is_as_exact_as_it_says(references, data):
    """Every node of a table against its steps one by one, in arbitrary precision."""
    name, error_exponent = data.draw(st.sampled_from([("1e50", -40), ("seahorse-1e-12", -54)]))
    view, maxiter = location(name)
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    exponent = view.distance_exponent(view.center)
    reference, table = references.loaded(target, maxiter, exponent, error_exponent)
    usable = np.flatnonzero(table.radius[:, 0] > 0)
    node = int(usable[data.draw(st.integers(0, len(usable) - 1))])
    level = int(np.searchsorted(table.offsets, node, "right")) - 1
    length = 1 << level
    m = 1 + (node - int(table.offsets[level])) * length
    if length > 4096:
        return
    angle = st.floats(0, 2 * math.pi)
    with gmpy2.context(precision=200):
        part = data.draw(st.floats(0.01, 1.0)) * float(table.radius[node, 0])
        dz = gmpy2.mpc(part * np.exp(1j * data.draw(angle)))
        w = gmpy2.mpc(data.draw(st.floats(0, 1)) * np.exp(1j * data.draw(angle)))
        dc = w * gmpy2.exp2(exponent)
        a, b, c, d, f, g = (
            gmpy2.mpc(complex(*table.nodes[node, column : column + 2]))
            for column in range(0, 12, 2)
        )
        t = dz * float(table.nodes[node, 12])
        quick = a * dz * (1 + t * (c + d * t) + f * w) + w * (b + g * w)
        largest = 0.0
        for k in range(m, m + length):
            z = complex(*reference.z[k])
            dz = dz * (2 * gmpy2.mpc(z) + dz) + dc
            after = complex(*reference.z[k + 1])
            largest = max(largest, float(abs(dz)) / abs(after))
            assert abs(after + complex(dz)) <= 2.0 + 1e-9
        # A stretch of 2^l steps is merged l times; rounding comes on top.
        allowed = 2.0**error_exponent * 4 * (level + 1) + 2.0**-50 * (level + 1)
        assert abs(quick - dz) <= allowed * (abs(dz) + abs(a) * part)
    # No rebase was missed on the way, but at its end, where one looks.
    assert largest < 0.5 or length == 1


@pytest.fixture(scope="module")
def chunked(references):
    """Return a grid of several chunks, and all its counts."""
    facts = LOCATIONS["5e113"]
    center = Decimal(facts["re"]), Decimal(facts["im"])
    view = View(center, Decimal(facts["width"]), Decimal(30), 900, 90)
    target = Target(center, bits_for(view.spacing()))
    references.orbit(target).extend(facts["maxiter"], math.inf)
    grid = SampleGrid(view, facts["maxiter"], perturbation(ACCURACIES["fine"]), target, references)
    assert grid.chunks > 2
    return grid, counts_of_rows(grid, 0, 90)


@given(st.lists(st.integers(1, 89), max_size=4, unique=True))
@settings(max_examples=10, deadline=None)
def test_rows_count_the_same_however_they_are_cut(chunked, cuts):
    grid, whole = chunked
    bounds = [0, *sorted(cuts), 90]
    parts = [counts_of_rows(grid, *rows) for rows in pairwise(bounds)]
    for name in ("n", "smooth", "outcome"):
        together = np.concatenate([getattr(part, name) for part in parts])
        np.testing.assert_array_equal(together, getattr(whole, name))


def test_frames_of_any_maxiter_share_a_table_and_few_are_kept(tmp_path):
    """A target inside the set, whose orbit goes on as far as any frame's maxiter."""
    references = References(tmp_path, tmp_path / "tables")
    center = Decimal("-0.1225611668766536"), Decimal("0.7448617666197442")
    for octave in range(8):
        view = View(center, Decimal("1e-3") / 2**octave, Decimal(0), 32, 18)
        target = Target(center, 256)
        alone = References(tmp_path / f"alone{octave}", tmp_path / f"alone{octave}" / "tables")
        references.orbit(target).extend(5000, math.inf)
        alone.orbit(target).extend(3000 + octave, math.inf)
        arithmetic = perturbation(ACCURACIES["fine"])
        for maxiter in (3000 + octave, 4000, 5000):
            grid = SampleGrid(view, maxiter, arithmetic, target, references)
            counts = counts_of_rows(grid, 0, 18)
            if maxiter < 4000:
                # As if the orbit had been computed for this frame only.
                own = counts_of_rows(replace(grid, references=alone), 0, 18)
                np.testing.assert_array_equal(counts.n, own.n)
                np.testing.assert_array_equal(counts.smooth, own.smooth)
        assert len(list(references.tables.glob("*.table"))) == min(octave + 1, 4)


def test_a_target_beside_the_view_gives_the_same_counts(references):
    view, maxiter = location("5e113")
    numbers = context(400)
    off = numbers.multiply(view.width, Decimal("0.7"))
    re, im = (numbers.add(part, off) for part in view.center)
    target = Target((re, im), bits_for(view.spacing()))
    own = counts_of(view, maxiter, references, "exact")
    other = counts_of(view, maxiter, references, "exact", target)
    assert np.count_nonzero(own.n != other.n) <= 2


@pytest.mark.parametrize("place", ["seahorse-1e-4", "1e14", "1e50", "whole"])
def test_there_is_no_seam_where_the_arithmetic_changes(place, references):
    """The last view that float64 serves, counted in both."""
    accuracy = ACCURACIES["fine"]
    facts = LOCATIONS[place]
    # On the boundary, where there is something to get wrong.
    center = Decimal(facts["re"]), Decimal(facts["im"])
    if place == "whole":
        center = Decimal("-0.75"), Decimal("0.01")
    view = View(center, Decimal(1), Decimal(0), 320, 180)

    def arithmetic(view):
        return view_arithmetic(
            float(view.width), view.largest_coordinate(), accuracy, DEVICES["cpu"]
        )

    while arithmetic(replace(view, width=view.width / 2)) == FLOAT64:
        view = replace(view, width=view.width / 2)
    assert arithmetic(view) == FLOAT64
    assert arithmetic(replace(view, width=view.width / 2)).needs_orbit
    shallow = counts_of_rows(SampleGrid(view, 3000, FLOAT64), 0, view.rows)
    deep = counts_of(view, 3000, references)
    assert np.count_nonzero(shallow.n != deep.n) <= 0.01 * deep.n.size
    same = shallow.n == deep.n
    both = same & (shallow.outcome == Outcome.ESCAPED)
    assert np.count_nonzero(both) > 0.3 * both.size
    seen = np.abs(deep.smooth - shallow.smooth)[both] > 0.01
    assert np.count_nonzero(seen) <= 0.01 * deep.n.size


# A minibrot of period 3 on the real axis' antenna, and one of a deep zoom.
NUCLEUS_OF_3 = Decimal("-1.754877666246692760049508896358528691894606617772793143989283970646080")


def test_the_inside_of_a_minibrot_is_proved_and_is_inside(references):
    view = View((NUCLEUS_OF_3, Decimal(0)), Decimal("0.05"), Decimal(0), 64, 36)
    counts = counts_of(view, 100_000, references)
    outcome = counts.outcome.reshape(36, 64)
    inside = np.argwhere(outcome == Outcome.INTERIOR)
    assert len(inside) > 200
    # What is neither is next to the edge.
    assert np.count_nonzero(outcome == Outcome.UNRESOLVED) < 0.1 * len(inside)
    for row, column in inside[:: max(1, len(inside) // 12)].tolist():
        assert exact_count(*pixel_point(view, row, column), 20_000, 300) == 20_000
    # Nor does it cost maxiter.
    assert counts.iterations < 0.05 * 100_000 * counts.n.size


def test_nothing_that_escapes_is_called_inside(references):
    """Near the tip of the needle the orbit comes back to 0 ever so close before it leaves."""
    for name in ("flake", "mitosis", "e318"):
        view, maxiter = location(name)
        narrow = counts_of(view.resized(160, 90), maxiter, references, "fine")
        other = counts_of(view.resized(160, 90), maxiter, references, "exact")
        one = narrow.outcome == Outcome.INTERIOR
        assert np.count_nonzero(one & (other.outcome == Outcome.ESCAPED)) == 0
