"""A run of pixels in log-polar coordinates, in code that LLVM vectorises.

All values of the pixels are in one array with constant offsets: with separate arrays LLVM would
have to assume that a store to one changes the others.
"""

import math

import numpy as np

from pipeline.kernels.jit import compiled, inlined

RUN = 256
"""Largest number of pixels of a run."""

# Offsets of the array's rows; the last ones hold whole numbers, through an integer view.
DEPTH, TURNS, DETAIL, RED, GREEN, BLUE, ACROSS, DOWN, SIZE, RIGHT, UP = (
    np.uint64(row * RUN) for row in range(11)
)
TEXEL, CORNER_0, CORNER_1, CORNER_2, CORNER_3, CLASS = (
    np.uint64(row * RUN) for row in range(11, 17)
)
RUN_SIZE = 17 * RUN

_ONE = np.float32(1)
_HALF = np.float32(0.5)
MANTISSA = np.int32((1 << 23) - 1)
EXPONENT_OF_ONE = np.int32(127 << 23)
_PER_TURN = np.float32(1 / (2 * math.pi))
_TWO_LOG2_E = np.float32(2 / math.log(2))
_THIRD, _FIFTH, _SEVENTH, _NINTH = (np.float32(1 / n) for n in (3, 5, 7, 9))
# Coefficients of the odd powers from 1 to 11 of the arc tangent on 0 to 1, by minimax.
_ATAN_1, _ATAN_3, _ATAN_5, _ATAN_7, _ATAN_9, _ATAN_11 = map(
    np.float32, (0.99997726, -0.33262347, 0.19354346, -0.11643287, 0.05265332, -0.01172120)
)
# In squared pixels: keeps a pixel on the target itself from having radius 0.
_LEAST = np.float32(1e-6)


@inlined
def turns_of(real, imaginary):
    """Return the angle of a point in turns, 0 to 1."""
    wide = abs(real)
    high = abs(imaginary)
    slope = min(wide, high) / (max(wide, high) + _LEAST)
    square = slope * slope
    turns = _ATAN_11
    turns = turns * square + _ATAN_9
    turns = turns * square + _ATAN_7
    turns = turns * square + _ATAN_5
    turns = turns * square + _ATAN_3
    turns = turns * square + _ATAN_1
    turns = turns * slope * _PER_TURN
    turns = np.float32(0.25) - turns if high > wide else turns
    turns = _HALF - turns if real < np.float32(0) else turns
    turns = _ONE - turns if imaginary < np.float32(0) else turns
    return turns - _ONE if turns >= _ONE else turns


@inlined
def log2_of_mantissa(mantissa):
    """Return log2 of 1 to 2, by the series of the inverse hyperbolic tangent."""
    part = mantissa - _ONE
    s = part / (part + np.float32(2))
    square = s * s
    log2 = _NINTH
    log2 = log2 * square + _SEVENTH
    log2 = log2 * square + _FIFTH
    log2 = log2 * square + _THIRD
    log2 = log2 * square + _ONE
    return s * log2 * _TWO_LOG2_E


@compiled
def to_polar(count, left, up, cosine, sine, top, floats, ints):
    """Fill the depth, turns, and offsets of a run of pixels.

    Parameters
    ----------
    count : int
        Number of pixels in the run.
    left, up : float32
        Offset of the first pixel's centre from the target, to the right and upwards, in pixels.
    cosine, sine : float32
        Cosine and sine of the picture's rotation.
    top : float32
        log2 of the outermost ring's radius in pixels.
    floats : ndarray of float32, shape (RUN_SIZE,)
        Rows of the run. Filled: RIGHT and UP, the offsets before the picture was rotated, in
        pixels; DEPTH, the octaves below the outermost ring; TURNS, the angle in turns, 0 to 1.
    ints : ndarray of int32, shape (RUN_SIZE,)
        The same memory as `floats`.
    """
    for x in range(count):
        x = np.uint64(x)
        right = left + np.float32(np.int32(x))
        real = right * cosine - up * sine
        imaginary = right * sine + up * cosine
        floats[RIGHT + x] = real
        floats[UP + x] = imaginary
        floats[SIZE + x] = real * real + imaginary * imaginary + _LEAST
        floats[TURNS + x] = turns_of(real, imaginary)
    for x in range(count):
        x = np.uint64(x)
        raw = ints[SIZE + x]
        floats[DEPTH + x] = np.float32((raw >> np.int32(23)) - np.int32(127))
        ints[SIZE + x] = np.int32((raw & MANTISSA) | EXPONENT_OF_ONE)
    for x in range(count):
        x = np.uint64(x)
        log2 = floats[DEPTH + x] + log2_of_mantissa(floats[SIZE + x])
        floats[DEPTH + x] = top - _HALF * log2
