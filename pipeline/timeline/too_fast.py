"""Warnings of a zoom that is faster than eyes can follow, and what would make it slower."""

import math
from collections.abc import Sequence
from fractions import Fraction

from pipeline.config.fault import Fault
from pipeline.config.model import Ease
from pipeline.config.speeds import seconds_at
from pipeline.geometry.decimals import octaves_between
from pipeline.timeline.frames import FrameList
from pipeline.timeline.leg import Leg

FASTEST = 2.5
"""Octaves a second above which a zoom is told to be too fast."""
# More than rounding hides.
_TOLERANCE = 1e-6
# Times of a leg at which its speed is looked at.
_MOMENTS = 200
_MOST_TOLD = 8
# Highest speed of a named easing, relative to its mean.
_PEAKS: dict[Ease, float] = {"linear": 1.0, "in": 2.0, "out": 2.0, "in-out": 1.5}
# Speeds to write instead, the highest then 2 to 2.4.
_BETTER: dict[Ease, str] = {
    "smooth": "2", "linear": "2", "in": "1.2", "out": "1.2", "in-out": "1.6",
}  # fmt: skip  # a table


def fastest(leg: Leg) -> float:
    """Return the highest speed of the zoom on a leg, in octaves a second."""
    if (pace := leg.zooming) is not None:
        return leg.octaves * float(max(pace.start, pace.even, pace.end))
    return leg.octaves * _PEAKS[leg.start.ease] / float(leg.seconds) if leg.octaves else 0.0


def too_fast(frames: FrameList) -> list[Fault]:
    """Return a warning for each leg of a video on which the zoom is too fast, up to a few."""
    fast = [k for k, leg in enumerate(frames.legs) if fastest(leg) > FASTEST + _TOLERANCE]
    told = [_told(frames.legs, k) for k in fast[:_MOST_TOLD]]
    if left := fast[_MOST_TOLD:]:
        position = frames.legs[left[0]].end.position
        words = f"too fast like those before, as are {len(left)} legs in all from here on"
        told.append(Fault(position, f"keyframes[{left[0] + 1}]", words))
    return told


def _told(legs: Sequence[Leg], k: int) -> Fault:
    leg = legs[k]
    times = [leg.leaves + leg.seconds * Fraction(step, _MOMENTS) for step in range(_MOMENTS + 1)]
    fast = [float(time) for time in times if leg.octaves_a_second(time) > FASTEST]
    better = _BETTER[leg.start.ease]
    octaves = abs(octaves_between(leg.start.width, leg.end.width))
    stopped = 0 if leg.zooming is None else (not leg.zooming.start) + (not leg.zooming.end)
    seconds = seconds_at(Fraction(better), octaves, leg.start.ease, stopped)
    later = "" if k == len(legs) - 1 else " (and what follows as much later)"
    return Fault(
        leg.end.position,
        f"keyframes[{k + 1}]",
        f"from {fast[0]:.1f} to {fast[-1]:.1f} s the zoom runs at up to {fastest(leg):.1f} octaves "
        f"a second; above {FASTEST:g} eyes lose it: write time: {math.ceil(leg.leaves + seconds)}"
        f"{later}, or speed: {better}",
    )
