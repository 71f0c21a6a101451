"""The legs of a video, each with its pace and its glide."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from pipeline.config.load import Keyframe
from pipeline.config.speeds import Travel, stops
from pipeline.geometry.decimals import octaves_between
from pipeline.timeline.glide import EVEN, glide_of
from pipeline.timeline.leg import Leg
from pipeline.timeline.pace import paces


def legs_of(keyframes: Sequence[Keyframe]) -> tuple[Leg, ...]:
    """Return the legs between keyframes; a still has one, from a keyframe to itself."""
    if len(keyframes) == 1:
        return (Leg(keyframes[0], keyframes[0]),)
    ways = list(pairwise(keyframes))
    seconds = [end.time - start.time - start.hold for start, end in ways]
    zooms = [
        Travel(octaves_between(start.width, end.width), start.ease, start.hold)
        for start, end in ways
    ]
    turns = [
        Travel(Fraction(end.rotation) - Fraction(start.rotation), start.ease, start.hold)
        for start, end in ways
    ]
    stopped = stops(zooms)
    legs = []
    for k, (zooming, turning) in enumerate(
        zip(paces(zooms, seconds), paces(turns, seconds), strict=True)
    ):
        start, end = ways[k]
        glide = EVEN
        if zooming is not None and start.center != end.center:
            octaves = zooms[k].distance
            # A zoom out is the zoom in backwards.
            shallow, deep = (k, k + 1) if octaves >= 0 else (k + 1, k)
            glide = glide_of(abs(octaves), stopped[shallow], stopped[deep])
        legs.append(Leg(start, end, zooming, turning, glide))
    return tuple(legs)
