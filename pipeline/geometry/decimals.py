"""Exact decimal numbers: as many digits as were typed, and any exponent."""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

# Room for every sum and product of admitted numbers; each use names its own precision.
MAX_DIGITS = 100_000
MAX_EXPONENT = 100_000
_LOG2_QUANTUM = Decimal("1e-12")


def context(digits: int) -> Context:
    """Return a decimal context of some significant digits, and no practical exponent limit."""
    return Context(prec=digits, rounding=ROUND_HALF_EVEN, Emin=-999_999_999, Emax=999_999_999)


def canonical_text(number: Decimal) -> str:
    """Return one and the same text for equal numbers, whatever zeros they were typed with.

    Examples
    --------
    >>> canonical_text(Decimal("-0.7500")), canonical_text(Decimal("75e-2"))
    ('-75e-2', '75e-2')
    """
    if not number:
        return "0"
    # Through the number's own text: a tuple of its digits is slow for thousands of them.
    digits = str(number.copy_abs()).partition("E")[0].replace(".", "").strip("0")
    exponent = number.adjusted() - len(digits) + 1
    return f"{'-' if number.is_signed() else ''}{digits}e{exponent}"


def short_text(number: Decimal) -> str:
    """Return a number as text for people, with at most six digits: ``1e-10``, ``3.5``, ``720``."""
    return f"{number:.6g}".replace("e+", "e")


def decimal_exponent(number: Decimal) -> int:
    """Return the power of ten of a number's first digit: -3 for 0.0015; 0 for zero."""
    return number.adjusted() if number else 0


def difference(first: Decimal, second: Decimal) -> Decimal:
    """Return the exact difference of two numbers."""
    lowest = min(int(number.as_tuple().exponent) for number in (first, second))
    highest = max(decimal_exponent(first), decimal_exponent(second))
    return context(max(highest - lowest, 0) + 2).subtract(first, second)


def log2(number: Decimal) -> float:
    """Return the logarithm of a positive number of any size."""
    exponent = decimal_exponent(number)
    mantissa = float(context(20).scaleb(number, -exponent))
    return math.log2(mantissa) + exponent * math.log2(10.0)


def octaves_between(first: Decimal, second: Decimal) -> Fraction:
    """Return log2 of first / second, rounded to twelve decimals: the same on every machine.

    Decimal logarithms are rounded correctly, which those of a C library need not be.
    """
    numbers = context(40)
    ratio = numbers.ln(numbers.divide(first, second))
    octaves = numbers.divide(ratio, numbers.ln(Decimal(2)))
    return Fraction(numbers.quantize(octaves, _LOG2_QUANTUM))


@lru_cache(maxsize=64)
def split_in_two(number: Decimal) -> tuple[float, float]:
    """Return two float64 that together hold a number to about 32 digits, the larger first."""
    high = float(number)
    exact = context(max(len(number.as_tuple().digits), 20) + 60)
    return high, float(exact.subtract(number, Decimal(high)))
