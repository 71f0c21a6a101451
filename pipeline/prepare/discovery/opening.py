"""Openings of films: the first octaves, in which a zoom is most likely to pass the set."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.config.fault import Position
from pipeline.config.load import Keyframe
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.decimals import log2
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.timeline.leg import Leg
from pipeline.timeline.legs import legs_of

WHOLE = View(Point(Decimal("-0.75"), Decimal(0)), Decimal("3.5"), Decimal(0), 72, 40)
"""First view of a film, small."""
OPENING_VIEWS = 17
"""Number of small views of an opening."""
_STEP_OCTAVES = Fraction(1, 2)
_LIMIT = 1000
# A film is slow at first: two neighbouring views as dark as this are seen, and told.
_DARK = 0.55


def opening_views(center: Point, width: Decimal) -> list[SampleGrid]:
    """Return small views of the opening of a film to a place."""
    leg = leg_to(center, width)
    octaves = Fraction(log2(WHOLE.width) - log2(width))
    parts = [min(_STEP_OCTAVES * view / octaves, Fraction(1)) for view in range(OPENING_VIEWS)]
    views = [leg.view(part, WHOLE.columns, WHOLE.rows) for part in parts]
    return [SampleGrid(view, _LIMIT, FLOAT64) for view in views]


def opens_dark(views: list[NDArray[np.float64]]) -> bool:
    """Tell whether a film is mostly black somewhere in its opening, by smooth counts of its views.

    Smooth counts are NaN where a point does not escape.
    """
    dark = [bool(np.isnan(view).mean() > _DARK) for view in views]
    return any(one and other for one, other in pairwise(dark))


def leg_to(center: Point, width: Decimal) -> Leg:
    """Return the leg of a film from the whole set to a place."""
    first = Keyframe(
        time=Fraction(0), center=WHOLE.center, width=WHOLE.width, rotation=Decimal(0),
        maxiter=_LIMIT, ease="smooth", hold=Fraction(0), position=Position(1, 1),
    )  # fmt: skip  # one call
    # How the target comes to the middle depends on the octaves alone, not on the time.
    end = replace(first, time=Fraction(60), center=center, width=width)
    (leg,) = legs_of([first, end])
    return leg
