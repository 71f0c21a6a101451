"""Warnings of a zoom that is faster than eyes can follow, and what would make it slower."""

import math
from collections.abc import Iterator
from fractions import Fraction

from pipeline.config.fault import Fault
from pipeline.config.load import Keyframe
from pipeline.config.model import Ease
from pipeline.config.speeds import seconds_at
from pipeline.geometry.decimals import octaves_between
from pipeline.timeline.frames import FrameList
from pipeline.timeline.leg import Leg

FASTEST = 2.5
"""Octaves a second above which a zoom is told to be too fast."""
# Slower by as much as rounding may hide.
_TOLERANCE = 1e-6
# Times of a leg at which its speed is looked at.
_MOMENTS = 200
# Mean speeds to take instead, whose fastest is 2 to 2.4.
_BETTER: dict[Ease, str] = {
    "smooth": "2",
    "linear": "2",
    "in": "1.2",
    "out": "1.2",
    "in-out": "1.6",
}
_MOST_TOLD = 8


def fastest(leg: Leg) -> float:
    """Return the highest speed of the zoom on a leg, in octaves a second."""
    return max((speed for _, speed in _speeds(leg)), default=0.0)


def too_fast(keyframes: tuple[Keyframe, ...], frames: FrameList) -> list[Fault]:
    """Return a warning for each leg of a video on which the zoom is too fast, up to a few."""
    found = [
        fault for k, leg in enumerate(frames.legs, 1)
        for fault in _told(leg, f"keyframes[{k}]", more=k + 1 < len(keyframes))
    ]  # fmt: skip  # leg by leg
    told, left = found[:_MOST_TOLD], found[_MOST_TOLD:]
    if left:
        told.append(
            Fault(left[0].position, left[0].key, f"too fast, and so are {len(left)} in all")
        )
    return told


def _speeds(leg: Leg) -> Iterator[tuple[Fraction, float]]:
    """Yield times of a leg, and the speed at each."""
    if leg.octaves and leg.seconds > 0:
        for index in range(_MOMENTS + 1):
            time = leg.leaves + leg.seconds * Fraction(index, _MOMENTS)
            yield time, leg.octaves_a_second(time)


def _told(leg: Leg, key: str, more: bool) -> Iterator[Fault]:
    fast = [(time, speed) for time, speed in _speeds(leg) if speed > FASTEST + _TOLERANCE]
    if not fast:
        return
    first, last = float(fast[0][0]), float(fast[-1][0])
    speed = max(speed for _, speed in fast)
    better = _BETTER[leg.start.ease]
    octaves = abs(octaves_between(leg.start.width, leg.end.width))
    stopped = 0 if leg.zooming is None else (not leg.zooming.start) + (not leg.zooming.end)
    seconds = seconds_at(Fraction(better), octaves, leg.start.ease, stopped)
    time = math.ceil(leg.leaves + seconds)
    later = ", and what follows as much later," if more else ""
    yield Fault(
        leg.end.position,
        key,
        f"from {first:.1f} to {last:.1f} s the zoom runs at up to {speed:.1f} octaves a second; above "
        f"{FASTEST:g} eyes lose it: write time: {time}{later} or speed: {better}",
    )
