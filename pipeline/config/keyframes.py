"""Rules between keyframes, of the view or of colour, checked on values as they were typed."""

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from typing import Any

from pipeline.config.keys import MISSING
from pipeline.config.model import KeyframeModel
from pipeline.config.speeds import Travel, seconds_at, stops
from pipeline.geometry.decimals import context, octaves_between, short_text

Fault = tuple[tuple[str | int, ...], str]


def keyframe_faults(keyframes: Any) -> Iterator[Fault]:
    """Yield the path and fault of keyframes that break a rule."""
    for k, keyframe in enumerate(keyframes if isinstance(keyframes, list) else []):
        if not isinstance(keyframe, dict):
            continue
        if "width" in keyframe and "zoom" in keyframe:
            yield (k, "zoom"), "says the same as width; keep one of them"
        if not {"width", "zoom"} & keyframe.keys():
            yield (
                (k,),
                "has no width; add the picture's width on the real axis, such as width: 3.5",
            )
        if k == 0 and "speed" in keyframe:
            yield (0, "speed"), "nothing leads to the first keyframe; write time: 0"
        elif {"time", "speed"} <= keyframe.keys():
            yield (k, "speed"), "says the same as time; keep one of them"
        elif not {"time", "speed"} & keyframe.keys():
            yield (k, "time"), MISSING["time"] + (", or speed: 2 in octaves a second" if k else "")
    first = next(_times(keyframes), None)
    if first is not None and first[0] == 0 and first[1] != 0:
        yield (0, "time"), f"is {short_text(first[1])}; the first is 0"
    yield from time_faults(keyframes, "keyframe")


def width_of(keyframe: KeyframeModel, columns: int, rows: int) -> Decimal:
    """Return the width of a keyframe's picture, which may have a zoom instead.

    Notes
    -----
    Kalles Fraktaler's zoom is 4 / height.
    """
    if keyframe.width is not None:
        return keyframe.width
    assert keyframe.zoom is not None
    exact = context(max(len(keyframe.zoom.as_tuple().digits), 40) + 20)
    height = exact.divide(Decimal(4), keyframe.zoom)
    return exact.divide(exact.multiply(height, columns), rows)


def times_of(
    keyframes: Sequence[KeyframeModel], widths: Sequence[Decimal]
) -> tuple[list[Fraction], list[Fault]]:
    """Return the time of each keyframe, in seconds and exactly, and faults that only they show.

    Times that were typed rise already; those that follow from a speed, and holds, come in between.
    """
    travels = [
        Travel(octaves_between(*pair), keyframe.ease, Fraction(keyframe.hold))
        for pair, keyframe in zip(pairwise(widths), keyframes, strict=False)
    ]
    stopped = stops(travels)
    times = [Fraction(0)]
    faults: list[Fault] = []
    for k, keyframe in enumerate(keyframes[1:], 1):
        travel = travels[k - 1]
        leaves = times[-1] + travel.hold
        if keyframe.speed is not None:
            octaves = abs(travel.distance)
            if not octaves:
                faults.append(
                    (
                        (k, "speed"),
                        "is of no use: the keyframe before is as wide; write a time",
                    )
                )
            stops_at = stopped[k - 1] + stopped[k]
            times.append(leaves + seconds_at(keyframe.speed, octaves, travel.ease, stops_at))
            continue
        assert keyframe.time is not None
        if keyframe.time <= leaves:
            held = " and its hold" if travel.hold else ""
            faults.append(
                (
                    (k, "time"),
                    f"is {short_text(keyframe.time)}, and should be later than the keyframe before"
                    f"{held}, which lasts to {float(leaves):.6g} s",
                )
            )
        times.append(Fraction(keyframe.time))
    return times, faults


def time_faults(keyframes: Any, what: str) -> Iterator[Fault]:
    """Yield the path and fault of times that do not increase."""
    previous: Decimal | None = None
    for k, time in _times(keyframes):
        if previous is not None and time <= previous:
            yield (
                (k, "time"),
                f"is {short_text(time)}, and should be later than the {what} before "
                f"({short_text(previous)})",
            )
        previous = time


def _times(keyframes: Any) -> Iterator[tuple[int, Decimal]]:
    """Yield the times that are numbers; others are faults of their own."""
    for k, keyframe in enumerate(keyframes if isinstance(keyframes, list) else []):
        try:
            time = Decimal(keyframe["time"])
        except (KeyError, TypeError, ValueError, InvalidOperation):
            continue
        if time.is_finite():
            yield k, time
