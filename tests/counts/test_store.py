"""Counts on disk: what goes in comes out, and what is damaged is never taken for whole."""

import os
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts import codec_counts as counts_packing
from pipeline.counts.codec_counts import SMOOTH_STEPS, counts_from_packed, packed_from_counts
from pipeline.counts.codec_traces import packed_from_traces, traces_from_packed
from pipeline.counts.compute import counts_of_rows
from pipeline.counts.reusable_counts import ReusableCounts
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_grid import StoredGrid
from pipeline.errors import DamagedError
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.results import Counts, Cycles, Outcome, PointTraces
from pipeline.system.atomic_files import TEMPORARY_SUFFIX, remove_temporaries, write_durably


def grid(columns=700, rows=120, maxiter=200, width="3.5"):
    view = View((Decimal("-0.75"), Decimal(0)), Decimal(width), Decimal(0), columns, rows)
    return SampleGrid(view, maxiter, FLOAT64)


def packed(of: SampleGrid) -> list[bytes]:
    chunks = []
    for chunk in range(of.chunks):
        first, last = of.chunk_bounds(chunk)
        chunks.append(packed_from_counts(counts_of_rows(of, first, last), last - first, of.columns))
    return chunks


samples = st.lists(
    st.tuples(st.integers(0, 2**31 - 2), st.floats(-9, 60), st.sampled_from(list(Outcome))),
    min_size=1,
    max_size=60,
)


@given(samples, st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_counts_survive_packing(listed, columns):
    rows = -(-len(listed) // columns)
    listed = (listed * (rows * columns))[: rows * columns]
    n = np.array([sample[0] for sample in listed], np.int32)
    outcome = np.array([sample[2] for sample in listed], np.uint8)
    smooth = np.where(outcome == Outcome.ESCAPED, n + np.array([s[1] for s in listed]), np.nan)
    back = counts_from_packed(
        packed_from_counts(Counts(n, smooth, outcome, 0), rows, columns), rows, columns
    )
    np.testing.assert_array_equal(back.n.reshape(-1), n)
    np.testing.assert_array_equal(back.outcome.reshape(-1), outcome)
    # Half a step, and the rounding of a count of 2**31.
    np.testing.assert_allclose(
        back.smooth.reshape(-1), smooth, rtol=0, atol=0.5 / SMOOTH_STEPS + 1e-6
    )


@given(samples, st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_compiled_and_plain_packing_make_the_same_bytes(listed, columns):
    rows = len(listed) // columns or 1
    listed = (listed * columns)[: rows * columns]
    n = np.array([sample[0] for sample in listed], np.int32)
    outcome = np.array([sample[2] for sample in listed], np.uint8)
    smooth = np.where(outcome == Outcome.ESCAPED, n + np.array([s[1] for s in listed]), np.nan)
    counts = Counts(n, smooth, outcome, 0)
    packed = packed_from_counts(counts, rows, columns)
    back = counts_from_packed(packed, rows, columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts_packing, "HAVE_NUMBA", False)
        assert packed_from_counts(counts, rows, columns) == packed
        plain = counts_from_packed(packed, rows, columns)
    for ours, others in zip(
        (back.n, back.smooth, back.outcome), (plain.n, plain.smooth, plain.outcome), strict=True
    ):
        np.testing.assert_array_equal(ours, others)


@pytest.mark.parametrize("spoiled", [b"", b"no such thing", b"\x28\xb5\x2f\xfd"])
def test_what_is_no_chunk_is_refused(spoiled):
    with pytest.raises(ValueError, match=r".+"):
        counts_from_packed(spoiled, 3, 3)


def test_a_stored_grid_gives_back_any_rows(tmp_path):
    whole = grid()
    assert whole.chunks > 1
    store = Store(tmp_path)
    assert not store.holds(whole)
    store.save(whole, packed(whole), 0, 123)
    assert store.holds(whole)
    expected = counts_of_rows(whole, 0, whole.rows).smooth.reshape(whole.rows, whole.columns)
    with StoredGrid.open(store.path(whole), whole) as stored:
        for first, last in ((0, 120), (0, 1), (45, 49), (119, 120), (3, 100)):
            np.testing.assert_allclose(
                stored.smooth_rows(first, last), expected[first:last], atol=0.51 / SMOOTH_STEPS
            )
    assert store.is_whole(whole)


def test_counts_take_few_bytes(tmp_path):
    whole = grid(1280, 720)
    written = Store(tmp_path).save(whole, packed(whole), 0, 0)
    assert written < 0.8 * 1280 * 720


def test_every_damaged_byte_is_noticed(tmp_path):
    whole = grid(200, 60)
    store = Store(tmp_path)
    store.save(whole, packed(whole), 0, 0)
    path = store.path(whole)
    data = path.read_bytes()
    rng = np.random.default_rng(5)
    for position in [0, 19, 25, *rng.integers(0, len(data), 60)]:
        spoiled = bytearray(data)
        spoiled[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoiled)
        with pytest.raises(DamagedError), StoredGrid.open(path, whole) as stored:
            stored.smooth_rows(0, whole.rows)
        assert not store.is_whole(whole)


@pytest.mark.parametrize("left", [0, 5, 30, 200, -1])
def test_a_truncated_file_is_not_held(tmp_path, left):
    whole = grid(200, 60)
    store = Store(tmp_path)
    store.save(whole, packed(whole), 0, 0)
    path = store.path(whole)
    path.write_bytes(path.read_bytes()[:left])
    assert not store.holds(whole)


def test_another_grid_under_the_same_name_is_not_held(tmp_path):
    whole, other = grid(200, 60), grid(200, 60, width="1")
    store = Store(tmp_path)
    store.save(other, packed(other), 0, 0)
    store.path(other).rename(store.path(whole))
    assert not store.holds(whole)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file"
    write_durably(path, [b"old"])

    def parts():
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_durably(path, parts())
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_what_dead_runs_left_is_cleared_away(tmp_path):
    dead = tmp_path / f"a.999999999{TEMPORARY_SUFFIX}"
    alive = tmp_path / f"b.{os.getppid()}{TEMPORARY_SUFFIX}"
    kept = tmp_path / "c.counts"
    for path in (dead, alive, kept):
        path.write_bytes(b"x")
    remove_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([alive.name, kept.name])


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 2), (1, 3)])
def test_carried_chunks_tell_what_their_file_tells(tmp_path, first, last):
    of = grid()
    store = Store(tmp_path)
    store.save(of, packed(of), 7, 0)
    whole = ReusableCounts(store.path(of), replace(of, maxiter=100), Fraction(1))
    rows = of.chunk_bounds(first)[0], of.chunk_bounds(last - 1)[1]
    carried = whole.with_bytes(*rows)
    assert carried.carried_bytes > 0
    store.discard(of)
    assert whole.known(*rows, of.columns) is None
    store.save(of, packed(of), 7, 0)
    there, here = (each.known(*rows, of.columns) for each in (carried, whole))
    for name in ("n", "smooth", "outcome"):
        np.testing.assert_array_equal(getattr(there.counts, name), getattr(here.counts, name))
    np.testing.assert_array_equal(there.decided, here.decided)
    # Of other rows it knows nothing, as if they were damaged.
    assert carried.known(0, of.rows, of.columns) is None


def test_an_orbit_that_went_astray_has_traces_that_say_so():
    """Near the set its own roundings may carry it away long before n: no number is left of it."""
    lost, there = np.full(4, np.nan), np.full(4, 0.25)
    escaped = np.array([[True, True], [True, True]])
    back = [
        traces_from_packed(packed_from_traces(PointTraces(*parts), escaped, np.zeros(2)), 2, 2)
        for parts in (5 * [lost], 5 * [there])
    ]
    assert (back[0].log2_distance < -30).all()
    np.testing.assert_array_equal(back[0].stripes, 0.5)
    np.testing.assert_array_equal(back[0].trap, 0.5)
    np.testing.assert_array_equal(back[1].stripes, 0.25)


def test_cycles_of_interior_samples_come_back_in_fields_of_their_own():
    escaped = np.array([[True, False, False], [False, True, False]])
    traces = PointTraces(*(np.full(2, 0.5) for _ in range(5)))
    multiplier = np.array([0.5j, -0.25, 0.0, 0.0])
    cycles = Cycles(np.array([3, 1023, 1024, 0]), multiplier, 0)
    packed = packed_from_traces(traces, escaped, np.zeros(2), cycles)
    back = traces_from_packed(packed, 2, 3, cycles=True)
    # Periods are counted 1 to 1023 over and over; 0 is for none.
    np.testing.assert_array_equal(back.period, [[0, 3, 1023], [1, 0, 0]])
    np.testing.assert_array_equal(back.multiplier, [[0, 0.5, 0.25], [0, 0, 0]])
    for of_escapes in (back.direction, back.phase, back.stripes, back.trap):
        np.testing.assert_array_equal(of_escapes, np.where(escaped, 0.5, 0))
    without = traces_from_packed(packed_from_traces(traces, escaped, np.zeros(2)), 2, 3)
    assert without.period is without.multiplier is None
    joined = type(back).joined([back.rows(slice(0, 1)), back.rows(slice(1, 2))])
    np.testing.assert_array_equal(joined.period, back.period)
    np.testing.assert_array_equal(joined.columns_at(np.array([1])).period, back.period[:, [1]])
