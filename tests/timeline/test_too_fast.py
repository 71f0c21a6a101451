"""Zooms that eyes cannot follow are told, with when, how fast, and what to write instead."""

from pathlib import Path

import pytest

from pipeline.config.load import load_config
from pipeline.timeline.frames import FrameList
from pipeline.timeline.too_fast import FASTEST, fastest, too_fast
from tests.conftest import ROOT

# Octaves: 4, then 20, then 2.
FILM = """\
keyframes:
  - {time: 0, center: [0, 0], width: 4EASE}
  - {time: 4, center: [0, 0], width: 0.25EASE}
  - {time: 8, center: [0, 0], width: 2.384185791015625e-7EASE}
  - {time: 12, center: [0, 0], width: 5.960464477539063e-8EASE}
"""


def frames_of(path: Path, text: str) -> FrameList:
    path.write_text(text)
    return FrameList(load_config(path))


@pytest.mark.parametrize(
    ("ease", "words"),
    [
        (", ease: linear", "from 4.0 to 8.0 s the zoom runs at up to 5.0 octaves a second"),
        (", ease: in", "from 5.0 to 8.0 s the zoom runs at up to 10.0 octaves a second"),
        ("", "octaves a second"),
    ],
)
def test_a_fast_leg_is_told_with_its_time_and_what_would_be_slower(tmp_path, ease, words):
    frames = frames_of(tmp_path / "film.yaml", FILM.replace("EASE", ease))
    (fault,) = too_fast(frames)
    assert words in fault.message
    assert (fault.key, fault.position.line) == ("keyframes[2]", 4)
    time, speed = fault.message.split("write time: ")[1].split(
        " (and what follows as much later), or speed: "
    )
    # What is advised is slow enough, the time alone as well.
    slower = FILM.replace("EASE", ease).replace("time: 12", "time: 99")
    for advised in (f"time: {time}", f"speed: {speed}"):
        assert too_fast(frames_of(tmp_path / "film.yaml", slower.replace("time: 8", advised))) == []


def test_thousands_of_fast_legs_are_not_all_told(tmp_path):
    rows = [
        f"  - {{time: {k}, center: [0, 0], width: {'1e-9' if k % 2 else 1}}}" for k in range(999)
    ]
    told = too_fast(frames_of(tmp_path / "film.yaml", "\n".join(["keyframes:", *rows])))
    assert len(told) < 10
    assert "990 legs" in told[-1].message


@pytest.mark.parametrize("name", ["first-zoom", "seahorse", "spiral", "tour"])
def test_the_shipped_films_are_slow_enough_and_even(name):
    frames = FrameList(load_config(ROOT / "configs" / f"{name}.yaml"))
    speeds = [fastest(leg) for leg in frames.legs]
    assert max(speeds) < FASTEST
    assert max(speeds) < 1.4 * min(speeds)
