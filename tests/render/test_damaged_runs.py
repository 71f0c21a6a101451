"""Whole runs over what was damaged on disk: made again, to the same bytes, and told."""

import json
import os
import random
import subprocess

import pytest

from tests.conftest import ROOT, SMALL, Cli
from tests.counts.test_damage import flipped
from tests.processes import report

# Everything that is kept: counts of both kernels, traces, an orbit, a limit, tones, segments.
EVERYTHING = """\
video: {width: 64, height: 36, fps: 5}
maxiter: auto
colour: {scale: histogram, light: {azimuth: 135}}
render: {workers: 2, quality: draft}
keyframes:
  - time: 0
    center: [-0.75, 0]
    width: 3.5
  - time: 2
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-14
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("everything"))
    config = cli.config(EVERYTHING)
    cli.done("zoom", config)
    return cli, config, (cli.output / "small.mp4").read_bytes()


def spoil(path, seed: int = 0) -> None:
    rng = random.Random(f"{path.name} {seed}")
    data, about = path.read_bytes(), path.stat()
    path.write_bytes(flipped(data, rng.randrange(len(data)), rng))
    # As a disk does it, and nobody who writes.
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


# Every day it is one of all files below.
@pytest.mark.slow
def test_a_flipped_bit_in_a_segment_does_not_get_into_the_video(everything):
    cli, config, expected = everything
    (segment,) = (cli.output / "small" / "segments").iterdir()
    spoil(segment)
    result = cli.run("zoom", config)
    assert result.returncode == 0, result.stderr
    assert (cli.output / "small.mp4").read_bytes() == expected
    (line,) = report(cli)["retried"]
    assert str(segment) in line
    assert line in result.stderr
    assert report(cli)["pixels_computed"] == 0


def test_a_flipped_bit_in_every_file_changes_no_byte_of_the_video(everything):
    cli, config, expected = everything
    folder = cli.output / "small"
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size]
    names = {path.name for path in files}
    assert {"maxiter.json", "tones.json", "state.json", "values.f64", "report.json"} <= names
    assert len(names) > 25
    for path in files:
        spoil(path)
    spoil(cli.output / "small.mp4")
    result = cli.run("zoom", config)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert (cli.output / "small.mp4").read_bytes() == expected
    told = "\n".join(report(cli)["retried"])
    for part in ("maxiter.json", "tones.json", "reference orbit", "counts", "segments"):
        assert part in told


@pytest.mark.slow
def test_what_alone_stays_of_a_video_is_looked_at_too(cli):
    config = cli.config(SMALL.replace("workers: 2", "workers: 2, keep: nothing"))
    cli.done("zoom", config)
    video, noted = cli.output / "small.mp4", cli.output / "small" / "made-of.txt"
    expected = video.read_bytes()
    for path in (video, noted):
        spoil(path)
        cli.done("zoom", config)
        assert video.read_bytes() == expected
        assert str(path) in report(cli)["retried"][0]
    # As a version before noted it.
    names = json.loads(noted.read_text())["segments"]
    noted.write_text("".join(f"{name}\n" for name in names))
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert json.loads(noted.read_text())["segments"] == names


# Python's own start-up hook: a disk that damages what it is given under a name.
BAD_DISK = """
import pathlib
real = pathlib.Path.replace
def replace(self, target):
    result = real(self, target)
    if str(target).endswith({ending!r}) and "small/" in str(target):
        data = bytearray(pathlib.Path(target).read_bytes())
        data[-30] ^= 1
        pathlib.Path(target).write_bytes(data)
    return result
pathlib.Path.replace = replace
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".counts", pytest.param(".mp4", marks=pytest.mark.slow)])
def test_a_disk_that_damages_all_it_gets_ends_the_run(cli, ending):
    bad = cli.folder / "bad"
    bad.mkdir()
    (bad / "sitecustomize.py").write_text(BAD_DISK.format(ending=ending))
    result = subprocess.run(
        cli.arguments("zoom", cli.config()),
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(bad)},
    )  # fmt: skip  # one call
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    last = result.stderr.splitlines()[-1]
    assert f"{ending}: " in last
    assert last.endswith("damaged; check the disk")
    assert not (cli.output / "small.mp4").exists()
