"""Rules between keyframes, of the view or of colour, checked on values as they were typed."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from pydantic_core import PydanticCustomError

from pipeline.config.beats import MAX_SECONDS, Beats, Tempo, Time, seconds_from, time_from
from pipeline.config.keys import MISSING
from pipeline.config.model import KeyframeModel
from pipeline.config.speeds import Travel, seconds_at, stops
from pipeline.geometry.decimals import context, decimal_exponent, octaves_between, short_text
from pipeline.geometry.point import Point

Fault = tuple[tuple[str | int, ...], str]


def keyframe_faults(keyframes: Any, tempo: Tempo | None) -> Iterator[Fault]:
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
    first = next(_times(keyframes, tempo), None)
    if first is not None and first[0] == 0 and first[1] != 0:
        yield (0, "time"), f"is {first[2]}; the first is 0"
    yield from time_faults(keyframes, "keyframe", tempo)


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
    keyframes: Sequence[KeyframeModel], widths: Sequence[Decimal], tempo: Tempo | None
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
        time = seconds_from(keyframe.time, tempo)
        assert time is not None
        if time <= leaves:
            held = " and its hold" if travel.hold else ""
            faults.append(
                (
                    (k, "time"),
                    f"is {float(time):g}, and should be later than the keyframe before"
                    f"{held}, which lasts to {float(leaves):.6g} s",
                )
            )
        times.append(time)
    return times, faults


def time_faults(keyframes: Any, what: str, tempo: Tempo | None) -> Iterator[Fault]:
    """Yield the path and fault of times that do not increase, or are too late."""
    previous: tuple[Fraction, str] | None = None
    for k, time, text in _times(keyframes, tempo):
        if time > MAX_SECONDS:
            yield (k, "time"), f"is {text}, and a video lasts {MAX_SECONDS} s at most"
        if previous is not None and time <= previous[0]:
            yield (
                (k, "time"),
                f"is {text}, and should be later than the {what} before ({previous[1]})",
            )
        previous = time, text


def beat_faults(keyframes: Any) -> Iterator[Fault]:
    """Yield the path and fault of times in beats, where there is no tempo."""
    for k, time in _read(keyframes):
        if isinstance(time, Beats):
            yield (
                (k, "time"),
                "is in beats, and needs the tempo: add video: {audio: {bpm: 120}}, or take seconds",
            )


def digit_warnings(views: Iterable[tuple[Point, Decimal]], columns: int) -> Iterator[Fault]:
    """Yield a warning for every centre with fewer digits than its pixels need.

    `views` are the centres and widths of keyframes without faults.
    """
    for k, (center, width) in enumerate(views):
        needed = -decimal_exponent(width / columns)
        for part, coordinate in enumerate(center):
            exponent = coordinate.as_tuple().exponent
            typed = max(0, -exponent) if isinstance(exponent, int) else 0
            # A number with few digits, such as -0.75, is exact, not rounded.
            if 6 < typed < needed:
                yield (
                    (k, "center", part),
                    f"has {typed} digits after the point; a width of {short_text(width)} needs "
                    f"{needed}, or the zoom ends beside its target",
                )


def _times(keyframes: Any, tempo: Tempo | None) -> Iterator[tuple[int, Fraction, str]]:
    """Yield the times in seconds, and as text; those that are none are faults of their own."""
    for k, time in _read(keyframes):
        seconds = seconds_from(time, tempo)
        if seconds is None:
            continue
        if isinstance(time, Beats):
            text = f"{' '.join(keyframes[k]['time'].split())}, at {float(seconds):g} s"
        else:
            text = short_text(time)
        yield k, seconds, text


def _read(keyframes: Any) -> Iterator[tuple[int, Time]]:
    """Yield the times that can be read."""
    for k, keyframe in enumerate(keyframes if isinstance(keyframes, list) else []):
        try:
            yield k, time_from(keyframe["time"])
        except (KeyError, TypeError, PydanticCustomError):
            continue
