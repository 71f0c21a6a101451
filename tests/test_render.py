"""Whole videos through the real command line: resumed, killed, recoloured, and always the same."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import imageio_ffmpeg
import pytest

from pipeline.video.ffmpeg import count_frames
from tests.conftest import SMALL, Cli

FRAMES = 21
SAMPLES = FRAMES * 96 * 54

# Some seconds of computing, so that it can be stopped in the middle.
LONGER = SMALL.replace(
    "width: 96, height: 54, fps: 10", "width: 384, height: 216, fps: 30"
).replace("maxiter: 500", "maxiter: 3000")


@pytest.fixture(scope="module")
def rendered(module_cli):
    """One video, rendered by the real command."""
    config = module_cli.config()
    printed = module_cli.done("zoom", config)
    return module_cli, config, printed


def report(cli: Cli, name: str = "small"):
    return json.loads((cli.output / name / "report.json").read_text())


def test_one_yaml_makes_one_mp4_of_all_frames(rendered):
    cli, _, printed = rendered
    video = cli.output / "small.mp4"
    assert count_frames(video) == FRAMES
    reader = imageio_ffmpeg.read_frames(str(video))
    facts = next(reader)
    reader.close()
    assert (facts["size"], facts["fps"]) == ((96, 54), 10)
    assert str(video) in printed
    assert f"{FRAMES} frames in" in printed


def test_the_report_says_what_was_done(rendered):
    cli, config, _ = rendered
    cli.output.joinpath("small", "report.json").unlink()
    other = Cli(cli.folder / "fresh")
    other.folder.mkdir()
    other.done("zoom", config)
    facts = report(other)
    assert facts["outcome"] == "finished"
    assert facts["frames"] == FRAMES
    assert (facts["pixels_computed"], facts["pixels_reused"]) == (SAMPLES, 0)
    assert facts["iterations_computed"] > SAMPLES
    assert set(facts["stages"]) == {"reference", "compute", "colour", "reproject", "encode"}
    assert facts["stages"]["compute"]["cpu_s"] > 0
    assert facts["peak_memory_bytes"] > 10_000_000
    assert sum(facts["kernels"].values()) == FRAMES
    assert facts["kernels"]["float64"] > facts["kernels"]["perturbation 2^-40"] > 0
    assert facts["retried"] == []
    assert facts["config"]["keyframes"][1]["width"] == "0.000001"
    assert facts["versions"]["numpy"]
    assert (other.output / "small" / "log.txt").read_text().count("\n") >= 1
    assert (other.output / "small.mp4").read_bytes() == (cli.output / "small.mp4").read_bytes()


def test_a_second_run_computes_nothing_and_makes_the_same_bytes(rendered):
    cli, config, _ = rendered
    before = (cli.output / "small.mp4").read_bytes()
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == before
    assert (report(cli)["pixels_computed"], report(cli)["pixels_reused"]) == (0, SAMPLES)


@pytest.mark.parametrize(
    "more",
    [
        "colour: {palette: ember}\n",
        'colour: {palette: ["#102030", "#ffffff"], period: 3, scale: log, cycle: 0.5}\n',
        "colour: {interior: [9, 9, 60], offset: 0.3, scale: linear}\n",
    ],
)
def test_another_look_computes_nothing(rendered, more):
    cli, config, _ = rendered
    before = (cli.output / "small.mp4").read_bytes()
    config.write_text(SMALL + more)
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert (cli.output / "small.mp4").read_bytes() != before
    config.write_text(SMALL)
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert (cli.output / "small.mp4").read_bytes() == before


@pytest.mark.parametrize("settings", ["codec: h265", "crf: 30", "pixel_format: yuv420p10le"])
def test_another_encoding_computes_nothing(rendered, settings):
    cli, config, _ = rendered
    config.write_text(SMALL.replace("fps: 10", f"fps: 10, {settings}"))
    cli.done("zoom", config)
    config.write_text(SMALL)
    assert report(cli)["pixels_computed"] == 0
    assert count_frames(cli.output / "small.mp4") == FRAMES


def test_twice_the_frame_rate_computes_only_the_frames_between(rendered):
    cli, config, _ = rendered
    config.write_text(SMALL.replace("fps: 10", "fps: 20"))
    cli.done("zoom", config)
    config.write_text(SMALL)
    assert report(cli)["pixels_computed"] == (FRAMES - 1) * 96 * 54
    assert report(cli)["pixels_reused"] == SAMPLES


@pytest.mark.parametrize("workers", [1, 3])
def test_the_number_of_workers_changes_no_byte(rendered, tmp_path, workers):
    cli, _, _ = rendered
    cli.done("zoom", cli.config())
    other = Cli(tmp_path)
    other.done("zoom", other.config(SMALL.replace("workers: 2", f"workers: {workers}")))
    assert (other.output / "small.mp4").read_bytes() == (cli.output / "small.mp4").read_bytes()


def test_damaged_and_lost_counts_are_computed_again_and_nothing_else(cli):
    config = cli.config()
    cli.done("zoom", config)
    expected = (cli.output / "small.mp4").read_bytes()
    stored = sorted((cli.output / "small" / "counts").glob("*.counts"))
    whole = stored[3].read_bytes()
    stored[3].write_bytes(whole[:-7] + bytes([whole[-7] ^ 1]) + whole[-6:])
    stored[5].unlink()
    stored[8].write_bytes(stored[8].read_bytes()[:100])
    for segment in (cli.output / "small" / "segments").iterdir():
        segment.unlink()
    result = cli.run("zoom", config)
    assert result.returncode == 0, result.stderr
    assert report(cli)["pixels_computed"] == 3 * 96 * 54
    assert "stored counts were damaged" in result.stderr
    assert report(cli)["retried"] != []
    assert (cli.output / "small.mp4").read_bytes() == expected


def test_a_damaged_segment_is_encoded_again(rendered):
    cli, config, _ = rendered
    cli.done("zoom", config)
    expected = (cli.output / "small.mp4").read_bytes()
    (segment,) = (cli.output / "small" / "segments").glob("*.mp4")
    segment.write_bytes(segment.read_bytes()[:2000])
    result = cli.run("zoom", config)
    assert result.returncode == 0, result.stderr
    assert (cli.output / "small.mp4").read_bytes() == expected


def test_supersampling_computes_its_square_of_samples(cli):
    cli.done("zoom", cli.config(SMALL.replace("workers: 2", "workers: 2, supersample: 2")))
    assert report(cli)["pixels_computed"] == 4 * SAMPLES


def started(cli: Cli, config: Path, counts: int):
    """Start a render and return it once it has stored some counts."""
    process = cli.start("zoom", config)
    folder = cli.output / config.stem / "counts"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if folder.is_dir() and len(list(folder.glob("*.counts"))) >= counts:
            return process
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1])
        time.sleep(0.005)
    process.kill()
    raise AssertionError("it never began")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("undisturbed"))
    cli.done("zoom", cli.config(LONGER))
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
    stored = len(list((cli.output / "small" / "counts").glob("*.counts")))
    assert stored >= 5
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    # What was stored was not computed again; a kill may fall between storing and counting.
    assert report(cli)["pixels_reused"] >= stored * 384 * 216
    left = list((cli.output / "small").rglob("*.part"))
    assert left == []


def descendants(process: int) -> list[int]:
    children = []
    # A short-lived child may be gone before it is looked at.
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return children + [below for child in children for below in descendants(child)]


def runs(process: int, word: bytes) -> bool:
    with contextlib.suppress(OSError):
        return word in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


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


DEEP = """\
video: {width: 96, height: 54, fps: 5}
maxiter: auto
render: {workers: 2}
keyframes:
  - time: 0
    center: [-1.75, 0]
    width: 1e-3
  - time: 2
    center:
      - "-1.9415760324164384670258010207152963455836310703337636971553632153699953231748214265693439392"
      - "0.0076169857177704379214396281303386374139270953211064113206094216137426174014"
    width: 1e-60
"""


def test_a_deep_zoom_is_the_same_with_any_workers_and_after_any_stop(cli):
    config = cli.config(DEEP, "deep")
    cli.done("zoom", config)
    facts = report(cli, "deep")
    assert facts["kernels"] == {"float64": 1, "perturbation 2^-40": 10}
    assert facts["references"][0]["bits"] == 320
    assert facts["stages"]["reference"]["cpu_s"] > 0
    whole = (cli.output / "deep.mp4").read_bytes()
    folder = cli.output / "deep"
    # Tables are of one run; the orbit stays.
    assert sorted(path.name for path in folder.joinpath("references").iterdir()) == [
        path.name for path in folder.joinpath("references").iterdir() if len(path.name) == 32
    ]
    other = Cli(cli.folder / "one-worker")
    other.folder.mkdir()
    alone = other.config(DEEP.replace("workers: 2", "workers: 1"), "deep")
    other.done("zoom", alone)
    assert (other.output / "deep.mp4").read_bytes() == whole
    # A table that a killed run left is no table of this one.
    left = folder / "references" / "tables.999999"
    left.mkdir()
    left.joinpath("old.table").write_bytes(b"nonsense")
    for path in (cli.output / "deep.mp4", *folder.joinpath("segments").iterdir()):
        path.unlink()
    for path in list(folder.joinpath("counts").iterdir())[::2]:
        path.unlink()
    cli.done("zoom", config)
    assert (cli.output / "deep.mp4").read_bytes() == whole
    assert not left.exists()
    facts = report(cli, "deep")
    assert facts["pixels_reused"] > 0
    assert facts["references"][0]["cpu_s"] > facts["stages"]["reference"]["cpu_s"] == 0
