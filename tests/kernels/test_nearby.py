"""Scaled numbers, and orbits near a reference, against numbers of any precision."""

import math
import os

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpc, mpfr
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.cpu.perturbation.nearby import FOUND, OUTSIDE, UNDECIDED, first_zero
from pipeline.kernels.cpu.scaled import absolute, add, is_smaller, log2_of, multiply, scaled
from pipeline.kernels.reference import Reference
from pipeline.prepare.places.equation import Equation, Nearby, surroundings

PARTS = st.floats(-2.0, 2.0, allow_subnormal=False)
NUMBERS = st.tuples(PARTS, PARTS, st.integers(-9000, 9000))


def exact(number):
    with gmpy2.context(precision=30000):
        return gmpy2.mul_2exp(mpc(mpfr(number[0]), mpfr(number[1])), int(number[2]))


def near(number, wanted, error=2.0**-50):
    with gmpy2.context(precision=30000):
        return abs(exact(number) - wanted) <= error * abs(wanted)


@given(NUMBERS, NUMBERS)
@settings(deadline=None)
def test_scaled_numbers_are_numbers_of_any_size(a, b):
    x, y = scaled(*a), scaled(*b)
    with gmpy2.context(precision=30000):
        assert near(x, exact(a), 0.0)
        assert near(multiply(x, y), exact(x) * exact(y))
        assert near(absolute(x), abs(exact(x)))
        wanted = exact(x) + exact(y)
        # Cancellation leaves the error of the larger.
        assert abs(exact(add(x, y)) - wanted) <= 2.0**-50 * max(abs(exact(x)), abs(exact(y)))
        size_x, size_y = abs(exact(x)), abs(exact(y))
        if abs(size_x - size_y) > 1e-9 * size_x:
            assert is_smaller(x, y) == (size_x < size_y)
    if a[0] or a[1]:
        assert max(abs(x[0]), abs(x[1])) >= 1.0
        assert math.isclose(log2_of(x), math.log2(math.hypot(a[0], a[1])) + a[2], abs_tol=1e-9)


def reference_of(c, steps, bits=300):
    """Return the orbit of a point, which does not escape."""
    values = [(0.0, 0.0)]
    with gmpy2.context(precision=bits):
        z = mpc(0)
        for _ in range(steps):
            z = z * z + c
            values.append((float(z.real), float(z.imag)))
    none = np.empty(0, np.int64)
    return Reference(np.array(values), none, np.empty((0, 2)), none)


@pytest.mark.parametrize("width_log2", [-60, -200])
def test_derivatives_agree_with_long_arithmetic_with_and_without_a_table(width_log2):
    """At a Misiurewicz point with long orbits: c = i and a bit."""
    steps, offset = 400, 0.3 - 0.4j
    with gmpy2.context(precision=600):
        c = mpc(0, 1)
        point = c + gmpy2.mul_2exp(mpc(offset), width_log2)
        z, slope, product = point, mpc(1), mpc(1)
        wanted = {}
        for n in range(1, 60):
            wanted[n] = z, slope, product
            slope, product, z = 2 * z * slope + 1, 2 * z * product, z * z + point
    reference = reference_of(c, steps)
    # Tables are only built by compiled code, to which log2(0) is no error.
    compiled = os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
    for exponent in (None, width_log2) if compiled else (None,):
        nearby = Nearby(surroundings(reference, False, exponent), width_log2)
        for equation in (Equation(0, 57), Equation(11, 46)):
            step = nearby.step(equation, offset)
            for jet, n in zip(step.jets, equation.indices, strict=True):
                for found, right in zip(jet, wanted[n], strict=True):
                    assert near((*_parts(found.mantissa), found.exponent), right, 1e-9)


def _parts(number):
    return number.real, number.imag


@pytest.mark.parametrize(
    ("c", "width_log2", "outcome", "index"),
    [
        # About 0, where period 1 is; about -1; beside the set; inside, where no nucleus is near.
        (0.001, -6, FOUND, 1),
        (-1.001, -6, FOUND, 2),
        (-1.7548, -8, FOUND, 3),
        (0.4 + 0.5j, -12, OUTSIDE, None),
        (-0.1 + 0.1j, -8, UNDECIDED, None),
    ],
)
def test_the_image_of_a_disc_first_holds_zero_at_the_lowest_period(c, width_log2, outcome, index):
    values, z = [(0.0, 0.0)], 0.0
    while len(values) <= 60 and abs(z) <= 2.0:
        z = z * z + c
        values.append((complex(z).real, complex(z).imag))
    escaped = len(values) <= 60
    none = np.empty(0, np.int64)
    kept = np.array(values[:-1] if escaped else values)
    around = surroundings(Reference(kept, none, np.empty((0, 2)), none), escaped)
    found = first_zero(around, 0.0, 0.0, 1.0, width_log2, 60)
    assert found[0] == outcome
    if index is not None:
        assert found[1] == index
