"""Renders that are disturbed: each says what to do, and carries on to the bytes it would have made."""

import contextlib
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli
from tests.processes import LONGER, descendants, report, runs, samples_in, started, workers_of


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("undisturbed"))
    cli.done("zoom", cli.config(LONGER))
    assert report(cli)["frames_from_bands"] == 31
    return (cli.output / "small.mp4").read_bytes()


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, 130),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 130, marks=pytest.mark.slow),
        (signal.SIGKILL, -9),
    ],
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


def loads_kernels(process: int) -> bool:
    with contextlib.suppress(OSError):
        maps = Path(f"/proc/{process}/maps").read_text()
        return runs(process, b"forkserver") and "libllvmlite" in maps
    return False


def test_ctrl_c_while_workers_start_leaves_no_traceback(cli):
    process = cli.start_anew("zoom", cli.config(LONGER))
    deadline = time.monotonic() + 60
    while not any(loads_kernels(child) for child in descendants(process.pid)):
        assert time.monotonic() < deadline
        assert process.poll() is None
    # As a terminal does: to all that belongs to it.
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "the same command carries on" in said


def test_a_killed_worker_costs_nothing_but_its_blocks(cli, undisturbed):
    config = cli.config(LONGER)
    process = started(cli, config, 1)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    assert report(cli)["retried"] == ["1 workers lost"]


def encoders(process: subprocess.Popen[str]) -> list[int]:
    return [child for child in descendants(process.pid) if runs(child, b"ffmpeg")]


@pytest.mark.slow
def test_a_killed_encoder_is_started_again(cli, undisturbed):
    config = cli.config(LONGER)
    process = started(cli, config, 15)
    while process.poll() is None and not (found := encoders(process)):
        time.sleep(0.005)
    for encoder in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(encoder, signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    assert "ffmpeg" in report(cli)["retried"][0]


@pytest.mark.slow
def test_an_encoder_that_dies_again_and_again_fails_the_run_which_then_carries_on(cli, undisturbed):
    config = cli.config(LONGER)
    process = started(cli, config, 5)
    while process.poll() is None:
        for encoder in encoders(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(encoder, signal.SIGKILL)
        time.sleep(0.005)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "ffmpeg" in said
    assert "Traceback" not in said
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    "numbers",
    [
        (signal.SIGINT, signal.SIGINT),
        pytest.param((signal.SIGTERM, signal.SIGINT), marks=pytest.mark.slow),
    ],
)
def test_asked_twice_it_stops_at_once(cli, undisturbed, numbers):
    config = cli.config(LONGER)
    process = started(cli, config, 5)
    below = descendants(process.pid)
    for number in numbers:
        process.send_signal(number)
        time.sleep(0.001)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command carries on" in said
    assert "Traceback" not in said
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}/cmdline").exists() and alive(child) for child in below):
        assert time.monotonic() < deadline, "a worker outlived its run"
        time.sleep(0.05)
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed


def alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.mark.slow
def test_a_run_that_stood_still_goes_on(cli, undisturbed):
    """As a laptop that was closed, or a Pi whose power supply is switched to another socket."""
    config = cli.config(LONGER)
    process = started(cli, config, 5)
    os.killpg(process.pid, signal.SIGSTOP)
    time.sleep(3)
    os.killpg(process.pid, signal.SIGCONT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    assert report(cli)["retried"] == []


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(cli, undisturbed):
    """As that of a Pi, which has no battery: it jumps when the network tells the time."""
    jumping = cli.folder / "jumping"
    jumping.mkdir()
    # Python's own start-up hook: the clock of this process, whatever the code reads of it.
    (jumping / "sitecustomize.py").write_text(
        "import itertools, time\n"
        "real, turn = time.time, itertools.count()\n"
        "time.time = lambda: real() + (-1) ** next(turn) * 1e8\n"
    )
    result = subprocess.run(
        cli.arguments("zoom", cli.config(LONGER)),
        cwd=ROOT, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(jumping)},
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    assert (cli.output / "small.mp4").read_bytes() == undisturbed
    assert report(cli)["wall_s"] < 300


@pytest.mark.slow
def test_a_worker_without_memory_is_told_and_the_run_carries_on(cli, undisturbed):
    config = cli.config(LONGER)
    process = started(cli, config, 2)
    for worker in workers_of(process):
        with contextlib.suppress(ProcessLookupError):
            size = int(Path(f"/proc/{worker}/statm").read_text().split()[0]) * 4096
            resource.prlimit(worker, resource.RLIMIT_AS, (size, size))
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
    if process.returncode:
        assert process.returncode == 1
        assert "memory" in said
        assert "render.workers" in said
        cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed


# What a file of counts may have suffered.
DAMAGES = {
    "empty": lambda _: b"",
    "cut within the header": lambda data: data[:40],
    "cut at the end": lambda data: data[:-1],
    "a bit flipped in the header": lambda data: flipped(data, 60),
    "a bit flipped in the counts": lambda data: flipped(data, -9),
    "of another version": lambda data: data.replace(b"counts 3\n", b"counts 2\n", 1),
    "of another program": lambda _: b"not counts at all" * 50,
}


EVERYDAY_DAMAGES = ("a bit flipped in the counts",)


def flipped(data: bytes, place: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 4
    return bytes(changed)


# Of like ones one is enough for every day.
@pytest.mark.slow
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name not in EVERYDAY_DAMAGES else [])
        for name in DAMAGES
    ],
)
def test_damaged_counts_are_computed_again(cli, small_bytes, damage):
    config = cli.config()
    cli.done("zoom", config)
    counts = sorted((cli.output / "small" / "counts").glob("*.counts"))
    lost = 0
    for path in counts[:3]:
        lost += samples_in(path)
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    for segment in (cli.output / "small" / "segments").iterdir():
        segment.unlink()
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == small_bytes
    assert report(cli)["pixels_computed"] == lost


@pytest.fixture(scope="module")
def small_bytes(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("small"))
    cli.done("zoom", cli.config())
    return (cli.output / "small.mp4").read_bytes()


namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="this system lets nobody make namespaces",
)


@namespaces
def test_a_disk_that_is_read_only_is_told(cli):
    cli.output.mkdir()
    zoom = shlex.join(cli.arguments("zoom", cli.config()))
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", f"mount -t tmpfs -o ro tmpfs {cli.output} && {zoom}"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip  # one call
    assert result.returncode == 1
    assert "cannot be written: Read-only file system" in result.stderr
    assert "Traceback" not in result.stderr


# A disk of its own in a namespace of its own, filled to the last byte after so many stored counts;
# then freed again. No privilege is needed where namespaces may be made.
FULL_DISK = """
set -e
mount -t tmpfs -o size=64m tmpfs {disk}
{zoom} & process=$!
until [ "$(find {disk} -name '{pattern}' | wc -l)" -ge {count} ]; do
    kill -0 $process || break
    sleep 0.005
done
dd if=/dev/zero of={disk}/filler bs=64k 2>/dev/null || true
status=0; wait $process || status=$?
rm {disk}/filler
echo "first $status"
if [ $status -ne 0 ]; then {zoom}; fi
cp {disk}/small.mp4 {result}
"""


@pytest.mark.slow
@namespaces
@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("*.counts", 1),
        pytest.param("*.counts", 12, marks=pytest.mark.slow),
        pytest.param("0*.mp4*", 1, marks=pytest.mark.slow),
        pytest.param("joined*", 1, marks=pytest.mark.slow),
    ],
)
def test_a_full_disk_stops_the_run_which_then_carries_on(cli, undisturbed, pattern, count):
    disk, copy = cli.folder / "disk", cli.folder / "copy.mp4"
    disk.mkdir()
    cli.output = disk
    zoom = shlex.join(cli.arguments("zoom", cli.config(LONGER)))
    script = FULL_DISK.format(disk=disk, zoom=zoom, pattern=pattern, count=count, result=copy)
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    if "first 0" not in result.stdout:
        assert "first 1" in result.stdout
        assert "space" in result.stderr or "disk" in result.stderr
    assert copy.read_bytes() == undisturbed


def test_a_second_run_of_the_same_config_says_so_and_stops(cli):
    config = cli.config(LONGER)
    process = started(cli, config, 2)
    result = cli.run("zoom", config)
    assert result.returncode == 1
    assert "another run is at work" in result.stderr
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said


def victim(process: subprocess.Popen[str], rng: random.Random) -> int:
    """Return the run, one of its workers, its server of workers or its encoder."""
    # Python's own tracker of resources is none of these: it complains when it is started again.
    below = [pid for pid in descendants(process.pid) if not runs(pid, b"resource_tracker")]
    return rng.choice([process.pid, *below])


@pytest.mark.slow
def test_two_hundred_kills_at_random_moments_change_no_byte(cli, undisturbed):
    config = cli.config(LONGER)
    rng = random.Random(11)
    for kill in range(200):
        process = cli.start("zoom", config)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=rng.uniform(0.3, 4))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid if kill % 2 else victim(process, rng), signal.SIGKILL)
        # What was not killed goes on to the end, or says why not.
        _, said = process.communicate(timeout=120)
        assert "Traceback" not in said
        if process.returncode == 0:
            assert (cli.output / "small.mp4").read_bytes() == undisturbed
            shutil.rmtree(cli.output)
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == undisturbed


def test_an_output_that_cannot_be_written_is_told(cli):
    config = cli.config()
    cli.output.write_text("a file where the folder should be")
    result = cli.run("zoom", config)
    assert result.returncode == 1
    assert "cannot be written" in result.stderr
    assert "Traceback" not in result.stderr
