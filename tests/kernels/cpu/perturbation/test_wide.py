"""Deltas of very different sizes, as minibrots beyond the range of float64 have them."""

import json
import math
from decimal import Decimal

import gmpy2
import numpy as np
import pytest

from pipeline.counts.chunk import GridChunk
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.decimals import context
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, perturbation
from pipeline.kernels.reference import WIDE_EXPONENT
from pipeline.kernels.results import Outcome
from pipeline.kernels.tracing import Tracing
from tests.exact import deep_count, pixel_point
from tests.golden.deep_views import PATH, views
from tests.kernels.cpu.perturbation.test_minibrot import nucleus_near, size_of
from tests.kernels.cpu.traces.trace_truth import check
from tests.kernels.locations import compiled_only

counts_module = pytest.importorskip("pipeline.kernels.cpu.perturbation.counts")
float64 = pytest.importorskip("pipeline.kernels.cpu.float64.counts")
pytestmark = compiled_only

SAMPLES = json.loads(PATH.read_text())

# Near i minibrots of any size have a short period: each step of it makes them 5.66 times smaller.
# Sizes about the square root of float64's least number, on either side of where deltas may differ
# widely, about that number, and beyond.
PERIODS = {
    200: "1e-150", 360: "1e-270", 385: "1e-288", 430: "1e-323", 820: "1e-616",
}  # fmt: skip  # period and size
PERIODS_SHOWN = 20
COLUMNS, ROWS = 64, 36


def grid_of(view, maxiter, references, accuracy="exact"):
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(maxiter, math.inf)
    return SampleGrid(view, maxiter, perturbation(ACCURACIES[accuracy]), target, references)


def walked(grid, rows=None, columns=slice(None)):
    chunk = GridChunk(grid, *(rows or (0, grid.rows)))
    w_re, w_im = (part[:, columns].copy() for part in chunk.offsets())
    return counts_module.walk(*chunk.tables(), w_re, w_im, grid.maxiter)


def nucleus_near_i(period):
    """Return a minibrot's nucleus, the width that shows it, and its size in such widths, complex."""
    with gmpy2.context(gmpy2.get_context(), precision=6 * period):
        c = gmpy2.mpc(0, 1)
        for _ in range(3):
            c = nucleus_near(c, period)
        size = size_of(c, period)
        digits = int(1.8 * period)
        center = tuple(Decimal(f"{part:.{digits}f}") for part in (c.real, c.imag))
        width = Decimal(f"{4 * abs(size):.3e}")
        return center, width, complex(size / gmpy2.mpfr(str(width)))


@pytest.fixture(scope="module", params=PERIODS, ids=PERIODS.values())
def minibrot(request):
    return request.param, *nucleus_near_i(request.param)


@pytest.mark.parametrize("beside", [0, "1e-17", "1e-3"], ids=["nucleus", "beside it", "farther"])
def test_minibrots_of_every_size_are_copies_of_the_set(references, minibrot, beside):
    """Whether the reference ends at its nucleus, or passes 0 closer than deltas are large."""
    period, center, width, size = minibrot
    numbers = context(8 * period)
    off = numbers.multiply(width, Decimal(beside))
    view = View((numbers.add(center[0], off), center[1]), width, Decimal(0), COLUMNS, ROWS)
    maxiter = PERIODS_SHOWN * period
    grid = grid_of(view, maxiter, references)
    found = walked(grid)
    # In units of the size, the set itself: what has left it after fewer rounds is outside here.
    across = (np.arange(COLUMNS) + 0.5 - COLUMNS / 2) / COLUMNS + float(beside)
    down = (ROWS / 2 - np.arange(ROWS) - 0.5) / COLUMNS
    c = ((across[None, :] + 1j * down[:, None]) / size).reshape(-1)
    whole = float64.escape_counts(c.real.copy(), c.imag.copy(), 5000)
    escaped = found.outcome == Outcome.ESCAPED
    assert np.count_nonzero(escaped) > 0.7 * escaped.size
    assert not np.any(escaped & (whole.outcome == Outcome.INTERIOR))
    assert not np.any((found.outcome == Outcome.INTERIOR) & (whole.outcome == Outcome.ESCAPED))
    # A copy escapes some rounds later than the set: from its own radius out to that of the set.
    assert np.all(escaped[whole.n < PERIODS_SHOWN - 12])
    bits = 3 * period + 400
    for pixel in np.random.default_rng(period).choice(escaped.size, 8, False).tolist():
        point = pixel_point(view, *divmod(pixel, COLUMNS))
        assert found.n[pixel] == deep_count(*point, maxiter, bits), pixel


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("accuracy", ["exact", "fine"])
def test_deep_views_agree_with_the_exact_counts(references, name, accuracy):
    view, maxiter = views()[name]
    found = walked(grid_of(view, maxiter, references, accuracy)).n.reshape(view.rows, view.columns)
    samples = SAMPLES[name]["samples_i_j_n"]
    assert [(i, j, found[j, i]) for i, j, _ in samples] == [tuple(sample) for sample in samples]


def test_a_point_counts_the_same_alone_and_with_others(references):
    view, maxiter = views()["minibrot at 1e-1098"]
    grid = grid_of(view, maxiter, references)
    together = walked(grid).n.reshape(view.rows, view.columns)
    for row in range(1, view.rows, 9):
        for column in range(1, view.columns, 13):
            alone = walked(grid, (row, row + 1), slice(column, column + 1))
            assert alone.n[0] == together[row, column]


def test_the_traces_of_a_minibrot_are_right(references):
    period = 820
    center, width, _ = nucleus_near_i(period)
    view = View(center, width, Decimal(0), 32, 18)
    grid = grid_of(view, PERIODS_SHOWN * period, references)
    # All about it is filaments, nearer than samples are to each other.
    check(grid, Tracing(stripes=3), 80, 3 * period + 400, 30)


@pytest.mark.parametrize(
    ("exponent", "key"),
    [
        (WIDE_EXPONENT + 1, "9e983760efc9ea33c8cc96814aa7bbd9"),
        (WIDE_EXPONENT, "d3244cbd763160bef194198c79c4d6bc"),
        (-3600, "0544821a06eb790d0f6b71d9f22ad84d"),
    ],
)
def test_counts_that_may_have_been_wrong_are_counted_anew_and_no_others(exponent, key):
    """Of each key, what it was before deltas of unlike size were kept apart."""
    center = Decimal("0.1"), Decimal("0.9")
    octave = View(center, Decimal(1), Decimal(0), 64, 36).distance_exponent(center)
    width = context(40).power(Decimal(2), exponent - octave)
    view = View(center, width, Decimal(0), 64, 36)
    assert view.distance_exponent(center) == exponent
    grid = SampleGrid(view, 3000, perturbation(ACCURACIES["fine"]), Target(center, 1088))
    assert (grid.key() == key) == (exponent > WIDE_EXPONENT)
