"""Speeds of the zoom: where it stands still, and the time that an even speed takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pipeline.config.model import Ease

# From standing still to the even speed of a leg it takes this long, but no more of the leg than
# this share: then the even speed is at most 4/3 of the mean.
_RAMP_S = Fraction(3, 2)
_RAMP_SHARE = Fraction(1, 4)

END_SLOPES: dict[Ease, tuple[int, int]] = {
    "linear": (1, 1), "in": (0, 2), "out": (2, 0), "in-out": (0, 0),
}  # fmt: skip  # a table
"""Speed at the start and at the end of a leg with a named easing, relative to its mean."""


@dataclass(frozen=True, slots=True)
class Travel:
    """Motion from one keyframe to the next: a change of width or a turn."""

    distance: Fraction
    """Signed: octaves of zoom or degrees of rotation."""
    ease: Ease
    hold: Fraction
    """Seconds of standing still before it."""


def ramp_s(seconds: Fraction) -> Fraction:
    """Return the seconds that a change of speed takes at either end of a smooth leg."""
    return min(_RAMP_S, seconds * _RAMP_SHARE)


def stops(travels: Sequence[Travel]) -> list[bool]:
    """Tell for each keyframe whether the motion stands still there.

    It does at both ends of the video, where it turns back, where it is held, next to a leg on which
    nothing moves, and where a named easing stops it.
    """
    found = [True] * (len(travels) + 1)
    for k, after in enumerate(travels[1:], 1):
        before = travels[k - 1]
        turns = before.distance * after.distance <= 0
        eased = END_SLOPES.get(before.ease, (1, 1))[1] == 0 or (
            END_SLOPES.get(after.ease, (1, 1))[0] == 0
        )
        found[k] = turns or eased or after.hold > 0
    return found


def seconds_at(speed: Decimal | Fraction, octaves: Fraction, ease: Ease, stopped: int) -> Fraction:
    """Return the time of a leg that runs at a speed in octaves a second, exactly.

    Parameters
    ----------
    stopped
        At how many of its ends the zoom stands still: speeding up to an even speed covers half of
        what that speed covers in the same time. A leg with a named easing has the speed as its
        mean.
    """
    even_s = octaves / Fraction(speed)
    if ease != "smooth" or not stopped:
        return even_s
    seconds = even_s + stopped * _RAMP_S / 2
    if seconds * _RAMP_SHARE >= _RAMP_S:
        return seconds
    return even_s / (1 - stopped * _RAMP_SHARE / 2)
