"""Newton's method in as many bits as a root needs, from a point near it."""

import math
from decimal import Decimal
from typing import Any, NamedTuple

import gmpy2
import numpy as np
from gmpy2 import mpc, mpfr
from numpy.typing import NDArray

from pipeline.geometry.point import Point
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.kernels.reference import Reference
from pipeline.prepare.places.equation import Equation, Nearby, Scaled, surroundings

_TRIES = 64
# Bits beyond those of the root, for what an orbit's roundings add up to.
_GUARD_BITS = 48
# Up to here the orbit in compiled fixed point and a derivative in float64, which gives these bits a
# step, are faster than a derivative in full.
_FAST_BITS = 1024
_FAST_GAIN = 44


class Start(NamedTuple):
    """A point from which Newton's method converges."""

    center: Point
    offset: Scaled
    """Offset of the point from the centre."""
    error_log2: float
    """log2 of its distance from the root."""
    scale_log2: float
    """log2 of the distance within which the equation is nearly linear."""


def solved(equation: Equation, start: Start, goal_log2: float) -> Point | None:
    """Return the root to within 2^goal_log2; None where Newton's method does not lead to it.

    Notes
    -----
    The error after a step is about its square before, over the scale. Each step is computed in the
    bits of the error that it leaves, so that all together cost little more than the last.
    """
    error = start.error_log2
    scale = start.scale_log2
    goal = min(goal_log2, error)
    most_bits = math.ceil(_GUARD_BITS + 2 * math.log2(sum(equation.indices)) - goal) + 64
    with gmpy2.context(precision=most_bits):
        at = mpc(*(mpfr(str(part)) for part in start.center))
        offset = start.offset
        at += mpc(
            gmpy2.mul_2exp(mpfr(offset.mantissa.real), offset.exponent),
            gmpy2.mul_2exp(mpfr(offset.mantissa.imag), offset.exponent),
        )
    for _ in range(_TRIES):
        fast = HAVE_NUMBA and most_bits <= _FAST_BITS
        gain = max(error - max(2 * error - scale, goal), 16.0)
        if fast:
            gain = min(gain, _FAST_GAIN)
        bits = most_bits - math.floor(max(error - gain - goal, 0.0))
        step = _fast_step(equation, at, bits) if fast else _step(equation, at, bits, gain)
        if step is None or not gmpy2.is_finite(step):
            return None
        with gmpy2.context(precision=most_bits):
            at -= step
        size = _log2(step)
        # How far it was is known only now.
        if size > error + 8 and size > start.error_log2 + 3:
            return None
        error = max(2 * size - scale, size - (_FAST_GAIN if fast else gain), goal - 1)
        if size <= goal or error <= goal:
            return _point(at, goal)
    return None


def _step(equation: Equation, c: Any, bits: int, gain: float) -> Any:
    """Return Σ z_n / Σ dz_n/dc, the sum in `bits` bits, the derivative in those that it gains."""
    low = gmpy2.context(precision=math.ceil(gain) + _GUARD_BITS)
    shorten, multiply, add = low.plus, low.mul, low.add
    wanted = equation.indices
    with gmpy2.context(precision=bits) as numbers:
        square = numbers.square
        c = numbers.plus(c)
        z, slope = c, mpc(1)
        value, slopes = mpc(0), mpc(0)
        for n in range(1, wanted[-1] + 1):
            if n in wanted:
                value, slopes = value + z, add(slopes, slope)
            half = multiply(shorten(z), slope)
            slope = add(add(half, half), 1)
            z = square(z) + c
        return value / slopes if slopes != 0 else None


def _fast_step(equation: Equation, c: Any, bits: int) -> Any:
    """Return the same, with the orbit in compiled fixed point and the derivative in float64."""
    from pipeline.kernels.cpu.perturbation.fixed_point import INTEGER_BITS, iterate

    size = -(-(bits + INTEGER_BITS) // 64)
    fraction_bits = 64 * size - INTEGER_BITS

    def words(number: Any) -> NDArray[np.uint64]:
        whole = int(gmpy2.rint(gmpy2.mul_2exp(number, fraction_bits)))
        return np.frombuffer(whole.to_bytes(8 * size, "little", signed=True), "<u8").astype("u8")

    def number(words: NDArray[np.uint64]) -> Any:
        whole = int.from_bytes(words.astype("<u8").tobytes(), "little", signed=True)
        return gmpy2.mul_2exp(mpfr(whole), -fraction_bits)

    with gmpy2.context(precision=64 * size):
        c_words = words(c.real), words(c.imag)
        z = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        value = mpc(0)
        pieces = [np.zeros((1, 2))]
        done = 0
        for n in equation.indices:
            values = np.empty((n - done, 2))
            if iterate(*z, *c_words, values) < n - done:
                return None
            pieces.append(values)
            value += mpc(number(z[0]), number(z[1]))
            done = n
        none = np.empty(0, np.int64)
        reference = Reference(np.concatenate(pieces), none, np.empty((0, 2)), none)
        step = Nearby(surroundings(reference, closes=False), 0).step(equation, 0j)
        if step is None or not step.slope.mantissa:
            return None
        slope = mpc(step.slope.mantissa)
        return gmpy2.mul_2exp(value / slope, -step.slope.exponent)


def _log2(number: Any) -> float:
    # The larger part's: gmpy2 takes a complex 0 for true.
    part = max(abs(number.real), abs(number.imag))
    if not part:
        return -math.inf
    exponent = gmpy2.get_exp(part)
    return float(exponent + math.log2(float(gmpy2.mul_2exp(part, -exponent))))


def _point(at: Any, error_log2: float) -> Point:
    """Return a root with the decimals that its error leaves."""
    places = max(1, math.ceil(-error_log2 * math.log10(2.0)))
    return Point(*(Decimal(f"{part:.{places}f}") for part in (at.real, at.imag)))
