"""The place of a view that stands out: its nucleus or its spiral, found while the page waits."""

import math
from decimal import Decimal
from typing import Any, Literal

from pipeline.errors import PipelineError
from pipeline.explorer.wire import plain_text, width_text
from pipeline.explorer.work import Check
from pipeline.geometry.decimals import context
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.prepare.places.place import Candidate, Misiurewicz, Nucleus, framing_width
from pipeline.prepare.places.search import Search, Seen
from pipeline.prepare.places.survey import survey

# Width that frames a place, in sizes of it.
_FIT = Decimal(4)
# Digits of a width that frames a place.
_WIDTH_DIGITS = 6
# Spirals that are tried before another kind of point is taken.
_TRIED = 4

# Of the whole set, whose size is 1: where its middle is from its nucleus, and how far it reaches.
_MIDDLE, _RADIUS = -0.75, 1.3
_LARGEST_PX = 1e6

Kind = Literal["nucleus", "spiral"]


class NothingFoundError(PipelineError):
    """There is no such place in the view, or none that could be found."""


def find_place(view: View, kind: Kind, check: Check) -> dict[str, Any]:
    """Return the place of a view that stands out, as the page is told of it.

    Raises
    ------
    NothingFoundError
        There is none; the message says why.
    """
    if kind == "nucleus":
        search = Search(view, tell=lambda _: check())
        lowest = search.lowest_nucleus()
        candidates = [] if lowest is None else [lowest]
    else:
        seen = survey(view, say=lambda _: None, check=check)
        search, points = seen.search, seen.points
        spirals = [each for each in points if _is_spiral(each)]
        candidates = [*spirals[:_TRIED], *points[:_TRIED]]
    for candidate in candidates:
        check()
        framed = framing_width(candidate.size, view.width, _FIT)
        place = search.exact(candidate, framed)
        if place is not None:
            return _told(view, place, candidate, framed)
    if search.sight.seen != Seen.PLACES or kind == "nucleus":
        raise NothingFoundError(search.sight.reason)
    raise NothingFoundError("no spiral was found here; try a smaller or a larger view")


def _is_spiral(candidate: Candidate) -> bool:
    place = candidate.at(Point(Decimal(0), Decimal(0)))
    return isinstance(place, Misiurewicz) and place.is_spiral


def _told(
    view: View, place: Nucleus | Misiurewicz, candidate: Candidate, framed: Decimal
) -> dict[str, Any]:
    numbers = context(20)
    spacing = view.spacing()
    offset = candidate.offset
    own: dict[str, Any] = {
        "re": plain_text(place.center.re),
        "im": plain_text(place.center.im),
        "width": width_text(context(_WIDTH_DIGITS).plus(framed)),
        "x": view.columns / 2 + offset.real * view.columns,
        "y": view.rows / 2 - offset.imag * view.columns,
        "period": place.period,
    }
    if isinstance(place, Nucleus):
        # A ring around all of it, from its tip to its seat.
        size = min(float(numbers.divide(place.size, spacing)), _LARGEST_PX)
        turn = math.radians(place.turn - float(view.rotation))
        own["x"] += _MIDDLE * size * math.cos(turn)
        own["y"] -= _MIDDLE * size * math.sin(turn)
        return {
            **own,
            "kind": "minibrot",
            "radius": _RADIUS * size,
            "turn": round(place.turn, 1),
        }
    radius = float(numbers.divide(place.reach, spacing))
    return {
        **own,
        "kind": "spiral" if place.is_spiral else "tip or hub",
        "preperiod": place.preperiod,
        "radius": min(radius, _LARGEST_PX),
        "turn": round(place.turn, 1),
    }
