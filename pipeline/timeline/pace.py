"""Pace: motion over a leg that changes its speed without a jerk, in exact fractions of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pipeline.config.model import Ease
from pipeline.config.speeds import END_SLOPES, Travel, ramp_s, stops


@dataclass(frozen=True, slots=True)
class Pace:
    """Progress from 0 to 1 over some seconds: from one speed over an even one to another.

    Speeds are progress a second, none below 0, so that progress never turns back; they never leave
    the range of the three. Acceleration is 0 at both ends: where the next leg takes over the speed,
    speed and acceleration are continuous.
    """

    seconds: Fraction
    ramp: Fraction
    """Seconds of either change of speed."""
    start: Fraction
    """Speed at the start."""
    even: Fraction
    """Speed between the changes."""
    end: Fraction
    """Speed at the end."""

    @staticmethod
    def between(start: Fraction, end: Fraction, seconds: Fraction) -> "Pace":
        """Return the pace with speeds at its ends, neither above four times the mean.

        Notes
        -----
        With ramps of r in T seconds, 1 = r (start + even) / 2 + (T - 2r) even + r (even + end) / 2.
        As r is at most T / 4, even is 0 or more if the speeds at the ends add up to 8 / T or less.
        """
        ramp = ramp_s(seconds)
        even = (1 - ramp * (start + end) / 2) / (seconds - ramp)
        return Pace(seconds, ramp, start, even, end)

    def progress(self, time: Fraction) -> Fraction:
        """Return the progress after some seconds of it."""
        if time < self.ramp:
            return self._ramped(self.start, time)
        if time > self.seconds - self.ramp:
            return 1 - self._ramped(self.end, self.seconds - time)
        return self.ramp * (self.start + self.even) / 2 + (time - self.ramp) * self.even

    def speed(self, time: Fraction) -> Fraction:
        """Return the speed after some seconds of it."""
        at_end = time > self.seconds - self.ramp
        x = min(Fraction(1), (self.seconds - time if at_end else time) / self.ramp)
        first = self.end if at_end else self.start
        return first + (self.even - first) * x * x * (3 - 2 * x)

    def _ramped(self, first: Fraction, time: Fraction) -> Fraction:
        """Return the progress while the speed goes from `first` to the even one.

        Notes
        -----
        With x = time / ramp the speed is first + (even - first) (3x² - 2x³).
        """
        x = time / self.ramp
        gained = (self.even - first) * self.ramp * x * x * x * (1 - x / 2)
        return first * time + gained


def paces(travels: Sequence[Travel], seconds: Sequence[Fraction]) -> list[Pace | None]:
    """Return the pace of each leg that goes smoothly; None for one with a named easing.

    Each depends on the legs beside it alone. Where nothing is travelled, it stands still at both
    ends, and its progress serves what else changes there.

    Parameters
    ----------
    seconds
        Time in which each distance is travelled.
    """
    speeds = _speeds(travels, seconds)
    found: list[Pace | None] = []
    for travel, length, start, end in zip(travels, seconds, speeds, speeds[1:], strict=False):
        distance = abs(travel.distance) or Fraction(1)
        smooth = travel.ease == "smooth"
        found.append(Pace.between(start / distance, end / distance, length) if smooth else None)
    return found


def _speeds(travels: Sequence[Travel], seconds: Sequence[Fraction]) -> list[Fraction]:
    """Return the speed at each keyframe, 0 where the motion stands still.

    Notes
    -----
    Between smooth legs it is the harmonic mean of their even speeds, were each alone: nearer to the
    slower, and never above twice either. So the sum of both of a leg stays below the 8 / T that a
    pace can have: its even speed alone is at most 4/3 of the mean.
    """
    stopped = stops(travels)
    even = []
    for k, (travel, length) in enumerate(zip(travels, seconds, strict=True)):
        slow = ramp_s(length) * (stopped[k] + stopped[k + 1]) / 2 if travel.ease == "smooth" else 0
        even.append(abs(travel.distance) / (length - slow))
    speeds = [Fraction(0)] * len(stopped)
    for k in range(1, len(travels)):
        if not stopped[k]:
            speeds[k] = _joined(travels[k - 1].ease, travels[k].ease, even[k - 1], even[k])
    return speeds


def _joined(before: Ease, after: Ease, first: Fraction, second: Fraction) -> Fraction:
    """Return the speed at which two legs meet that are as fast as `first` and `second`.

    A named easing has a speed of its own there, which the smooth leg takes over.
    """
    if before in END_SLOPES:
        return min(END_SLOPES[before][1] * first, 2 * second)
    if after in END_SLOPES:
        return min(END_SLOPES[after][0] * second, 2 * first)
    return 2 * first * second / (first + second)
