"""The film's way through its zooms, in the few numbers from which the player finds any moment."""

from fractions import Fraction
from typing import Any

from pipeline.geometry.decimals import context, difference, log2
from pipeline.timeline.leg import Leg
from pipeline.timeline.pace import Pace

# Of a leg's time, until a moment is found to a millionth of it.
_HALVINGS = 20


def leg_facts(leg: Leg, zoom: int, is_last: bool) -> dict[str, Any]:
    """Return what the player knows of a leg; `zoom` is the index of the zoom that it shows.

    The film holds its last picture after the leg that `is_last`.

    Notes
    -----
    Between keyframes the target lies ``offset · g(e)`` from the picture's centre, in widths of the
    picture at that moment, where e is the progress towards the deeper keyframe and g the glide: see
    `Leg.view`. No number here depends on how deep that is, so float64 serves at any depth.
    """
    numbers = context(20)
    right, up = (
        float(numbers.divide(difference(target, middle), leg.shallow.width))
        for target, middle in zip(leg.deep.center, leg.shallow.center, strict=True)
    )
    return {
        "zoom": zoom,
        "hold": float(leg.start.hold),
        "seconds": float(leg.seconds),
        "rest": float(leg.end.hold) if is_last else 0.0,
        "ease": leg.start.ease,
        "zooming": _pace_facts(leg.zooming),
        "turning": _pace_facts(leg.turning),
        "glide": [float(coefficient) for coefficient in leg.glide.coefficients],
        "glideShare": float(leg.glide.share),
        "log2Width": [log2(leg.start.width), log2(leg.end.width)],
        "degrees": [float(leg.start.rotation), float(leg.end.rotation)],
        "offset": [right, up],
        "deeper": leg.deep is leg.end,
    }


def look_seconds(legs: list[Leg], log2_corner: float, octave: float) -> float:
    """Return the time whose look rings of a radius of 2^octave are painted in.

    It is when the film first shows them at the picture's corner, or comes nearest to that.

    Parameters
    ----------
    legs
        The legs that show the zoom, in order.
    log2_corner
        log2 of the distance of the picture's corner from its middle, in widths.
    """
    wanted = octave - log2_corner

    def distance(leg: Leg) -> float:
        widths = log2(leg.start.width), log2(leg.end.width)
        return max(0.0, wanted - max(widths), min(widths) - wanted)

    leg = min(legs, key=distance)
    start, end = log2(leg.start.width), log2(leg.end.width)
    progress = 0.0 if start == end else min(max((wanted - start) / (end - start), 0.0), 1.0)
    before, after = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (before + after) / 2
        if leg.progress(leg.leaves + Fraction(middle) * leg.seconds) < progress:
            before = middle
        else:
            after = middle
    return float(leg.leaves) + after * float(leg.seconds)


def _pace_facts(pace: Pace | None) -> dict[str, float] | None:
    """Return the numbers of a pace; None where a named easing takes its place."""
    if pace is None:
        return None
    names = "ramp", "start", "even", "end"
    return {name: float(getattr(pace, name)) for name in names}
