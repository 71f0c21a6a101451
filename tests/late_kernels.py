"""Compiles what no first run compiles: of finding places and of the explorer, for all tests at once.

Each process of the tests that meets them first would compile them for itself, at the same time.
"""

from decimal import Decimal

import numpy as np

from pipeline.explorer.julia import count_julia
from pipeline.explorer.point import point_facts
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.prepare.places.survey import find_misiurewicz, find_nucleus


def compile_late_kernels() -> None:
    """Compile the kernels that are compiled when they are first used."""
    # Without a table of stretches, and with one.
    for width in ("1e-2", "1e-20"):
        view = View(Point(Decimal(0), Decimal(1)), Decimal(width), Decimal(0), 64, 36)
        find_nucleus(view)
        find_misiurewicz(view)
    count_julia(0.3, 0.5, 0.1, 10, 1e6, np.empty((4, 6)))
    for re in ("-1.02", "2"):
        view = View(Point(Decimal(re), Decimal("0.03")), Decimal(1), Decimal(0), 64, 36)
        point_facts(view, 32, 18, 1000, lambda: None)


if __name__ == "__main__":
    compile_late_kernels()
