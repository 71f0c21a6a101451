"""The machine that the program runs on: the first compile, folders, and what a system may lack."""

import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pipeline.drawing.arena import Arena
from pipeline.errors import RenderError
from pipeline.kernels.cache import (
    code_digest,
    compiled_folder,
    refusal,
    remove_unused,
)
from pipeline.system import machine, temporary
from pipeline.system.sources import PACKAGE, sources_digest
from pipeline.workers.pipe_locks import Tokens
from pipeline.workers.pool import Task
from pipeline.workers.processes import ProcessPool
from tests.conftest import ROOT, SMALL, pytest_configure
from tests.processes import LONGER, descendants, runs, started

namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="this system lets nobody make namespaces",
)


# The first compile


def compilers(run: int) -> list[int]:
    """Return the processes of a run that compile: one that starts others, and one that works."""
    return [pid for pid in descendants(run) if runs(pid, b"compile_kernels")]


def at_work(process: subprocess.Popen[str]) -> list[int]:
    """Wait until a kernel is being compiled; return the compiling processes."""
    deadline = time.monotonic() + 120
    while len(found := compilers(process.pid)) < 2:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("command", "number"),
    # One handler serves both signals, and one call compiles for all commands.
    [("zoom", signal.SIGTERM), pytest.param("still", signal.SIGINT, marks=pytest.mark.slow)],
)
def test_a_signal_ends_the_first_compile_at_once(cli, monkeypatch, command, number):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cli.folder / "compiled"))
    process = cli.start(command, cli.config())
    working = at_work(process)
    before = time.monotonic()
    # To the whole process group, as a terminal or systemd does.
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)
    # One kernel alone takes longer, even on an idle machine.
    assert time.monotonic() - before < 3
    assert process.returncode == 130
    assert "compiling the kernels for this processor" in said
    assert "the same command carries on" in said
    assert "Traceback" not in said
    deadline = time.monotonic() + 3
    while any(map(alive, working)):
        assert time.monotonic() < deadline, "a compiler outlived its run"
        time.sleep(0.01)


@pytest.mark.slow
def test_a_compiler_ends_with_a_run_that_is_killed(cli, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(cli.folder / "compiled"))
    process = cli.start("zoom", cli.config())
    working = at_work(process)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while any(map(alive, working)):
        assert time.monotonic() < deadline, "a compiler outlived its run"
        time.sleep(0.01)


def memory_mb(run: int) -> float:
    """Return the memory of a run and its descendants, shared pages counted once."""
    total = 0
    for pid in (run, *descendants(run)):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1024


@pytest.mark.slow
def test_a_first_run_compiles_once_and_in_little_memory(cli, monkeypatch):
    """Even if a compiler is killed and another run begins meanwhile; workers compile nothing."""
    folder = cli.folder / "compiled"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(folder))
    looks = SMALL + "colour: {palette: ember, light: {azimuth: 45}, interior_by: period}\n"
    first = cli.start("zoom", cli.config(looks, "first"))
    os.kill(at_work(first)[-1], signal.SIGKILL)
    second = cli.start("zoom", cli.config(looks, "second"))
    peak = 0.0
    while first.poll() is None:
        peak = max(peak, memory_mb(first.pid))
        assert not compilers(second.pid) or first.poll() is not None
        time.sleep(0.2)
    for process in (first, second):
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
    assert "waiting for it" in said
    assert peak < 350
    files = {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb?")}
    for number, lines in enumerate(
        (
            "video: {width: 96, height: 54, fps: 10, codec: gif}",
            "video: {width: 96, height: 54, fps: 10, pixel_format: yuv420p10le}",
        )
    ):
        cli.done("zoom", cli.config(looks.replace(SMALL.splitlines()[0], lines), f"more-{number}"))
    deep = SMALL.replace("width: 1e-6", "width: 1e-20") + "colour: {light: {azimuth: 45}}\n"
    cli.done("zoom", cli.config(deep, "deep"))
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb?")} == files


# Where compiled code lies


def test_a_constant_changed_in_any_module_changes_the_folder(tmp_path):
    copy = tmp_path / "pipeline"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert code_digest(copy) == code_digest()
    assert code_digest() in compiled_folder().name
    shader = copy / "colour" / "shade.py"
    shader.write_text(shader.read_text() + "ANOTHER = 1\n")
    code_digest.cache_clear()
    sources_digest.cache_clear()
    assert code_digest(copy) != code_digest()
    sources = list(copy.rglob("*.py"))
    # Short sources, since many digests are taken.
    for source in sources:
        source.write_text("ONE = 1\n")
    digests = set()
    changed = sources[::5]
    for source in changed:
        source.write_text("ONE = 2\n")
        sources_digest.cache_clear()
        digests.add(sources_digest(copy))
        source.write_text("ONE = 1\n")
    assert len(digests) == len(changed)


def test_a_folder_into_which_others_could_put_code_is_not_used(tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    assert refusal(mine) == ""
    assert stat.S_IMODE(mine.stat().st_mode) == 0o700
    mine.chmod(0o777)
    assert "others can write there" in refusal(mine)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    (tmp_path / "target").mkdir(mode=0o700)
    assert "is no folder" in refusal(link)
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert "everybody" in refusal(open_to_all / "below")
    # What is refused is not where code goes.
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(open_to_all))
    assert open_to_all not in compiled_folder().parents


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_used(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 12345, 12345)
    assert "belongs to another user" in refusal(theirs)


def test_only_old_folders_of_ones_own_are_removed(tmp_path):
    names = ["mandelbrot-kernels-0123456789abcdef", "kernels-fedcba9876543210", "kernels-of-mine",
             "mandelbrot-kernels-aaaaaaaaaaaaaaaa"]  # fmt: skip  # the last is in use
    for name in names:
        (tmp_path / name / "below").mkdir(parents=True)
        os.utime(tmp_path / name, (0, 0))
    used = tmp_path / names[-1]
    recent = tmp_path / "mandelbrot-kernels-bbbbbbbbbbbbbbbb"
    recent.mkdir()
    remove_unused(used)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [recent.name, "kernels-of-mine", used.name]
    )


# Sources that cannot be written, and a HOME that does not exist; in a namespace of its own.
READ_ONLY = """
mount --bind {root} {root} && mount -o remount,bind,ro {root} && cd {root} && {command}
"""


@namespaces
@pytest.mark.parametrize("cache", ["", "relative/cache", "/proc/nowhere"])
def test_with_read_only_sources_and_no_home_code_goes_to_a_temporary_folder(tmp_path, cache):
    code = "from pipeline.kernels.cache import compiled_folder as f; print(f())"
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", READ_ONLY.format(
            root=ROOT, command=shlex.join([sys.executable, "-c", code])
        )],
        env={"HOME": "/proc/nowhere", "XDG_CACHE_HOME": cache, "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    folder = Path(result.stdout.strip())
    assert folder.is_relative_to(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@namespaces
def test_where_code_can_be_kept_nowhere_every_reason_is_given(cli):
    blocked = cli.folder / "mandelbrot-kernels-of-0"
    blocked.write_text("a file where a folder should be")
    still = shlex.join(cli.arguments("still", cli.config()))
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", READ_ONLY.format(root=ROOT, command=still)],
        env={"HOME": "/proc/nowhere", "TMPDIR": str(cli.folder), "NUMBA_CACHE_DIR": "/proc/named"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip  # one call
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "compiled kernels can be kept nowhere" in result.stderr
    for folder in ("/proc/named", f"{PACKAGE}/kernels/__pycache__", "/proc/nowhere", str(blocked)):
        assert folder in result.stderr


# What a system may lack


def test_tokens_are_taken_and_given_back():
    tokens = Tokens(2)
    assert tokens.acquire()
    assert tokens.acquire(timeout=5)
    assert not tokens.acquire(block=False)
    assert not tokens.acquire(timeout=0.01)
    assert tokens._is_zero()
    tokens.release()
    assert not tokens._is_zero()
    with tokens:
        assert not tokens.acquire(block=False)
    assert tokens.acquire(block=False)


# /proc holds nothing but the processor's description, by which numba's code is found.
BARE = """
set -e
cp /proc/cpuinfo {folder}/cpuinfo
mount -t tmpfs -o ro tmpfs /dev/shm
mount -t tmpfs tmpfs /proc
cp {folder}/cpuinfo /proc/cpuinfo
{zoom}
"""


@namespaces
@pytest.mark.slow
def test_without_proc_and_shared_memory_the_same_video_is_made(cli):
    config = cli.config()
    cli.done("zoom", config)
    video = (cli.output / "small.mp4").read_bytes()
    shutil.rmtree(cli.output)
    deep = cli.folder / ("long" * 30)
    deep.mkdir()
    script = BARE.format(folder=cli.folder, zoom=shlex.join(cli.arguments("zoom", config)))
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(deep)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert (cli.output / "small.mp4").read_bytes() == video
    assert list(deep.iterdir()) == []


def test_without_proc_memory_and_cores_come_from_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "PROC", tmp_path)
    assert machine.memory_of_tree_bytes() > 10_000_000
    assert machine.usable_cores() >= 1
    assert machine.available_memory_bytes() is None
    assert machine.encoders_cpu_s() >= 0
    machine.page_out("libllvmlite")


def write_in(arena):
    arena.mapped()[5] = 7


def test_an_arena_in_a_file_is_shared_as_one_in_memory(monkeypatch, tmp_path):
    monkeypatch.setattr("pipeline.drawing.arena.PROC", tmp_path)
    arena = Arena(4096)
    assert Path(arena.map.path).is_relative_to(temporary.run_folder())
    with ProcessPool(1) as pool:
        list(pool.results([Task("writes", write_in, (arena.map,))]))
    assert arena.map.mapped()[5] == 7
    arena.close()
    assert not Path(arena.map.path).exists()


@pytest.fixture
def no_run_folder():
    """Forget this process's folder during a test."""
    kept = temporary.run_folder.cache_info().currsize
    temporary.run_folder.cache_clear()
    yield
    temporary.remove_run_folder()
    assert kept in (0, 1)


@pytest.mark.usefixtures("no_run_folder")
def test_left_folders_of_killed_runs_are_removed_and_those_of_living_ones_stay(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, tempfile; from pipeline.system.temporary import run_folder\n"
        "print(run_folder(), flush=True); input(); os._exit(0)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip  # one call
        left = Path(other.stdout.readline().strip())
        os.utime(left, (0, 0))
        temporary.run_folder()
        assert left.exists()
        other.communicate("\n")
    temporary.remove_run_folder()
    mine = temporary.run_folder()
    assert not left.exists()
    assert mine.exists()


@pytest.mark.usefixtures("no_run_folder")
def test_a_temporary_folder_too_long_for_sockets_is_left_for_a_short_one(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 20)))
    assert len(str(temporary.run_folder())) < 70


@pytest.mark.usefixtures("no_run_folder")
def test_a_folder_for_temporary_files_that_cannot_be_used_is_named(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nowhere")
    with pytest.raises(RenderError, match=r"/proc/nowhere.*TMPDIR=FOLDER"):
        temporary.run_folder()


# Signals


@pytest.fixture
def ignoring():
    """Ignore the signals that nohup, or a shell's &, makes a process ignore."""
    before = {
        number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("ignoring")
def test_what_a_shell_ignores_is_not_ignored_by_what_tests_start():
    pytest_configure()
    code = "import signal as s; print(s.getsignal(s.SIGHUP) == s.SIG_DFL, s.getsignal(s.SIGINT) != s.SIG_IGN)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert said.split() == [b"True", b"True"]


@pytest.mark.usefixtures("ignoring")
def test_a_run_under_nohup_outlives_its_terminal(cli):
    process = started(cli, cli.config(LONGER), 2, anew=True)
    process.send_signal(signal.SIGHUP)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
