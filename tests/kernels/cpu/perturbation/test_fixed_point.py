"""The orbit in fixed point against Python's integers."""

import importlib
import os

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kernels.reference import OUTSIDE

pytest.importorskip("numba")
if os.environ.get("NUMBA_DISABLE_JIT") == "1":
    pytest.skip("numba's own arithmetic, which is not interpreted", allow_module_level=True)
fixed_point = importlib.import_module("pipeline.kernels.cpu.perturbation.fixed_point")


def words_of(number, words):
    data = (number % (1 << (64 * words))).to_bytes(8 * words, "little")
    return np.frombuffer(data, "<u8").astype(np.uint64)


def rounded(number, bits):
    """A fraction of 2**bits as float64, rounded once by gmpy2."""
    with gmpy2.context(precision=4000):
        return float(gmpy2.mul_2exp(gmpy2.mpfr(number), -bits))


@given(st.integers(2, 33), st.data())
@settings(max_examples=200, deadline=None)
def test_steps_are_those_of_integers_rounded_once(words, data):
    bits = 64 * words - fixed_point.INTEGER_BITS
    part = st.integers(-(2 << bits), 2 << bits) | st.sampled_from(
        [0, 1, -1, 1 << bits, -(1 << bits)]
    )
    x, y, a, b = (data.draw(part) for _ in range(4))
    values = np.full((3, 2), np.nan)
    done = fixed_point.iterate(*(words_of(part, words) for part in (x, y, a, b)), values)
    for step in range(done):
        # Cut towards 0, as the words beyond the last are.
        gap, product = (x + y) * (x - y), 2 * x * y
        x, y = (
            (abs(exact) >> bits) * (1 if exact >= 0 else -1) + c
            for exact, c in ((gap, a), (product, b))
        )
        for value, exact in zip(values[step], (x, y), strict=True):
            # The cut columns, and cutting before doubling, cost some units of the last place.
            assert abs(value - rounded(exact, bits)) <= 2.0 ** (
                3 * step + 4 - min(bits, 900)
            ) + abs(np.spacing(value))
        size = rounded(x, bits) ** 2 + rounded(y, bits) ** 2
        # Not 4: orbits are followed until they are clearly outside.
        if size > OUTSIDE:
            assert done == step + 1
            return
    assert done == len(values)
