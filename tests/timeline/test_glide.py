"""Glides: the target comes to the middle early, without a jerk, and within what bands hold."""

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.load import load_config
from pipeline.geometry.decimals import context, difference
from pipeline.timeline.frames import FrameList
from pipeline.timeline.glide import EVEN, glide_of

OCTAVES = st.fractions(Fraction(1, 100), 3000, max_denominator=1000)
DEPTHS = st.fractions(0, 1, max_denominator=1000)


@given(OCTAVES, st.booleans(), DEPTHS)
def test_a_glide_from_standing_still_is_never_farther_off_than_an_even_one(octaves, deep, depth):
    glide = glide_of(octaves, True, deep)
    assert 0 <= glide.at(depth) <= EVEN.at(depth) == 1 - depth
    assert glide.at(Fraction(1)) == 0
    assert glide.at(glide.share) == 0
    if octaves >= 24:
        assert glide.at(Fraction(1, 3)) == 0


@given(OCTAVES, DEPTHS)
def test_a_target_that_is_taken_under_way_moves_off_by_about_a_third_at_most(octaves, depth):
    # The largest of the quintics, that of 3 octaves and more, has its maximum at 1.33825.
    assert 0 <= glide_of(octaves, False, True).at(depth) < Fraction(13383, 10_000)


@given(OCTAVES, st.booleans())
def test_it_ends_without_a_jerk_where_the_zoom_goes_on(octaves, stops_shallow):
    glide = glide_of(octaves, stops_shallow, stops_deep=False)
    # As the third power of the way left, in every case.
    near, nearer = (float(glide.at(glide.share * (1 - Fraction(1, k)))) for k in (10**5, 10**6))
    assert nearer == pytest.approx(near / 1000, rel=1e-3)


def test_a_pan_is_even():
    assert glide_of(Fraction(0), True, True) == EVEN


TURN = """\
video: {width: 640, height: 360, fps: 30}
keyframes:
  - {time: 0, center: [-0.75, 0.1], width: 1}
  - {speed: 1.5, center: [-0.7436, 0.1318], width: 1e-3}
  - {speed: 2, center: [-0.74338, 0.13174], width: 1e-6}
  - {speed: 2, center: [-0.74338, 0.13174], width: 1e-9, rotation: 90}
  - {speed: 2, center: [-0.7435, 0.1317], width: 1e-2}
"""


@pytest.mark.parametrize("keyframes", [TURN, None])
def test_the_camera_has_no_jerk_anywhere_on_its_way(tmp_path, keyframes):
    """The velocity on the screen changes by ever less in ever shorter times."""
    path = tmp_path / "turn.yaml"
    if keyframes is None:
        # The way back: the mirror image, with a speed for every keyframe but the first.
        head, *lines = TURN.splitlines()[1:]
        lines = [line.split("center")[1] for line in reversed(lines)]
        rows = [
            "  - {time: 0, center" + lines[0],
            *(f"  - {{speed: 2, center{x}" for x in lines[1:]),
        ]
        keyframes = "\n".join([TURN.splitlines()[0], head, *rows]) + "\n"
    path.write_text(keyframes)
    config = load_config(path)
    frames = FrameList(config)

    def velocity(time, step=Fraction(1, 10**5)):
        before, after = (frames.at(time + side * step).view for side in (-1, 1))
        shift = [
            float(context(30).divide(difference(new, old), after.width))
            for new, old in zip(after.center, before.center, strict=True)
        ]
        zoom = math.log(float(after.width / before.width))
        turn = float(after.rotation - before.rotation) / 100
        return [part / float(2 * step) for part in (*shift, zoom, turn)]

    for keyframe in config.keyframes[1:-1]:
        gap = Fraction(1, 1000)
        around = [velocity(keyframe.time + side * gap) for side in (-2, -1, 1, 2)]
        jumps = [
            max(abs(a - b) for a, b in zip(one, other, strict=True))
            for one, other in pairwise(around)
        ]
        assert max(jumps) < 2e-3, (keyframe, around)
