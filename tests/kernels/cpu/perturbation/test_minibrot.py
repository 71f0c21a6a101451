"""The inside of a deep minibrot against arbitrary precision."""

import math
from decimal import Decimal

import gmpy2
import numpy as np
import pytest

from pipeline.counts.orbits.target import Target, bits_for
from tests.kernels.locations import compiled_only, location

minibrot = pytest.importorskip("pipeline.kernels.cpu.perturbation.minibrot")
pytestmark = compiled_only

# In the cardioid, in the disc about -1, in a bulb of period 3, beside its nucleus.
PLACES = [(-0.3 + 0.2j, 1), (-1.1 + 0.05j, 2), (-0.1126 + 0.7349j, 3)]
CONVERGED = 30
PRECISION = 4096
DIGITS = 1225


def size_of(c, period):
    """Return the minibrot's size by its formula, in as many bits as the context has."""
    z, scale, total = c, gmpy2.mpc(1), gmpy2.mpc(1)
    for _ in range(1, period):
        scale *= 2 * z
        total += 1 / scale
        z = z * z + c
    return 1 / (total * scale * scale)


def multiplier_of(c, period):
    """Return the multiplier of the cycle of a known period that the orbit of 0 is drawn to."""
    z = gmpy2.mpc(0)
    for _ in range(CONVERGED * period):
        z = z * z + c
    product, end = gmpy2.mpc(1), z
    for _ in range(period):
        product *= 2 * end
        end = end * end + c
    assert abs(end - z) < 1e-6 * abs(z)
    return complex(product)


def nucleus_near(c, period):
    """Return the nucleus of a period by Newton's method."""
    for _ in range(6):
        z, slope = c, gmpy2.mpc(1)
        for _ in range(1, period):
            slope = 2 * z * slope + 1
            z = z * z + c
        c -= z / slope
    return c


@pytest.fixture(scope="module")
def nucleus(references):
    """Return a nucleus near a place at 1e-1000, whose minibrot is 1e-1097 large, and its orbit."""
    view, maxiter = location("e1000")
    near = Target(view.center, bits_for(view.spacing()))
    state = references.orbit(near).extend(maxiter, math.inf)
    assert state.ended == "periodic"
    with gmpy2.context(gmpy2.get_context(), precision=PRECISION):
        c = nucleus_near(gmpy2.mpc(*map(gmpy2.mpfr, map(str, near.center))), state.steps)
        center = tuple(Decimal(f"{part:.{DIGITS}f}") for part in (c.real, c.imag))
    target = Target(center, PRECISION - 128)
    orbit = references.orbit(target)
    assert orbit.extend(maxiter, math.inf).ended == "periodic"
    return orbit.reference(maxiter), target


@pytest.mark.parametrize(
    ("place", "period"),
    [PLACES[0], *(pytest.param(*each, marks=pytest.mark.slow) for each in PLACES[1:])],
)
def test_cycles_are_those_of_arbitrary_precision(nucleus, place, period):
    reference, target = nucleus
    steps = reference.steps
    with gmpy2.context(gmpy2.get_context(), precision=PRECISION):
        center = gmpy2.mpc(*(gmpy2.mpfr(str(part)) for part in target.center))
        offset = size_of(center, steps) * place
        exponent = max(gmpy2.get_exp(part) for part in (offset.real, offset.imag))
        w = complex(offset * gmpy2.mpfr(2) ** -exponent)
        truth = multiplier_of(center + offset, period * steps)
    periods, multipliers, iterations = minibrot.cycles(
        reference, exponent, np.array([w.real]), np.array([w.imag]), 1000 * steps
    )
    assert iterations > steps
    assert periods[0] == period * steps
    assert multipliers[0] == pytest.approx(truth, abs=1e-6)


def test_what_is_far_from_the_minibrot_has_no_cycle(nucleus):
    reference, _ = nucleus
    periods, _, _ = minibrot.cycles(reference, -60, np.ones(2), np.zeros(2), 100_000)
    assert not periods.any()


def test_a_reference_that_is_no_nucleus_tells_nothing(references):
    view, _ = location("5e113")
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(2000, math.inf)
    reference = references.orbit(target).reference(1000)
    periods, _, iterations = minibrot.cycles(reference, -400, np.ones(1), np.zeros(1), 1000)
    assert (periods[0], iterations) == (0, 0)
