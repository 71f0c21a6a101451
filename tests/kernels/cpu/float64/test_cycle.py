"""Cycles of interior points against the formulas of the largest components."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")
from pipeline.kernels.cpu.traces.float64 import cycles  # needs numba

sizes = st.floats(0.01, 0.95)
angles = st.floats(0, 2 * np.pi)


def found(c):
    periods, multipliers, steps = cycles(np.array([c.real]), np.array([c.imag]), 20_000)
    assert steps > 0
    return int(periods[0]), complex(multipliers[0])


@given(size=sizes, angle=angles)
@settings(deadline=None, max_examples=40)
def test_the_cardioid_has_period_1(size, angle):
    multiplier = size * np.exp(1j * angle)
    # c = λ/2 - λ²/4: A. Douady and J. H. Hubbard, 1982.
    period, there = found(multiplier / 2 - multiplier**2 / 4)
    assert period == 1
    assert there == pytest.approx(multiplier, abs=1e-7)


@given(size=sizes, angle=angles)
@settings(deadline=None, max_examples=40)
def test_the_disc_about_minus_1_has_period_2(size, angle):
    multiplier = size * np.exp(1j * angle)
    period, there = found(multiplier / 4 - 1)
    assert period == 2
    assert there == pytest.approx(multiplier, abs=1e-7)


@pytest.mark.parametrize(
    ("nucleus", "period"),
    [(-1.7548776662466927, 3), (-0.12256116687665362 + 0.7448617666197442j, 3), (-1.3107026413368329, 4)],
)  # fmt: skip  # a list of places
def test_a_nucleus_has_multiplier_0(nucleus, period):
    there, multiplier = found(complex(nucleus))
    assert there == period
    assert abs(multiplier) < 1e-6


def test_what_escapes_has_no_cycle():
    assert found(0.3 + 0j)[0] == 0
