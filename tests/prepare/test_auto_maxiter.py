"""`maxiter: auto`: enough for the picture, and never a sudden drop."""

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from pipeline.config.load import load_config
from pipeline.counts.compute import counts_of_rows
from pipeline.counts.orbits.tables import References
from pipeline.kernels.results import Outcome
from pipeline.plan.outputs import Outputs
from pipeline.session import Session
from pipeline.system.state_file import write_state
from pipeline.timeline.frames import AutoMaxiter

pytest.importorskip("numba")

AUTO = """\
video: {width: 160, height: 90, fps: 10}
maxiter: auto
render: {workers: 2}
keyframes:
  - time: 0
    center: [-0.75, 0]
    width: 3.5
  - time: 3
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-16
"""


@pytest.fixture(scope="module")
def resolved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auto")
    path = folder / "auto.yaml"
    path.write_text(AUTO)
    config = load_config(path)
    outputs = Outputs.of(config, folder)
    with Session(outputs, config) as session:
        return config, outputs, session.frames


def test_hardly_a_pixel_more_would_be_freed_by_a_larger_limit(resolved, tmp_path):
    _, _, frames = resolved
    references = References(tmp_path, tmp_path / "tables")
    for index in (0, 13, 22, 30):
        frame = frames[index]
        limit = frame.maxiter
        freed, ended = [], []
        for maxiter in (limit, 4 * limit):
            grid = replace(frame.sized(64, 36, references), maxiter=maxiter)
            if grid.target is not None:
                references.orbit(grid.target).extend(maxiter, 1e9)
            outcome = counts_of_rows(grid, 0, 36).outcome
            freed.append(np.count_nonzero(outcome == Outcome.ESCAPED))
            ended.append(np.count_nonzero(outcome != Outcome.UNRESOLVED))
        assert freed[1] - freed[0] <= 0.005 * 64 * 36
        # And most pixels have ended, or there would be nothing to see.
        assert ended[0] > 0.5 * 64 * 36


def test_the_limit_never_drops_by_much_within_a_tenth_of_an_octave(resolved):
    _, _, frames = resolved
    auto_maxiter = [frames.at(Fraction(3 * k, 520)).maxiter for k in range(521)]
    assert max(auto_maxiter) > 4 * min(auto_maxiter)
    assert all(after > 0.6 * before for before, after in pairwise(auto_maxiter))


def test_chosen_limits_are_kept_and_taken_again(resolved):
    config, outputs, frames = resolved
    kept = outputs.folder / "maxiter.json"
    facts = json.loads(kept.read_bytes())
    facts["knots"][1][1] = 1001
    write_state(kept, {"key": facts["key"], "knots": facts["knots"]})
    with Session(outputs, config) as session:
        again = session.frames
    assert 1001 in {limit for _, limit in again.auto_maxiter.knots}
    kept.write_bytes(b"{")
    said = []
    with Session(outputs, config, say=said.append) as session:
        assert session.frames.auto_maxiter == frames.auto_maxiter
    assert said[0] == f"{kept}: is not what was written; maxiter is chosen again"


def test_a_number_at_a_keyframe_stands(tmp_path):
    path = tmp_path / "mixed.yaml"
    path.write_text(AUTO.replace("width: 3.5", "width: 3.5\n    maxiter: 777"))
    config = load_config(path)
    assert [keyframe.maxiter for keyframe in config.keyframes] == [777, None]


def test_between_knots_the_limit_runs_evenly_on_a_logarithmic_scale():
    auto_maxiter = AutoMaxiter(((Fraction(0), 1000), (Fraction(2), 4000), (Fraction(3), 4000)))
    assert [auto_maxiter.at(Fraction(time)) for time in (0, 1, 2, 3, 9)] == [
        1000,
        2000,
        4000,
        4000,
        4000,
    ]


@pytest.mark.slow
def test_the_report_and_the_plan_say_what_was_chosen(cli):
    config = cli.config(AUTO.replace("fps: 10", "fps: 2"), "auto")
    printed = cli.done("plan", config)
    assert "perturbation 2^-40 (cpu)" in printed
    assert "orbit " in printed
    cli.done("zoom", config)
    facts = json.loads((cli.output / "auto" / "report.json").read_text())
    assert facts["maxiter"][0][0] == 0
    assert all(limit >= 1000 for _, limit in facts["maxiter"])
    assert facts["references"][0]["bits"] == 128
    assert facts["kernels"]["perturbation 2^-40"] > facts["kernels"]["float64"]
