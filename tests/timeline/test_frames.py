"""From keyframes to frames: the glide, the easing, and what stays equal."""

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.load import load_config
from pipeline.counts.orbits.target import bits_for
from pipeline.geometry.decimals import log2
from pipeline.timeline.frames import FrameList
from pipeline.timeline.leg import Leg, eased

TEXT = """\
video: {width: 640, height: 360, fps: 30}
maxiter: 1000
keyframes:
  - time: 0
    center: [-0.75, 0.01]
    width: 3.5
    ease: EASE
  - time: 4
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-10
    rotation: 90
    maxiter: 4000
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "zoom.yaml"
    path.write_text(TEXT.replace("EASE", "linear"))
    return load_config(path)


def test_frames_stand_at_i_over_fps_and_the_last_is_the_last_keyframe(config):
    frames = FrameList(config)
    assert len(frames) == 4 * 30 + 1
    assert [frame.time for frame in frames][:3] == [0, Fraction(1, 30), Fraction(2, 30)]
    first, last = frames[0], frames[120]
    assert (first.view.center, first.view.width) == ((Decimal("-0.75"), Decimal("0.01")), 3.5)
    assert last.view.center == config.keyframes[1].center
    assert (last.view.width, last.view.rotation, last.maxiter) == (Decimal("1e-10"), 90, 4000)


def test_width_rotation_and_maxiter_go_evenly(config):
    frames = FrameList(config)
    middle = frames[60]
    assert float(middle.view.width) == pytest.approx((3.5 * 1e-10) ** 0.5, rel=1e-12)
    assert middle.view.rotation == 45
    assert middle.maxiter == 2000
    ratios = [float(frames[i + 1].view.width / frames[i].view.width) for i in (0, 50, 119)]
    assert ratios == pytest.approx([ratios[0]] * 3, rel=1e-12)


@pytest.mark.parametrize("ease", ["linear", "in", "out", "in-out"])
def test_the_target_glides_as_the_formula_says(config, ease):
    start, end = config.keyframes
    frames = FrameList(replace(config, keyframes=(replace(start, ease=ease), end)))
    with localcontext() as context:
        context.prec = 60
        for index in (1, 37, 60, 119):
            e = eased(ease, Fraction(index, 120))
            e = Decimal(e.numerator) / Decimal(e.denominator)
            view = frames[index].view
            ratio = (end.width / start.width) ** e
            assert abs(view.width / (start.width * ratio) - 1) < Decimal("1e-28")
            for axis in range(2):
                expected = end.center[axis] + (start.center[axis] - end.center[axis]) * ratio * (
                    1 - e
                )
                assert abs(view.center[axis] - expected) < view.width * Decimal("1e-20")


@pytest.mark.parametrize("ease", ["smooth", "linear"])
def test_a_zoom_out_is_the_zoom_in_backwards(config, ease):
    start, end = (replace(keyframe, ease=ease) for keyframe in config.keyframes)
    backwards = (
        replace(end, time=Fraction(0)),
        replace(start, time=Fraction(4)),
    )
    there = FrameList(replace(config, keyframes=(start, end)))
    back = FrameList(replace(config, keyframes=backwards))
    for index in (0, 1, 17, 60, 120):
        one, other = there[index].view, back[120 - index].view
        assert abs(one.width / other.width - 1) < Decimal("1e-28")
        for axis in range(2):
            assert abs(one.center[axis] - other.center[axis]) < one.width * Decimal("1e-20")


def test_a_thousand_digits_deep_needs_no_special_case(config):
    start, end = config.keyframes
    target = (Decimal("-1." + "7" * 1100), Decimal("0." + "3" * 1100))
    leg = Leg(start, replace(end, center=target, width=Decimal("1e-1000")))
    view = leg.view(Fraction(9, 10), 640, 360)
    width, center = view.width, view.center
    # 3.5 · (1e-1000 / 3.5)^0.9
    assert width.adjusted() == -900
    assert all(
        abs(reached - aimed) < width * 10 for reached, aimed in zip(center, target, strict=True)
    )


@pytest.mark.parametrize("ease", ["linear", "in", "out", "in-out"])
def test_easing_runs_from_0_to_1_and_never_back(ease):
    values = [eased(ease, Fraction(k, 64)) for k in range(65)]
    assert values[0] == 0
    assert values[-1] == 1
    assert values == sorted(values)
    if ease == "in-out":
        assert values[32] == Fraction(1, 2)


@given(st.integers(1, 60), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_a_multiple_of_the_frame_rate_keeps_every_frame(tmp_path_factory, fps, factor):
    path = tmp_path_factory.mktemp("fps", numbered=True) / "zoom.yaml"
    path.write_text(TEXT.replace("EASE", "in-out"))
    config = load_config(path)
    slow = FrameList(replace(config, encoding=replace(config.encoding, fps=Fraction(fps))))
    fast = FrameList(replace(config, encoding=replace(config.encoding, fps=Fraction(fps * factor))))
    for index in {0, 1, len(slow) // 3, len(slow) - 1}:
        assert slow[index].grid(1).key() == fast[index * factor].grid(1).key()


def test_the_key_holds_what_counts_depend_on_and_nothing_else(config):
    frames = FrameList(config)
    other = FrameList(replace(config, look=replace(config.look, palette="ember"), workers=7))
    assert frames[50].grid(1).key() == other[50].grid(1).key()
    keys = {frames[50].grid(1).key(), frames[51].grid(1).key(), frames[50].grid(2).key()}
    assert len(keys) == 3


SPEEDS = """\
video: {width: 640, height: 360, fps: 10}
keyframes:
  - {time: 0, center: [0, 0], width: 4, hold: 0.5}
  - {speed: 1, center: [0, 0], width: 0.0625}
  - {speed: 1, center: [0, 0], width: 0.00390625, ease: linear}
  - {speed: 2, center: [0, 1], width: 0.0009765625, hold: 1}
"""


def test_times_follow_from_speeds_exactly(tmp_path):
    """Octaves divided by the speed, holds, and half of the time of getting to speed."""
    path = tmp_path / "speeds.yaml"
    path.write_text(SPEEDS)
    config = load_config(path)
    first = Fraction(1, 2) + 6 + Fraction(3, 4)
    times = [0, first, first + 4, first + 5]
    assert [keyframe.time for keyframe in config.keyframes] == times
    frames = FrameList(config)
    assert frames.seconds == times[-1] + 1
    speeds = [frames.legs[0].octaves_a_second(Fraction(time)) for time in ("0.5", "1.25", "2", "7")]
    assert speeds == [0, 0.5, 1, 1]
    assert frames.legs[2].octaves_a_second(times[2] + Fraction(1, 2)) == 2
    path.write_text(SPEEDS.replace("0.5}", "0.5, ease: in-out}"))
    assert load_config(path).keyframes[1].time == Fraction(13, 2)


def test_a_held_picture_stands_still_and_the_last_makes_the_video_longer(tmp_path):
    path = tmp_path / "speeds.yaml"
    path.write_text(SPEEDS)
    frames = FrameList(load_config(path))
    assert len(frames) == int(frames.seconds * 10) + 1
    # Held to 0.5 s; the last is reached at 12.25 s, and held to 13.25 s.
    held = [[frames[k].view.key() for k in which] for which in ((0, 3, 5), (123, 128, 132))]
    assert all(views[0] == views[1] == views[2] for views in held)
    assert frames[6].view.key() != held[0][0]
    assert frames[122].view.key() != held[1][0]
    still = tmp_path / "still.yaml"
    still.write_text("keyframes: [{time: 0, center: [0, 0], width: 4, hold: 2}]\n")
    frames = FrameList(load_config(still))
    assert len({frame.view for frame in frames}) == 1
    assert len(frames) == 61


def test_a_zoom_begins_and_ends_gently_unless_an_easing_is_named(config):
    start, end = config.keyframes
    smooth = FrameList(replace(config, keyframes=(replace(start, ease="smooth"), end)))
    steps = [
        log2(smooth[k].view.width) - log2(smooth[k + 1].view.width)
        for k in (0, 10, 30, 60, 90, 119)
    ]
    assert steps[0] < steps[1] / 5
    assert steps[2] == pytest.approx(steps[3], rel=1e-9)
    assert steps[5] == pytest.approx(steps[0], rel=1e-6)
    # A quarter of a short leg: the speed is then 4/3 of the mean.
    assert steps[3] == pytest.approx(smooth.legs[0].octaves / 120 * 4 / 3, rel=1e-9)


def test_times_outside_the_video_are_refused(config):
    frames = FrameList(config)
    with pytest.raises(ValueError, match="5"):
        frames.at(Fraction(5))
    with pytest.raises(IndexError):
        frames[121]
    assert frames.at(Fraction(4)).index == 120


def test_deep_frames_share_the_deeper_keyframe_s_target_while_it_is_near(tmp_path):
    path = tmp_path / "pan.yaml"
    path.write_text(
        "video: {width: 160, height: 90, fps: 4}\n"
        "keyframes:\n"
        '  - {time: 0, center: ["-0.75", "0.1"], width: 1e-20}\n'
        '  - {time: 1, center: ["-0.75", "0.1"], width: 1e-40}\n'
        # A pan over a million widths, where no offset from either end keeps its digits.
        '  - {time: 2, center: ["-0.75", "0.1000000000000000000000000000000000100"], width: 1e-40}\n'
    )
    frames = FrameList(load_config(path))
    zoom = [frames[k].target for k in range(5)]
    assert len(set(zoom)) == 1
    assert zoom[0].center == (Decimal("-0.75"), Decimal("0.1"))
    # As exact as the deepest view there needs, for all.
    assert zoom[0].bits == bits_for(Decimal("1e-40") / 160)
    middle = frames[6]
    assert middle.target.center == middle.view.center
    end = frames[8]
    assert end.target.center == end.view.center
    keys = {frames[k].grid(1).key() for k in range(9)}
    assert len(keys) == 9
