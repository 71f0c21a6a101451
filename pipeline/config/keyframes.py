"""Rules between keyframes, of the view or of colour, checked on values as they were typed."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.geometry.decimals import short_text

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
    first = next(_times(keyframes), None)
    if first is not None and first[0] == 0 and first[1] != 0:
        yield (0, "time"), f"is {short_text(first[1])}; the first is 0"
    yield from time_faults(keyframes, "keyframe")


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
