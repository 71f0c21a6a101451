"""Commands open one session: its pool starts with the first task, and the config's settings hold."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT, SMALL

NICE = max(1, os.getpriority(os.PRIO_PROCESS, 0))
# Runs a command in this process, and then prints what it has done to it.
PROBE = """\
import json, os, sys
from multiprocessing import forkserver
from pipeline.cli.main import main
status = main(sys.argv[1:])
started = forkserver._forkserver._forkserver_pid is not None
print(json.dumps([status, started, os.getpriority(os.PRIO_PROCESS, 0)]))
"""


def probed(cli, *words):
    result = subprocess.run(
        [sys.executable, "-c", PROBE, *cli.arguments(*words)[3:]],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip  # one call
    return json.loads(result.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def made(module_cli):
    text = SMALL.replace("maxiter: 500", "maxiter: auto").replace(
        "workers: 2", "workers: 2, nice: 1"
    )
    text = text.replace("width: 96, height: 54", "width: 32, height: 18").replace("1e-6", "1e-1")
    config = module_cli.config(text + "colour: {scale: histogram}\n")
    # All that it computes is of the first command.
    assert probed(module_cli, "zoom", config) == [0, True, NICE]
    return module_cli, config


def test_a_finished_video_is_found_finished_without_a_worker(made):
    assert probed(made[0], "zoom", made[1]) == [0, False, NICE]


@pytest.mark.slow
def test_a_still_draws_from_what_is_stored_without_a_worker(made):
    assert probed(made[0], "still", made[1])[0] == 0
    assert probed(made[0], "still", made[1]) == [0, False, NICE]


@pytest.mark.parametrize(
    "command",
    # Like the zoom and the still above.
    [pytest.param(each, marks=pytest.mark.slow) for each in ("plan", "palette", "export")],
)
def test_every_command_has_the_niceness_of_its_config(made, command):
    assert probed(made[0], command, made[1]) == [0, True, NICE]


def test_a_cluster_that_is_not_there_is_missed_by_those_that_count_and_not_by_a_plan(cli):
    text = SMALL.replace("1e-6", "1e-1").replace(
        "workers: 2", "workers: 2, reuse: bands, engine: dask, scheduler: 'tls://127.0.0.1:9'"
    )
    config = cli.config(text)
    assert "tls needs security" in cli.run("export", config).stderr
    config.write_text(text.replace("tls", "tcp"))
    pytest.importorskip("distributed")
    assert "tcp://127.0.0.1:9 counts, too" in cli.done("plan", config)
