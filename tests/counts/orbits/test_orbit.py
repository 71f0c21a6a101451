"""Reference orbits on disk: the same whatever happens to them, and never computed twice."""

import json
import multiprocessing
import os
import signal
import threading
from decimal import Decimal
from pathlib import Path

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.orbit_state import ESCAPED, PERIODIC
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.errors import OrbitError
from pipeline.geometry.decimals import context

pytest.importorskip("numba")

# Seahorse Valley; it stays for longer than any test goes on.
CENTER = (
    Decimal("-0.743643887037158704752191506114774"),
    Decimal("0.131825904205311970493132056385139"),
)
TARGET = Target(CENTER, 192)
FOREVER = 1e9


def files(orbit):
    state = json.loads((orbit.folder / "state.json").read_text())
    # Where it stands on this machine tells how long it took, and the checksum that.
    del state["cpu_s"], state["crc32"]
    return state, (orbit.folder / "values.f64").read_bytes()


def fresh(folder, steps, target=TARGET):
    orbit = Orbit(folder, target)
    return orbit, orbit.extend(steps, FOREVER)


@pytest.mark.parametrize("bits", [128, 192, 1024, 2048, 2112])
def test_its_values_are_those_of_the_orbit_rounded_once(tmp_path, bits):
    orbit, state = fresh(tmp_path, 3000, Target(CENTER, bits))
    assert (state.steps, state.ended) == (3000, None)
    with gmpy2.context(precision=bits + 200):
        c = gmpy2.mpc(gmpy2.mpfr(str(CENTER[0])), gmpy2.mpfr(str(CENTER[1])))
        z = gmpy2.mpc(0)
        for value in orbit.reference(3000).z:
            assert complex(*value) == complex(z)
            z = z * z + c


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_extended_in_pieces_it_is_the_same(tmp_path_factory, stops):
    folder = tmp_path_factory.mktemp("orbit")
    whole, _ = fresh(folder / "whole", 4000)
    pieces = Orbit(folder / "pieces", TARGET)
    for steps in sorted({*stops, 4000}):
        pieces.extend(steps, FOREVER)
    assert files(pieces) == files(whole)


def test_a_larger_maxiter_computes_only_what_is_missing(tmp_path):
    orbit, first = fresh(tmp_path, 2000)
    began = (orbit.folder / "values.f64").read_bytes()
    second = orbit.extend(60_000, FOREVER)
    assert second.steps == 60_000
    assert (orbit.folder / "values.f64").read_bytes().startswith(began)
    again = orbit.extend(60_000, FOREVER)
    assert again.cpu_s == second.cpu_s > first.cpu_s


def test_time_limits_a_piece_and_what_it_did_is_kept(tmp_path):
    orbit = Orbit(tmp_path, TARGET)
    state = orbit.extend(50_000, 0.0)
    assert 0 < state.steps < 50_000
    assert orbit.state().steps == state.steps
    with pytest.raises(OrbitError, match="of 50000 steps"):
        orbit.reference(50_000)


@pytest.mark.parametrize("steps", [1, 2, 10])
def test_an_orbit_that_escapes_ends_inside(tmp_path, steps):
    # 0, 0.5, 0.75, 1.0625, 1.63, 3.15
    _, state = fresh(tmp_path, steps, Target((Decimal("0.5"), Decimal(0)), 128))
    assert state.steps == min(steps, 4)
    assert state.ended == (ESCAPED if steps > 4 else None)


def test_an_orbit_that_starts_outside_has_one_value_more(tmp_path):
    for far in (3, 900):
        target = Target((Decimal(far), Decimal(1)), 128)
        orbit, state = fresh(tmp_path / str(far), 100, target)
        assert (state.steps, state.ended) == (1, ESCAPED)
        assert orbit.reference(100).z.tolist() == [[0.0, 0.0], [far, 1.0]]


# The real root of c³ + 2c² + c + 1.
NUCLEUS_OF_3 = Decimal("-1.75487766624669276004950889635852869189460661777279314398928397064608")


@pytest.mark.parametrize(
    ("center", "period"), [("0", 1), ("-1", 2), (str(NUCLEUS_OF_3), 3), ("-1.3107026413", None)]
)
def test_a_nucleus_wraps_after_its_period(tmp_path, center, period):
    # As many digits as a view of 1e-40 needs; the last nucleus, of period 4, has not enough.
    target = Target((Decimal(center), Decimal(0)), bits_for(Decimal("1e-42")))
    orbit, state = fresh(tmp_path, 5000, target)
    assert state.ended == (PERIODIC if period else None)
    assert state.steps == (period or 5000)
    if period:
        assert orbit.reference(5000).z[-1].tolist() == [0.0, 0.0]


# The smaller in fixed point, the larger in floating point.
@pytest.mark.parametrize(("away", "spacing"), [("1e-300", "1e-560"), ("1e-350", "1e-900")])
def test_values_below_float64_keep_all_their_digits(tmp_path, away, spacing):
    # Just beside the nucleus of period 2, Z₂ is about as far from 0, and so is every second value.
    center = context(400).add(Decimal(-1), Decimal(away))
    target = Target((center, Decimal(0)), bits_for(Decimal(spacing)))
    orbit, _ = fresh(tmp_path, 10, target)
    reference = orbit.reference(10)
    assert reference.tiny_index[:2].tolist() == [2, 4]
    for index, (re, im), exponent in zip(
        reference.tiny_index[:2], reference.tiny, reference.tiny_exponent, strict=False
    ):
        with gmpy2.context(precision=4000):
            c, z = gmpy2.mpfr(str(center)), gmpy2.mpfr(0)
            for _ in range(index):
                z = z * z + c
            right = float(gmpy2.mul_2exp(z, -int(exponent)))
        assert re == pytest.approx(right, rel=1e-15)
        assert 0.5 <= abs(re) < 1
        assert im == 0


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["values.f64", "state.json"])
@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
def test_a_damaged_orbit_is_computed_anew(tmp_path, name, damage):
    orbit, _ = fresh(tmp_path / "damaged", 3000)
    damage(orbit.folder / name)
    orbit.extend(3000, FOREVER)
    whole, _ = fresh(tmp_path / "whole", 3000)
    assert files(orbit)[1] == files(whole)[1]


def test_values_that_no_state_counts_are_written_over(tmp_path):
    """As after a power cut between the two writes."""
    orbit, _ = fresh(tmp_path / "cut", 1500)
    before = (orbit.folder / "state.json").read_bytes()
    orbit.extend(3000, FOREVER)
    (orbit.folder / "state.json").write_bytes(before)
    orbit.extend(2500, FOREVER)
    whole, _ = fresh(tmp_path / "whole", 2500)
    assert files(orbit) == files(whole)


def extend_for_ever(folder):
    orbit = Orbit(folder, TARGET)
    while not orbit.extend(10_000_000, 0.01).suffices(10_000_000):
        pass


@pytest.mark.parametrize("delay_s", [0.15, 0.3, 0.6])
def test_killed_while_it_grows_it_goes_on_from_what_was_stored(tmp_path, delay_s):
    process = multiprocessing.get_context("fork").Process(
        target=extend_for_ever, args=(tmp_path / "killed",)
    )
    process.start()
    threading.Timer(delay_s, os.kill, (process.pid, signal.SIGKILL)).start()
    process.join()
    killed = Orbit(tmp_path / "killed", TARGET)
    came = killed.state().steps
    killed.extend(came + 500, FOREVER)
    whole, _ = fresh(tmp_path / "whole", came + 500)
    assert files(killed)[1] == files(whole)[1]


def test_bits_suffice_for_the_pixels_and_are_whole_words():
    assert bits_for(Decimal("1e-3")) == 128
    for digits in (10, 50, 300, 20_000):
        needed = digits * 3.3219
        assert needed + 64 <= bits_for(Decimal(10) ** -digits) <= needed + 129
        assert bits_for(Decimal(10) ** -digits) % 64 == 0


def test_a_mapped_orbit_costs_no_copy(tmp_path):
    orbit, _ = fresh(tmp_path, 3000)
    z = orbit.reference(2000).z
    assert z.shape == (2001, 2)
    base = z
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base, np.memmap)
