"""Check of a film: time, memory, disk and warnings, measured as `plan` does.

It is done in a process of its own, behind the explorer's pictures, that is killed when the answer
is no longer wanted: ``python -m pipeline.explorer.film_check PATH ROOT`` reads the config's text
from its standard input, and writes the answer as JSON.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from pipeline.config.load import load_config
from pipeline.errors import PipelineError, RenderError
from pipeline.plan.outputs import Outputs
from pipeline.render.forecast import forecast
from pipeline.session import Session
from pipeline.system.machine import available_memory_bytes, disk_space
from pipeline.system.temporary import run_folder

_NICE = 5
_LONGEST_S = 600.0


def checked(path: Path, text: str, root: Path) -> dict[str, Any]:
    """Return the estimate of a config's render, and all warnings that `plan` shows."""
    config = load_config(path, text)
    outputs = Outputs.of(config, root)
    remarks = []
    try:
        outputs.check(outputs.video)
    except PipelineError as error:
        remarks.append({"key": "", "text": str(error)})
    if remarks or not path.exists():
        # What is not saved yet, or may not be written there, leaves nothing behind.
        outputs = Outputs.of(config, run_folder() / "check")
    with Session(outputs, config, cluster=False, say=lambda _: None) as session:
        found = forecast(session, lambda _: None)
    work_plan, work = found.work_plan, found.work
    counts, traces = work_plan.lacking()
    space = disk_space(root if root.exists() else Path())
    warnings = [*config.warnings, *found.warnings]
    return {
        "warnings": [*({"key": each.key, "text": each.message} for each in warnings), *remarks],
        "frames": len(work_plan.wanted),
        "samples": counts,
        "traced": traces,
        "workers": session.workers,
        "seconds": work.wall_s,
        "memory_bytes": work.memory_bytes,
        "available_bytes": available_memory_bytes(),
        "disk_bytes": work.disk_bytes,
        "free_bytes": None if space is None else space[1],
    }


class Check:
    """A check in a process of its own; `stop` ends it from another thread."""

    def __init__(self, path: Path, text: str, root: Path) -> None:
        self._text = text
        self._stopped = threading.Event()
        words = [sys.executable, "-m", "pipeline.explorer.film_check", str(path), str(root)]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip  # one call
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)

    def answer(self) -> dict[str, Any]:
        """Wait for the answer.

        Raises
        ------
        RenderError
            It failed, or was stopped.
        """
        try:
            out, error = self._process.communicate(self._text.encode(), timeout=_LONGEST_S)
        except subprocess.TimeoutExpired:
            self.stop()
            self._process.communicate()
            raise RenderError(f"no answer within {_LONGEST_S:.0f} s") from None
        if self._process.returncode == 0:
            answer: dict[str, Any] = json.loads(out)
            return answer
        if self._stopped.is_set():
            raise RenderError("stopped")
        said = error.decode(errors="replace").strip().splitlines()
        raise RenderError(said[-1] if said else f"status {self._process.returncode}")

    def stop(self) -> None:
        """End it, and its workers."""
        self._stopped.set()
        # Once it was waited for, its number may be another process's.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def main(words: list[str]) -> int:
    """Check the config of the standard input."""
    path, root = map(Path, words)
    try:
        answer = checked(path, sys.stdin.buffer.read().decode(), root)
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
