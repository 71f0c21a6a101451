"""The reference orbit in fixed point: faster than library calls, up to some thousand bits.

A number is an array of 64-bit words, the lowest first, in two's complement, with INTEGER_BITS
before the point.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from pipeline.kernels.cpu.scaling import power_of_two
from pipeline.kernels.jit import compiled
from pipeline.kernels.reference import OUTSIDE

# Room for |x + y| |x - y|, up to 16, with a sign and some spare bits.
INTEGER_BITS = 8

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_SIGN = np.uint64(63)
_UP = np.uint64(INTEGER_BITS)
_DOWN = np.uint64(64 - INTEGER_BITS)


@intrinsic
def _multiply_add(typing, a, b, low, middle, high):
    """Return the three words of low + middle·2^64 + high·2^128 + a·b."""
    word = types.uint64
    signature = types.UniTuple(word, 3)(word, word, word, word, word)

    def generate(context, builder, signature, arguments):
        two_words, one_word = ir.IntType(128), ir.IntType(64)
        a, b, low, middle, high = arguments
        product = builder.mul(builder.zext(a, two_words), builder.zext(b, two_words))
        shift = ir.Constant(two_words, 64)
        before = builder.or_(
            builder.zext(low, two_words), builder.shl(builder.zext(middle, two_words), shift)
        )
        after = builder.add(before, product)
        carry = builder.zext(builder.icmp_unsigned("<", after, product), one_word)
        words = [
            builder.trunc(after, one_word),
            builder.trunc(builder.lshr(after, shift), one_word),
            builder.add(high, carry),
        ]
        return cgutils.pack_array(builder, words)

    return signature, generate


@compiled
def _multiply(a, b, out):
    """Fill `out` with the product of two non-negative numbers, cut off below its last word."""
    words = a.size
    low = _ZERO
    middle = _ZERO
    high = _ZERO
    # Columns below these only carry into the bits that are cut off.
    for column in range(words - 2, 2 * words - 1):
        # Unsigned, for numba lets signed indices count from the end, which costs a test each.
        begin = np.uint64(max(0, column - words + 1))
        end = np.uint64(min(column, words - 1) + 1)
        both = np.uint64(column)
        for i in range(begin, end):
            low, middle, high = _multiply_add(a[i], b[both - i], low, middle, high)
        # The product's point stands 2 · INTEGER_BITS from its top: one half word up.
        if column >= words - 1:
            at = column - words
            if at >= 0:
                out[at] |= low << _UP
            if at + 1 < words:
                out[at + 1] = low >> _DOWN
        low = middle
        middle = high
        high = _ZERO
    out[words - 1] |= low << _UP


@compiled
def _add(a, b, out):
    """Fill `out` with a + b."""
    carry = _ZERO
    for i in range(a.size):
        part = a[i] + b[i]
        over = _ONE if part < a[i] else _ZERO
        total = part + carry
        carry = over + (_ONE if total < part else _ZERO)
        out[i] = total


@compiled
def _negate(a):
    """Turn the sign of a number."""
    carry = _ONE
    for i in range(a.size):
        total = ~a[i] + carry
        carry = _ONE if total < carry else _ZERO
        a[i] = total


@compiled
def _absolute(a, out):
    """Fill `out` with the absolute value of a number; tell whether it was negative."""
    for i in range(a.size):
        out[i] = a[i]
    if a[a.size - 1] >> _SIGN:
        _negate(out)
        return True
    return False


@compiled
def _rounded(a, scratch):
    """Return a number as float64, rounded to nearest."""
    negative = _absolute(a, scratch)
    top = a.size - 1
    while top >= 0 and scratch[top] == _ZERO:
        top -= 1
    if top < 0:
        return 0.0
    shift = _ZERO
    while (scratch[top] << shift) >> _SIGN == _ZERO:
        shift += _ONE
    word = scratch[top] << shift
    lost = _ZERO
    if top > 0:
        if shift > _ZERO:
            word |= scratch[top - 1] >> (np.uint64(64) - shift)
            lost = scratch[top - 1] << shift
        else:
            lost = scratch[top - 1]
        for i in range(top - 1):
            lost |= scratch[i]
    # One bit for all that is below: a tie is one only if nothing is.
    if lost != _ZERO:
        word |= _ONE
    exponent = 64 * (top - a.size) + INTEGER_BITS - np.int64(shift)
    value = np.float64(word) * power_of_two(exponent)
    return -value if negative else value


@compiled
def iterate(x, y, c_x, c_y, values):
    """Take z = x + iy along z² + c, and fill `values`, shape (steps, 2), with where it comes.

    Parameters
    ----------
    x, y, c_x, c_y : ndarray of uint64, shape (words,)
        Numbers of absolute value 2 at most, or barely more; `x` and `y` are brought to the last
        value.

    Returns
    -------
    int
        The steps done: up to the first with a square beyond OUTSIDE, included.
    """
    words = x.size
    total = np.empty(words, np.uint64)
    gap = np.empty(words, np.uint64)
    first = np.empty(words, np.uint64)
    second = np.empty(words, np.uint64)
    product = np.zeros(words, np.uint64)
    for step in range(values.shape[0]):
        # x² - y² as (x + y)(x - y).
        _add(x, y, total)
        for i in range(words):
            gap[i] = y[i]
        _negate(gap)
        _add(x, gap, gap)
        minus = _absolute(x, first) != _absolute(y, second)
        _multiply(first, second, product)
        if minus:
            _negate(product)
        _add(product, product, product)
        _add(product, c_y, y)
        minus = _absolute(total, first) != _absolute(gap, second)
        _multiply(first, second, product)
        if minus:
            _negate(product)
        _add(product, c_x, x)
        re = _rounded(x, first)
        im = _rounded(y, first)
        values[step, 0] = re
        values[step, 1] = im
        if re * re + im * im > OUTSIDE:
            return step + 1
    return values.shape[0]
