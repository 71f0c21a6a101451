"""Renders that are disturbed: each says what to do, and carries on to the bytes it would have made."""

import contextlib
import os
import random
import signal
import subprocess

import pytest

from tests.conftest import Cli
from tests.processes import LONGER, descendants, report, runs, samples_in, started


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("undisturbed"))
    cli.done("zoom", cli.config(LONGER))
    assert report(cli)["frames_from_bands"] == 61
    return (cli.output / "small.mp4").read_bytes()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 130), (signal.SIGINT, 130), (signal.SIGHUP, 130), (signal.SIGKILL, -9)],
)
def test_a_stopped_run_carries_on_to_the_same_bytes(cli, undisturbed, number, status):
    config = cli.config(LONGER)
    process = started(cli, config, 5)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in said
    assert not (cli.output / "small.mp4").exists()
    if number != signal.SIGKILL:
        assert "the same command carries on" in said
    stored = [samples_in(path) for path in (cli.output / "small" / "counts").glob("*.counts")]
    assert len(stored) >= 5
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    # What was stored was not computed again; a kill may fall between storing and counting.
    assert report(cli)["pixels_reused"] >= sum(stored)
    left = list((cli.output / "small").rglob("*.part"))
    assert left == []


def test_a_killed_worker_costs_nothing_but_its_blocks(cli, undisturbed):
    config = cli.config(LONGER)
    process = started(cli, config, 5)
    server = next(
        child
        for child in descendants(process.pid)
        if runs(child, b"forkserver") and descendants(child)
    )
    os.kill(descendants(server)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    assert report(cli)["retried"] == ["1 workers lost"]


def test_a_killed_encoder_fails_the_run_which_then_carries_on(cli, undisturbed):
    config = cli.config(LONGER)
    process = started(cli, config, 15)
    encoders = [child for child in descendants(process.pid) if runs(child, b"ffmpeg")]
    for encoder in encoders:
        with contextlib.suppress(ProcessLookupError):
            os.kill(encoder, signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    if process.returncode:
        assert process.returncode == 1
        assert "ffmpeg" in said
        assert "Traceback" not in said
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed


def test_a_second_run_of_the_same_config_says_so_and_stops(cli):
    config = cli.config(LONGER)
    process = started(cli, config, 2)
    result = cli.run("zoom", config)
    assert result.returncode == 1
    assert "another run is at work" in result.stderr
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


@pytest.mark.slow
def test_twenty_kills_at_random_moments_change_no_byte(cli, undisturbed):
    config = cli.config(LONGER)
    rng = random.Random(11)
    for _ in range(20):
        process = cli.start("zoom", config)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0.3, 6))
        process.kill()
        process.communicate()
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed


def test_an_output_that_cannot_be_written_is_told(cli):
    config = cli.config()
    cli.output.write_text("a file where the folder should be")
    result = cli.run("zoom", config)
    assert result.returncode == 1
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr
