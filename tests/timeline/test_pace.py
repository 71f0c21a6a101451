"""Smooth motion: exact, never back, and continuous to its second derivative through keyframes."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.config.speeds import Travel, ramp_s, seconds_at
from pipeline.timeline.pace import Pace, paces

SECONDS = st.fractions(Fraction(1, 20), 500, max_denominator=1000)
DISTANCES = st.fractions(-300, 300, max_denominator=10**6)
EASES = st.sampled_from(["smooth"] * 4 + ["linear", "in", "out", "in-out"])
HOLDS = st.sampled_from([Fraction(0)] * 3 + [Fraction(1, 2)])
MOVES = st.tuples(st.builds(Travel, DISTANCES, EASES, HOLDS), SECONDS)
TRAVELS = st.lists(MOVES, min_size=1, max_size=6)
# Far less than any ramp, exactly.
STEP = Fraction(1, 10**9)


def slope(function, time, step=STEP):
    return (function(time + step) - function(time)) / step


def motion(travels):
    return [travel for travel, _ in travels], [seconds for _, seconds in travels]


@given(SECONDS, st.fractions(0, 1), st.fractions(0, 1))
def test_a_pace_goes_from_0_to_1_and_never_back(seconds, first, last):
    # Up to the most that its docstring allows.
    pace = Pace.between(4 * first / seconds, 4 * last / seconds, seconds)
    values = [pace.progress(seconds * Fraction(k, 64)) for k in range(65)]
    assert (values[0], values[-1]) == (0, 1)
    assert values == sorted(values)
    speeds = [pace.speed(seconds * Fraction(k, 64)) for k in range(65)]
    limits = sorted([pace.start, pace.even, pace.end])
    assert limits[0] >= 0
    assert all(limits[0] <= speed <= limits[-1] for speed in speeds)


@given(TRAVELS)
def test_a_motion_never_overshoots_and_its_limits_hold_for_any_keyframes(travels):
    for (travel, seconds), pace in zip(travels, paces(*motion(travels)), strict=True):
        assert (pace is None) == (travel.ease != "smooth")
        if pace is None:
            continue
        assert pace.even > 0
        assert pace.start + pace.end <= Fraction(16, 3) / seconds
        assert (pace.progress(Fraction(0)), pace.progress(seconds)) == (0, 1)
        values = [pace.progress(seconds * Fraction(k, 40)) for k in range(41)]
        assert all(before < after for before, after in pairwise(values))


@given(TRAVELS)
def test_speed_and_acceleration_are_continuous_through_keyframes(travels):
    moves, _ = motion(travels)
    all_paces = paces(*motion(travels))
    for k, pace in enumerate(all_paces):
        if pace is None:
            continue
        # The derivatives are what they are said to be, also where a ramp ends.
        for time in (pace.seconds / 7, pace.seconds / 2, pace.ramp - STEP / 2):
            assert float(slope(pace.progress, time)) == pytest.approx(
                float(pace.speed(time)), rel=1e-6, abs=1e-6 / float(pace.seconds)
            )
        for time in (Fraction(0), pace.ramp, pace.seconds - pace.ramp, pace.seconds - STEP):
            acceleration = float(slope(pace.speed, time) * pace.seconds**2)
            assert acceleration == pytest.approx(0, abs=1e-4)
        if k and moves[k - 1].ease == "smooth" and moves[k - 1].distance:
            before = all_paces[k - 1]
            assert before.end * abs(moves[k - 1].distance) == pace.start * (
                abs(moves[k].distance) or 1
            )
            turned = moves[k - 1].distance * moves[k].distance <= 0
            assert pace.start == 0 if turned or moves[k].hold else pace.start > 0
    for pace, end in ((all_paces[0], "start"), (all_paces[-1], "end")):
        if pace is not None:
            assert getattr(pace, end) == 0


# On a busy machine five moves take hypothesis longer than it likes.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(MOVES, min_size=5, max_size=5))
def test_a_keyframe_moves_the_three_legs_before_it_at_most(travels):
    changed = [*travels[:-1], (Travel(Fraction(7), "smooth", Fraction(0)), Fraction(3))]
    assert paces(*motion(travels))[:2] == paces(*motion(changed))[:2]


def test_a_smooth_leg_takes_over_the_speed_of_a_named_easing():
    linear = Travel(Fraction(10), "linear", Fraction(0))
    smooth = Travel(Fraction(9), "smooth", Fraction(0))
    _, pace = paces([linear, smooth], [Fraction(5), Fraction(6)])
    assert pace.start * 9 == 2
    _, pace = paces([linear, smooth], [Fraction(1), Fraction(60)])
    # Ten octaves a second cannot be taken over: that would be past the end.
    assert pace.start * 9 < 1


@given(
    st.fractions(Fraction(1, 100), 2000, max_denominator=10**6),
    st.decimals(Fraction(1, 10), 20, places=3),
    st.integers(1, 3),
)
def test_a_film_of_one_speed_runs_at_that_speed_between_its_ends(octaves, speed, legs):
    travels = [Travel(octaves, "smooth", Fraction(0))] * legs
    stopped = [2] if legs == 1 else [1, *[0] * (legs - 2), 1]
    seconds = [seconds_at(speed, octaves, "smooth", count) for count in stopped]
    for pace, length, count in zip(paces(travels, seconds), seconds, stopped, strict=True):
        assert pace.even * octaves == Fraction(speed)
        assert {pace.start, pace.end} <= {0, pace.even}
        # Getting to speed covers half of what the speed covers in that time.
        assert length == octaves / Fraction(speed) + count * ramp_s(length) / 2
    assert seconds_at(speed, octaves, "in-out", 2) == octaves / Fraction(speed)
