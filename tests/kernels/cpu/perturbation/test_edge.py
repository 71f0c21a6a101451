"""The edge of the disc of radius 2, which orbits pass by less than float64 can tell."""

import json
import math
import os
from decimal import Decimal

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts.compute import counts_of_rows
from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.band import Band
from pipeline.geometry.decimals import context
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, perturbation
from pipeline.kernels.results import Outcome
from tests.kernels.cpu.traces.trace_truth import ALL, check

pytest.importorskip("numba")
if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    pytest.skip("thousands of steps a pixel, interpreted", allow_module_level=True)

NUMBERS = context(2000)
TIP = Decimal(-2), Decimal(0)


@pytest.fixture(scope="session")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("references")
    return References(folder, folder / "tables")


def grid_of(view, maxiter, references, accuracy="exact", target=None):
    bits = bits_for(view.spacing())
    target = Target(target or view.center, bits)
    references.orbit(target).extend(maxiter, math.inf)
    return SampleGrid(view, maxiter, perturbation(ACCURACIES[accuracy]), target, references)


def exact(geometry, maxiter):
    """Return n and the smooth count of every sample, step by step as they are defined."""
    bits = 200 - 3 * geometry.distance_exponent(geometry.center)
    exponent = geometry.distance_exponent(geometry.center)
    offsets = geometry.points_from(geometry.center, exponent, 0, geometry.rows)
    n, smooth = [], []
    with gmpy2.context(gmpy2.get_context(), precision=bits):
        center = [gmpy2.mpfr(str(part)) for part in geometry.center]
        for w in zip(*(part.reshape(-1).tolist() for part in offsets), strict=True):
            a, b = (
                part + gmpy2.mul_2exp(gmpy2.mpfr(offset), exponent)
                for part, offset in zip(center, w, strict=True)
            )
            x, y, k, found = a, b, 0, maxiter
            # A real point of the set never leaves.
            while k < maxiter + bits and not (b == 0 and -2 <= a <= 0):
                size2 = x * x + y * y
                if size2 > 4 and found == maxiter:
                    found = k
                if size2 > 2**32 or (found == maxiter and k >= maxiter):
                    break
                x, y = x * x - y * y + a, 2 * x * y + b
                k += 1
            n.append(found)
            escaped = found < maxiter
            smooth.append(k + 1 - math.log2(0.5 * math.log2(size2)) if escaped else math.nan)
    return np.array(n), np.array(smooth)


def assert_exact(grid):
    n, smooth = exact(grid.geometry, grid.maxiter)
    counts = counts_of_rows(grid, 0, grid.rows)
    np.testing.assert_array_equal(counts.n, n)
    np.testing.assert_array_equal(counts.outcome == Outcome.ESCAPED, n < grid.maxiter)
    # A colour sees some thousandths of a count.
    np.testing.assert_allclose(counts.smooth, smooth, rtol=0, atol=1e-4)


# Counts by 800-bit arithmetic, at (row, column) of 64×36 pixels.
NEEDLE = [
    (
        "-1.99999999999999999999", "1e-22", "3e-21",
        {(9, 41): 39, (3, 50): 39, (34, 9): 38, (23, 12): 40, (32, 7): 39, (2, 27): 38,
         (27, 11): 40, (4, 53): 39, (5, 30): 38, (3, 54): 39, (14, 15): 40, (25, 7): 40},
    ),
    (
        "-1.9999999999999999999999999999999999999999", "0", "8e-40",
        {(14, 6): 0, (35, 5): 0, (18, 17): 0, (9, 53): 69, (19, 15): 0, (6, 23): 0, (23, 24): 67,
         (35, 12): 0, (3, 8): 0, (31, 26): 67, (20, 54): 69, (29, 59): 69},
    ),
]  # fmt: skip  # centre, width, counts


# The references of the others, the tip and what lies left of it, leave the disc at other steps.
@pytest.mark.parametrize("aside", [None, "-2", "-2.000000000000000000001"])
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize(("re", "im", "width", "right"), NEEDLE)
def test_the_needle_s_counts_are_those_of_arbitrary_precision(
    references, re, im, width, right, accuracy, aside
):
    if aside and width == "8e-40":
        aside = "-2" if aside == "-2" else "-2.0000000000000000000000000000000000000001"
    view = View((Decimal(re), Decimal(im)), Decimal(width), Decimal(0), 64, 36)
    target = (Decimal(aside), Decimal(0)) if aside else None
    n = counts_of_rows(grid_of(view, 3000, references, accuracy, target), 0, 36).n.reshape(36, 64)
    assert {place: n[place] for place in right} == right


PLACES = {
    "the tip": ("-2", "0", 0, 0),
    "right of the tip": ("-2", "0", 1, 0),
    "left of the tip": ("-2", "0", -1, 0),
    "above and left of it": ("-2", "0", -0.3, 0.7),
    "the top of the disc": ("0", "2", 0, 0),
    "elsewhere at its edge": ("1.2", "1.6", 0, 0),
    "where the second value passes it": ("1", "0", 0, 0),
    "where nothing passes it": ("0.5", "0.01", 0, 0),
    "far outside": ("3", "0.01", 0, 0),
}


@pytest.mark.parametrize(("digits", "rotation"), [(20, 33), (300, 0), (600, 33)])
@pytest.mark.parametrize("place", PLACES)
def test_all_pixels_are_right_on_either_side_of_the_edge(references, place, digits, rotation):
    re, im, *moved = PLACES[place]
    width = Decimal(3).scaleb(-digits)
    center = tuple(
        NUMBERS.add(Decimal(part), NUMBERS.multiply(Decimal(str(by)), width))
        for part, by in zip((re, im), moved, strict=True)
    )
    # An odd number of pixels: some lie on the real axis, and some straight above the tip.
    assert_exact(grid_of(View(center, width, Decimal(rotation), 7, 3), 1200, references))


exponents = st.integers(10, 280)
parts = st.floats(-1, 1).filter(lambda part: abs(part) > 1e-3)


@given(st.floats(0, 2 * math.pi), exponents, parts)
@settings(max_examples=15, deadline=None)
def test_the_count_is_0_only_outside_the_disc(references, angle, digits, part):
    with gmpy2.context(precision=3000):
        # A point on the circle, but for 1e-700.
        on_circle = 2 * gmpy2.cos(gmpy2.mpfr(angle)), 2 * gmpy2.sin(gmpy2.mpfr(angle))
        center = tuple(Decimal(f"{value:.700f}") for value in on_circle)
        width = Decimal(str(part)).copy_abs().scaleb(-digits)
        view = View(center, width, Decimal(0), 4, 4)
        offsets = view.points_from(center, 0, 0, 4)
        outside = [
            gmpy2.norm(gmpy2.mpc(gmpy2.mpfr(str(center[0])) + x, gmpy2.mpfr(str(center[1])) + y))
            for x, y in zip(*(part.reshape(-1) for part in offsets), strict=True)
        ]
    n = counts_of_rows(grid_of(view, 20, references), 0, 4).n
    assert (n == 0).tolist() == [norm > 4 for norm in outside]


@given(exponents, parts, parts, st.integers(0, 60), st.integers(-360, 360))
@settings(max_examples=5, deadline=None)
def test_a_view_anywhere_about_the_tip_is_counted_exactly(
    references, digits, right, up, deeper, rotation
):
    off = (Decimal(str(part)).scaleb(-digits) for part in (right, up))
    center = tuple(NUMBERS.add(part, by) for part, by in zip(TIP, off, strict=True))
    width = Decimal(1).scaleb(-digits - deeper // 20)
    view = View(center, width, Decimal(rotation), 3, 2)
    assert_exact(grid_of(view, 1000, references))


def test_a_band_about_the_tip_is_counted_exactly(references):
    band = Band(TIP, -200, 64, 6)
    target = Target(TIP, 384)
    references.orbit(target).extend(300, math.inf)
    assert_exact(SampleGrid(band, 300, perturbation(ACCURACIES["fine"]), target, references))


@pytest.mark.parametrize("maxiter", [1, 2, 30])
def test_maxiter_is_no_bound_of_smooth_counts(references, maxiter):
    """Points that leave the disc at once come away from 2 much later than that."""
    view = View(TIP, Decimal("1e-100"), Decimal(0), 7, 5)
    assert_exact(grid_of(view, maxiter, references))


@pytest.mark.parametrize("digits", [20, 300])
@pytest.mark.parametrize("left", [False, True])
def test_traces_at_the_tip_are_those_of_arbitrary_precision(references, digits, left):
    width = Decimal(1).scaleb(-digits)
    center = NUMBERS.add(Decimal(-2), -width if left else width), Decimal(0)
    # Of an odd number of rows one lies on the real axis.
    view = View(center, width, Decimal(0), 9, 5)
    check(grid_of(view, 2000, references), ALL, 4, 4 * bits_for(view.spacing()), 4)


def test_where_the_reference_is_on_the_edge_its_margin_is_held_in_full(tmp_path):
    center = NUMBERS.add(Decimal(-2), Decimal("1e-500")), Decimal(0)
    orbit = Orbit(tmp_path, Target(center, 1792))
    orbit.extend(10, math.inf)
    reference = orbit.reference(10)
    assert reference.margin_index.tolist() == list(range(1, 11))
    with gmpy2.context(precision=4000):
        c = z = gmpy2.mpfr(str(center[0]))
        for mantissa, exponent in zip(reference.margin, reference.margin_exponent, strict=True):
            assert mantissa == float(gmpy2.mul_2exp(z * z - 4, -int(exponent)))
            z = z * z + c


def test_a_reference_goes_on_until_it_is_clearly_outside(tmp_path):
    center = NUMBERS.add(Decimal(-2), Decimal("-1e-30")), Decimal(0)
    target = Target(center, 256)
    assert Orbit(tmp_path, target).extend(3000, math.inf).ended == "escaped"
    last = Orbit(tmp_path, target).reference(3000).z[-1]
    assert 2 <= last[0] < 2.001


SEAHORSE = Decimal("-0.743643887037158704752191506114774"), Decimal("0.13182590420531197049313205")


@pytest.mark.parametrize(
    ("center", "kept"),
    [(SEAHORSE, True), ((Decimal("0.5"), Decimal(0)), True), (TIP, False), ((1, 0), False)],
)
def test_orbits_stored_without_margins_serve_where_there_are_none(tmp_path, center, kept):
    orbit = Orbit(tmp_path, Target(tuple(map(Decimal, center)), 192))
    orbit.extend(2000, math.inf)
    facts = json.loads(orbit.state_file.read_text())
    del facts["margins"]
    del facts["crc32"], facts["version"]
    orbit.state_file.write_text(json.dumps({"version": 2, **facts}))
    assert (orbit.state().steps > 0) == kept


def test_counts_stored_elsewhere_keep_their_key():
    arithmetic = perturbation(ACCURACIES["fine"])
    view = View(SEAHORSE, Decimal("1e-20"), Decimal(0), 64, 36)
    grid = SampleGrid(view, 3000, arithmetic, Target(SEAHORSE, bits_for(view.spacing())))
    assert grid.key() == "12c7416f741b84fc3e0766c7261f4c51"
