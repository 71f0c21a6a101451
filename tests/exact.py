"""Counts by integers of any size: slow, obvious, and exact to as many bits as are asked for."""

from decimal import Decimal, localcontext

import gmpy2


def exact_count(re: Decimal, im: Decimal, maxiter: int, bits: int = 200) -> int:
    """Return the article's count of a point, in fixed point with `bits` after the point."""
    with localcontext() as context:
        context.prec = 200
        one = Decimal(2) ** bits
        a, b = int((re * one).to_integral_value()), int((im * one).to_integral_value())
    x, y = a, b
    limit = 4 << (2 * bits)
    for n in range(maxiter):
        xx, yy = x * x, y * y
        if xx + yy > limit:
            return n
        x, y = ((xx - yy) >> bits) + a, ((2 * x * y) >> bits) + b
    return maxiter


def deep_count(re: Decimal, im: Decimal, maxiter: int, bits: int) -> int:
    """Return the same in gmpy2's floating point: quicker where many bits are asked for."""
    with gmpy2.context(gmpy2.get_context(), precision=bits):
        a, b = gmpy2.mpfr(str(re)), gmpy2.mpfr(str(im))
        x, y = a, b
        for n in range(maxiter):
            if x * x + y * y > 4:
                return n
            xy = x * y
            x, y = (x + y) * (x - y) + a, xy + xy + b
    return maxiter


def pixel_point(view, row: int, column: int) -> tuple[Decimal, Decimal]:
    """Return a pixel's point by the design's formula, in decimals, without rotation."""
    with localcontext() as context:
        context.prec = 100 - min(0, view.width.adjusted())
        spacing = view.width / view.columns
        re = (
            view.center[0]
            + (Decimal(column) + Decimal("0.5") - Decimal(view.columns) / 2) * spacing
        )
        im = view.center[1] + (Decimal(view.rows) / 2 - row - Decimal("0.5")) * spacing
        return re, im
