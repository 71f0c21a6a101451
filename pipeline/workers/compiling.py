"""Compiles the kernels before there are workers, which then only load them."""

import contextlib
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import RenderError, os_error_text
from pipeline.kernels.cache import (
    compiled_folder,
    is_temporary,
    is_whole,
    mark_used,
    mark_whole,
    places_to_compile_in,
    remove_unused,
)
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.system.sources import PACKAGE
from pipeline.system.terminal import new_bar, say

# Prefixes of the lines that `compile_kernels` prints.
PART = "part: "
REFUSED = "refused: "
FAILED = "failed: "
KILLED = "killed: "

_WHAT = "compiling the kernels for this processor"
_HINT = "NUMBA_CACHE_DIR=FOLDER names another place"
_TRIES = 2
_LOOK_EVERY_S = 0.2
# Between two lines where there is no terminal.
_LINE_EVERY_S = 10.0


class _RefusedError(Exception):
    """Compiled kernels cannot be written where they should be."""


class _KilledError(Exception):
    """A process that compiled was killed, or found no memory."""


def compile_missing(tracing: bool = False) -> None:
    """Compile the kernels that are not compiled yet; with `tracing` also those of traces.

    A signal whose handler raises ends it at once, and leaves no process behind.

    Raises
    ------
    RenderError
        They cannot be compiled, or there is no folder to keep them in.
    """
    if not HAVE_NUMBA or os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return
    folder = compiled_folder()
    if folder is not None and is_whole(folder, tracing):
        mark_used(folder)
        return
    objections = []
    for folder, objection in places_to_compile_in():
        if objection:
            objections.append(objection)
            continue
        if objections:
            say(f"compiled kernels go to {folder} ({'; '.join(objections)}); {_HINT}")
        try:
            _compile_in(folder, tracing)
        except (_RefusedError, OSError) as error:
            why = os_error_text(error) if isinstance(error, OSError) else str(error)
            objections.append(f"{folder}: {why}")
            # The next run would take a half-filled folder for one that works.
            shutil.rmtree(folder, ignore_errors=True)
            continue
        if not is_temporary(folder):
            remove_unused(folder)
        return
    raise RenderError(f"compiled kernels can be kept nowhere: {'; '.join(objections)}; {_HINT}")


def _compile_in(folder: Path, tracing: bool) -> None:
    """Compile what is missing in a folder, unless another run has done so meanwhile."""
    with _alone(folder):
        groups = [] if is_whole(folder) else ["counting"]
        if tracing and not is_whole(folder, True):
            groups.append("tracing")
        if not groups:
            return
        with _Progress() as progress:
            for tried in range(1, _TRIES + 1):
                try:
                    _compile(folder, groups, progress)
                    break
                except _KilledError as error:
                    if tried == _TRIES:
                        raise RenderError(
                            f"{_WHAT} was stopped {_TRIES} times by {error}: most likely the "
                            "memory does not suffice, of which it takes 300 MB; what was compiled "
                            "is kept, the same command carries on from there"
                        ) from None
        for group in groups:
            mark_whole(folder, group == "tracing")


def _compile(folder: Path, groups: list[str], progress: "_Progress") -> None:
    """Compile some groups of kernels in a process of their own."""
    paths = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.workers.compile_kernels", *groups],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            "NUMBA_CACHE_DIR": str(folder.parent),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            # It forks, which a process with threads had better not.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
        # Ctrl-C goes to this process alone.
        start_new_session=True,
    )
    said = ""
    try:
        for line in _lines_of(process):
            if line.startswith(PART):
                progress.group(*map(int, line.removeprefix(PART).split()))
            else:
                said = line
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    if said.startswith(REFUSED):
        raise _RefusedError(said.removeprefix(REFUSED))
    if said.startswith(KILLED):
        raise _KilledError(said.removeprefix(KILLED))
    if process.returncode < 0:
        raise _KilledError(signal.Signals(-process.returncode).name)
    if process.returncode:
        raise RenderError(f"{_WHAT} failed: {said.removeprefix(FAILED) or 'see above'}")


def _lines_of(process: "subprocess.Popen[bytes]") -> Iterator[str]:
    """Yield the lines of a process until it ends, even if a child of it keeps its output open."""
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    waiting = b""
    ended = False
    while not ended:
        # Polled before reading, so that its last lines are not missed.
        ended = process.poll() is not None
        while select.select([descriptor], [], [], 0.0 if ended else _LOOK_EVERY_S)[0]:
            if not (data := os.read(descriptor, 1 << 12)):
                process.wait()
                return
            *lines, waiting = (waiting + data).split(b"\n")
            yield from (line.decode(errors="replace") for line in lines)


class _Progress:
    """Shows how far compilation is: a bar on a terminal, a line now and then without one."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()
        self._bar = new_bar("{desc}|{bar}| [{elapsed}]", _bar_text(0, 1))
        if self._bar is None:
            say(f"{_WHAT}: only once, about a minute, some minutes on a Pi")

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def group(self, number: int, groups: int) -> None:
        """Tell which of the groups of functions is being compiled."""
        if self._bar is not None:
            self._bar.set_description_str(_bar_text(number, groups), False)
            self._bar.n = number / groups
            self._bar.refresh()
        elif time.monotonic() - self._said_at >= _LINE_EVERY_S:
            self._said_at = time.monotonic()
            say(f"{_WHAT}, {number} of {groups}")


def _bar_text(number: int, groups: int) -> str:
    return f"{_WHAT}, only once: {number} of {groups} "


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; wait until no other run compiles into it."""
    with (folder / "lock").open("w") as lock:
        said = False
        # Where locks do not work, two runs may compile the same, each into files of its own.
        with contextlib.suppress(OSError):
            while not _locked(lock.fileno()):
                if not said:
                    say("another run is compiling the kernels; waiting for it")
                    said = True
                time.sleep(_LOOK_EVERY_S)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
