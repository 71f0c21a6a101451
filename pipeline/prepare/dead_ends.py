"""Dead ends: when a video shows nothing, and where it should end instead.

This module judges what was seen at a few times; `dead_end_search` counts the views.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from itertools import groupby, pairwise

# Fraction of a picture that may stay dark; more is too much unless it is short.
_DARK = 0.6
# Levels by which one flat colour varies, through dither and rounding.
_FLAT_LEVELS = 2
# Spread of a picture's colours, in Oklab, below which it looks like one colour. Films in the usual
# scale stay above 0.15; the square root of counts in periods of 60 is at 0.02 in a deep zoom.
_PLAIN_SPREAD = 0.1
# Stretches that are shorter are not reported; nor are mostly dark ones amid the video up to this
# long, in which a zoom passes the set.
_MOMENT_S = 0.5
_PASSING_S = 1
_FINE_S = Fraction(1, 10)
# A zoom that ends inside the set should end this much wider than where most turns dark: there the
# whole minibrot is in the picture.
_WIDER_THAN_DARK = 4
# One that ends beside the set, this much wider than where all turns flat.
_WIDER_THAN_FLAT = 2048


class Sight(IntEnum):
    """Kinds of view, by what is visible in them."""

    CLEAR = 0
    DARK = 1
    """Mostly points that do not escape."""
    BLACK = 2
    """Only points that do not escape."""
    FLAT = 3
    """A single colour, of points that escape."""
    PLAIN = 4
    """Nearly one colour in the look of the video, though there is something to see."""


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """Visible content of a view of the video, in figures."""

    time: Fraction
    interior: float
    """Fraction of samples proved never to escape."""
    unresolved: float
    """Fraction of samples that reached maxiter."""
    levels: float
    """Largest difference between its colours in a fixed look, in levels of 255."""
    spread: float
    """Distance in Oklab from the 10th to the 90th percentiles of its colours in the look of the
    video."""

    @property
    def sight(self) -> Sight:
        """Kind of the view."""
        dark = self.interior + self.unresolved
        if dark >= 1 or (self.levels <= _FLAT_LEVELS and dark > _DARK):
            return Sight.BLACK
        if self.levels <= _FLAT_LEVELS:
            return Sight.FLAT
        return Sight.DARK if dark > _DARK else Sight.CLEAR

    @property
    def plain(self) -> bool:
        """Whether there is something to see that nearly one colour hides."""
        return self.sight == Sight.CLEAR and self.spread < _PLAIN_SPREAD


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the video that shows too little."""

    start: Fraction
    end: Fraction
    sight: Sight
    """The worst kind of view in it."""
    worst_from: Fraction
    """Time of the first view of that kind, in seconds."""
    undecided: bool
    """Whether most of its dark samples only reached maxiter."""


def to_look_at(seen: list[Seen]) -> Iterator[Fraction]:
    """Yield times between neighbouring views of different kinds, in the order of time."""
    for before, after in pairwise(seen):
        if before.sight != after.sight and after.time - before.time > _FINE_S:
            yield (before.time + after.time) / 2


def stretches(seen: list[Seen]) -> list[Stretch]:
    """Return the stretches of a video that are worth a warning, in the order of time.

    At the beginning and the end of a video mostly dark views are worth one, and in between if they
    last; where a zoom only passes the set, views that show nothing at all are.
    """
    runs = [list(run) for _, run in groupby(seen, lambda one: one.sight > Sight.CLEAR)]
    found = []
    for number, run in enumerate(runs):
        if run[0].sight == Sight.CLEAR:
            continue
        lasts = run[-1].time - run[0].time > _PASSING_S
        if number in (0, len(runs) - 1) or lasts:
            found.append(_stretch(run))
            continue
        parts = groupby(run, lambda one: one.sight > Sight.DARK)
        found += [_stretch(list(part)) for nothing, part in parts if nothing]
    found = [one for one in found if one.end - one.start >= _MOMENT_S or len(seen) == 1]
    plain = [list(run) for is_plain, run in groupby(seen, lambda one: one.plain) if is_plain]
    found += [
        Stretch(run[0].time, run[-1].time, Sight.PLAIN, run[0].time, False)
        for run in plain
        if run[-1].time - run[0].time > _PASSING_S or len(seen) == 1
    ]
    return sorted(found, key=lambda one: one.start)


def _stretch(run: list[Seen]) -> Stretch:
    worst = max(one.sight for one in run)
    since = next(one for one in run if one.sight == worst)
    dark = sum(one.interior + one.unresolved for one in run)
    undecided = sum(one.unresolved for one in run) > dark / 2
    return Stretch(run[0].time, run[-1].time, worst, since.time, undecided)


def told(stretch: Stretch, end: Fraction, width_at: Callable[[Fraction], Decimal]) -> str:
    """Return the warning for a stretch of a video that ends at `end`: what is wrong, what helps."""
    first, last = float(stretch.start), float(stretch.end)
    width = width_at(stretch.start)
    to_the_end = stretch.end == end
    whole = to_the_end and stretch.start == 0
    if end == 0:
        when = "the picture is"
    elif whole:
        when = "from the first frame to the last the picture is"
    elif to_the_end:
        when = f"from {first:.1f} s on (width {width:.1g}) the picture is"
    else:
        when = f"from {first:.1f} to {last:.1f} s the picture is"
    if stretch.sight == Sight.PLAIN:
        return (
            f"{when} nearly one colour: counts differ less there than the palette shows; write "
            "scale: adaptive, or a shorter period"
        )
    if stretch.sight == Sight.FLAT:
        what = "one flat colour"
        why = "the target is no point of the set's boundary to all its digits"
    else:
        what = "black" if stretch.sight == Sight.BLACK else "more than 60 % black"
        if stretch.sight == Sight.BLACK and stretch.worst_from > stretch.start:
            what = f"more than 60 % black, from {float(stretch.worst_from):.1f} s on all of it"
        why = "it lies inside the set"
        if stretch.undecided:
            return (
                f"{when} {what}: most of it only reached maxiter; raise it, or write maxiter: auto"
            )
    if whole or (stretch.sight == Sight.FLAT and not to_the_end):
        return f"{when} {what}: {why}; take another place or width"
    if not to_the_end:
        start = "start nearer to the target, or " if stretch.start == 0 else ""
        return f"{when} {what}: {why}; {start}pass beside it, with a keyframe there"
    wider = _WIDER_THAN_FLAT if stretch.sight == Sight.FLAT else _WIDER_THAN_DARK
    good = f"{width * wider:.1g}"
    return (
        f"{when} {what}: {why}; end the zoom at a width of about {good}, or find a center that "
        "goes deeper"
    )
