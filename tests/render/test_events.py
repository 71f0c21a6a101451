"""Events of a run: each piece of work begins and ends, and what listeners add up is the report."""

from collections import Counter

import pytest

from pipeline.config.load import load_config
from pipeline.monitor.eta import Eta
from pipeline.monitor.events import (
    Began,
    BlockCounted,
    Done,
    EncoderDone,
    Ended,
    Finished,
    FrameDrawn,
    FrameEncoded,
    FrameSent,
    GridStored,
    Prepared,
    Retried,
    Started,
    Stopped,
    Ticked,
)
from pipeline.monitor.report import Report
from pipeline.plan.outputs import Outputs
from pipeline.render.job import render_video
from tests.conftest import SMALL

TINY = SMALL.replace("width: 96, height: 54", "width: 32, height: 18").replace("time: 2", "time: 1")


def rendered(folder, text, listener):
    path = folder / "small.yaml"
    path.write_text(text)
    config = load_config(path)
    report = Report("zoom", config.plain())
    render_video(config, Outputs.of(config, folder / "output"), report, listeners=[listener])
    return report


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("reuse", ["bands", "frames"])
def test_listeners_hear_all_that_a_run_does(tmp_path, reuse):
    text = TINY.replace("workers: 2", f"workers: 2, reuse: {reuse}")
    events = []
    report = rendered(tmp_path, text, events.append)
    frames = list(range(report.frames))
    assert [event.frame.index for event in of(FrameSent, events)] == frames
    assert [event.index for event in of(FrameEncoded, events)] == frames
    assert sorted(event.index for event in of(FrameDrawn, events)) == frames
    assert sum(event.computed for event in of(GridStored, events)) == report.pixels_computed > 0
    iterations = sum(event.iterations for event in of(BlockCounted, events))
    assert iterations == report.iterations_computed > 0
    begun = Counter(event.stage for event in of(Began, events))
    assert begun == Counter(event.stage for event in of(Done, events))
    course = (Prepared, Started, EncoderDone, Ended, Finished)
    assert [type(event) for event in events if isinstance(event, course)] == list(course)
    assert isinstance(events[-1], Finished)
    assert of(Ticked, events)
    assert not of(Retried, events)
    (started,) = of(Started, events)
    eta = Eta(started.stages_s)
    for event in events:
        eta.hear(event)
    assert eta.fraction == pytest.approx(1.0)


def test_a_run_that_fails_tells_listeners_why(tmp_path):
    class PowerCutError(Exception):
        pass

    events = []

    def cut(event):
        events.append(event)
        if isinstance(event, FrameEncoded):
            raise PowerCutError("no more")

    with pytest.raises(PowerCutError):
        rendered(tmp_path, TINY, cut)
    assert events[-1] == Stopped("no more")
    assert of(Ended, events)
    assert not of(Finished, events)
    # The same command carries on.
    report = rendered(tmp_path, TINY, events.append)
    assert report.outcome == "finished"
    assert report.pixels_reused > 0
