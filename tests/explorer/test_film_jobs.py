"""Renders that the page began: real processes, one after the other, stopped and gone on with."""

import json
import os
import signal
import time

import pytest

from pipeline.errors import UsageError
from pipeline.explorer.film_process import FilmProcess
from pipeline.explorer.jobs import Jobs
from tests.conftest import SMALL, Cli
from tests.processes import LONGER, workers_of

STILL = SMALL[: SMALL.index("  - time: 2")]


class Rendering:
    """Jobs, and what they said."""

    def __init__(self, cli):
        self.cli = cli
        self.said = []
        self.jobs = Jobs(cli.output, self.said.append)

    def add(self, name, text=STILL):
        return self.jobs.add(name, self.cli.config(text, name))

    def until(self, job, *states, patience_s=120):
        return until(lambda: job.state in states, patience_s, lambda: job.told())


def until(is_so, patience_s=120, told=lambda: ""):
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline, told()
        time.sleep(0.01)


@pytest.fixture
def rendering(cli):
    made = Rendering(cli)
    yield made
    made.jobs.close()


@pytest.mark.slow
def test_jobs_are_done_in_their_order_and_one_that_fails_stops_no_other(rendering):
    bad = rendering.add("bad", "keyframes: none\n")
    one = rendering.add("one")
    waiting = rendering.add("waiting")
    with pytest.raises(UsageError, match="one is being rendered already"):
        rendering.add("one")
    rendering.jobs.stop(waiting.number)
    assert waiting.state == "stopped"
    rendering.until(one, "finished", "failed")
    assert [job.state for job in (bad, one)] == ["failed", "finished"]
    assert "keyframes: should be a list" in "\n".join(bad.lines)
    told = rendering.jobs.told()
    assert [job["name"] for job in told] == ["bad", "one", "waiting"]
    assert (told[1]["fraction"], told[1]["doing"]) == (1, "finished")
    assert [path.name for path in rendering.cli.output.glob("*.mp4")] == ["one.mp4"]
    with pytest.raises(UsageError, match="no job 99"):
        rendering.jobs.stop(99)


def test_a_render_stands_behind_the_explorer_and_ends_with_it(rendering):
    job = rendering.add("long", LONGER)
    last = rendering.add("last")
    rendering.until(job, "running")
    process = job.process
    until(lambda: job.facts.get("frames"), told=job.told)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 10
    workers = workers_of(process)
    assert all(os.getpriority(os.PRIO_PROCESS, worker) == 10 for worker in workers)
    rendering.jobs.close()
    assert (job.state, last.state, process.returncode) == ("stopped", "stopped", 130)
    assert [line.split(";")[0] for line in rendering.said] == ["long: stopped", "last: stopped"]
    assert "long.yaml goes on with it" in rendering.said[0]
    with pytest.raises(UsageError, match="ending"):
        rendering.add("more")


@pytest.mark.slow
def test_what_was_stopped_goes_on_to_the_same_video(rendering):
    cli = rendering.cli
    (cli.folder / "whole").mkdir()
    whole = Cli(cli.folder / "whole")
    whole.done("zoom", whole.config(LONGER, "part"))
    counts = cli.output / "part" / "counts"

    def begun(before):
        job = rendering.add("part", LONGER)
        until(lambda: len(list(counts.glob("*.counts"))) > before, told=job.told)
        return job

    job = begun(0)
    rendering.jobs.stop(job.number)
    rendering.until(job, "stopped")
    job = begun(len(list(counts.glob("*.counts"))))
    os.killpg(job.process.pid, signal.SIGKILL)
    rendering.until(job, "failed")
    rendering.until(rendering.add("part", LONGER), "finished")
    assert (cli.output / "part.mp4").read_bytes() == (whole.output / "part.mp4").read_bytes()


def test_progress_is_told_a_line_at_a_time(cli):
    config = cli.config()
    lines = [json.loads(line) for line in cli.done("zoom", "--progress-lines", config).splitlines()]
    lines = [line for line in lines if "warning" not in line]
    assert all(0 <= line["fraction"] <= 1 for line in lines)
    assert (lines[-1]["state"], lines[-1]["encoded"], lines[-1]["frames"]) == ("finished", 21, 21)
    assert any(line.get("picture", "").startswith("data:image/jpeg;base64,") for line in lines)
    assert cli.run("zoom", "--progress-lines", config, config).returncode == 2


@pytest.mark.slow
def test_a_film_is_checked_as_plan_does(cli):
    # Fast, with too few digits, and at its end inside of the set.
    text = SMALL.replace(
        "center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]",
        "center: [-0.1234567, 0.1234567]",
    ).replace("width: 1e-6", "width: 1e-9")
    config = cli.config(text)
    process = FilmProcess("film_check", cli.folder / "unsaved.yaml", text, cli.output)
    answer = json.loads(process.answer())
    assert not cli.output.exists()
    result = cli.run("plan", config)
    assert result.returncode == 0, result.stderr
    shown = [line for line in result.stdout.splitlines() if line.startswith("warning  ")]
    digits = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    told = [f"{each['key']}: {each['text']}" for each in answer["warnings"]]
    assert len(told) == len(shown) + len(digits) >= 3
    assert all(any(each in line for line in (*shown, *digits)) for each in told)
    assert f"to do    {answer['frames']} frames" in result.stdout
    assert answer["seconds"] > 0 < answer["disk_bytes"]


def test_a_check_that_is_not_wanted_any_more_ends_at_once(cli):
    check = FilmProcess("film_check", cli.config(), SMALL, cli.output)
    check.stop()
    with pytest.raises(Exception, match="stopped"):
        check.answer()
