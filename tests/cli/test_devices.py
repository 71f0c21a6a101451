"""Graphics processors on the command line: found, tested, told of, and used by every command."""

import json
import signal
import time

import numpy as np
import pytest

from tests.conftest import forked_program
from tests.graphics import need_adapter

DEEP = """
video: {width: 96, height: 54, fps: 4}
maxiter: 1500
render: {workers: 1, device: DEVICE}
keyframes:
  - {time: 0, center: ["-1.768778833280869931158", "-0.001738996400414413917"], width: 1e-13}
  - {time: 1.5, center: ["-1.768778833280869931158", "-0.001738996400414413917"], width: 1e-15}
"""


@pytest.fixture(autouse=True)
def adapter():
    need_adapter()


def zoomed(cli, device, *arguments):
    cli.output = cli.folder / device
    cli.done("zoom", cli.config(DEEP.replace("DEVICE", device)), *arguments)
    return (cli.output / "small.mp4").read_bytes()


def test_a_deep_zoom_is_the_same_byte_by_byte_with_a_card_beside_the_processor(cli):
    assert zoomed(cli, "gpu") == zoomed(cli, "cpu")
    report = json.loads((cli.folder / "gpu" / "small" / "report.json").read_text())
    assert report["retried"] == []
    assert report["machines"][0]["machine"] == "cpu"
    assert sum(machine["blocks"] for machine in report["machines"]) >= 4
    # The card is slow here, but it takes the first blocks.
    assert report["machines"][1]["blocks"] >= 1


def test_a_run_with_a_card_that_was_killed_carries_on_to_the_same_bytes(cli):
    right = zoomed(cli, "cpu")
    cli.output = cli.folder / "gpu"
    config = cli.config(DEEP.replace("DEVICE", "gpu"))
    process = cli.start("zoom", config)
    counts = cli.output / "small" / "counts"
    while process.poll() is None and not (counts.exists() and any(counts.iterdir())):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert zoomed(cli, "gpu") == right


def test_devices_are_listed_tested_and_measured():
    told = forked_program().run(["devices"], 300).stdout.splitlines()
    assert told[0].startswith("cpu ")
    assert any(line.startswith("gpu ") for line in told)
    for numbers in ("float64", "two f32", "f32"):
        [line] = [line for line in told if line.startswith(f"         in {numbers} ")]
        assert "right" in line
        assert "million steps a second" in line


def test_the_plan_says_what_counts(cli):
    config = cli.config(DEEP.replace("DEVICE", "cpu"))
    assert "perturbation 2^-40 (cpu)" in cli.done("plan", config)
    assert "perturbation 2^-40 (cpu and " in cli.done("plan", config, "--device", "gpu")


def test_a_draft_is_counted_in_f32_by_the_card_alone(cli):
    config = cli.config(DEEP.replace("DEVICE", "gpu, accuracy: draft"))
    assert "perturbation 2^-24 in f32 (" in cli.done("plan", config)
    raw = cli.folder / "raw.npz"
    exact = cli.folder / "exact.npz"
    cli.done("still", config, "--frame", "0")
    for path, accuracy in ((raw, "draft"), (exact, "exact")):
        config = cli.config(DEEP.replace("DEVICE", f"gpu, accuracy: {accuracy}"))
        cli.done("still", config, "--frame", "0", "--raw", path)
    one, other = np.load(raw)["n"], np.load(exact)["n"]
    assert np.mean(one == other) > 0.9


def test_without_a_card_gpu_is_refused_and_auto_goes_by_the_processor(cli, monkeypatch):
    monkeypatch.setenv("WGPU_ADAPTER_NAME", "none such")
    config = cli.config(DEEP.replace("DEVICE", "gpu"))
    result = cli.run_anew("plan", config)
    assert result.returncode == 2, result.stderr
    assert "render.device: gpu: no graphics processor was found" in result.stderr
    assert "Traceback" not in result.stderr
    assert "(cpu)" in cli.run_anew("plan", config, "--device", "auto").stdout
