"""Renders in processes of their own, to be disturbed."""

import contextlib
import json
import struct
import subprocess
import time
from pathlib import Path

from tests.conftest import SMALL, Cli
from tests.forked_program import ForkedProcess

# Some seconds of computing, so that it can be stopped in the middle.
LONGER = SMALL.replace(
    "width: 96, height: 54, fps: 10", "width: 320, height: 180, fps: 15"
).replace("maxiter: 500", "maxiter: 3000")


def report(cli: Cli, name: str = "small"):
    return json.loads((cli.output / name / "report.json").read_text())


def samples_in(path: Path) -> int:
    """Return how many samples a file of counts holds."""
    data = path.read_bytes()
    start = data.index(b"\n") + 9
    (length,) = struct.unpack("<I", data[start - 8 : start - 4])
    facts = json.loads(data[start : start + length])
    return facts["grid"]["columns"] * facts["grid"]["rows"]


def started(cli: Cli, config: Path, counts: int, *options: str, anew: bool = False):
    """Start a render and return it once it has stored some counts."""
    process = (cli.start_anew if anew else cli.start)("zoom", config, *options)
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


def descendants(process: int) -> list[int]:
    children = []
    # A short-lived child may be gone before it is looked at.
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            children += [int(child) for child in (task / "children").read_text().split()]
    return children + [below for child in children for below in descendants(child)]


def runs(process: int, word: bytes) -> bool:
    with contextlib.suppress(OSError):
        # One that was forked has the command line of another, and a name of its own.
        about = Path(f"/proc/{process}")
        return word in (about / "cmdline").read_bytes() + (about / "comm").read_bytes()
    return False


def workers_of(process: subprocess.Popen[str] | ForkedProcess) -> list[int]:
    """Return the workers of a run: what the server that forks them has started."""
    return next(
        below
        for child in descendants(process.pid)
        if runs(child, b"forkserver") and (below := descendants(child))
    )
