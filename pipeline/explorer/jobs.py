"""Jobs: renders that the page began, one after the other, each a `zoom` in a process of its own.

A crash, a full disk or a stop ends a job as it ends the command: what was finished is on disk, and
the same job goes on from there.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pipeline.errors import Interrupted, UsageError
from pipeline.system.invocation import command_for

State = Literal["waiting", "running", "stopping", "finished", "failed", "stopped"]

# Behind the explorer, whose pictures somebody waits for.
_NICE = 10
_MOST_JOBS = 100
_MOST_LINES = 30
_LONGEST_LINE = 1 << 20
# A render that was asked to stop has so long for it.
_STOPS_WITHIN_S = 30.0


@dataclass(slots=True, eq=False)
class Job:
    """A render, from waiting to its end."""

    number: int
    name: str
    path: Path
    ending: str = ".mp4"
    """End of the video's name."""
    state: State = "waiting"
    facts: dict[str, Any] = field(default_factory=dict)
    """The latest of what the command printed of its progress."""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    """The latest messages of the command."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("finished", "failed", "stopped")

    def told(self) -> dict[str, Any]:
        """Return what the page is told of it."""
        return {
            "number": self.number,
            "name": self.name,
            "ending": self.ending,
            "state": self.state,
            **{key: value for key, value in self.facts.items() if key != "state"},
            "doing": self.facts.get("state", ""),
            "lines": list(self.lines)[-6:],
        }


class Jobs:
    """Does jobs in the order in which they came, in a thread of its own."""

    def __init__(self, root: Path, say: Callable[[str], object]) -> None:
        self._root = root
        self._say = say
        self._jobs: list[Job] = []
        self._change = threading.Condition()
        self._number = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, name: str, path: Path, ending: str = ".mp4") -> Job:
        """Add the render of a config to the queue.

        Raises
        ------
        UsageError
            It is there already, or there are too many.
        """
        with self._change:
            if self._closed:
                raise UsageError("the server is ending")
            if any(job.name == name and not job.is_over for job in self._jobs):
                raise UsageError(f"{name} is being rendered already; stop that first, or wait")
            # An earlier job of the same name has nothing more to say.
            self._jobs = [job for job in self._jobs if job.name != name]
            if len(self._jobs) >= _MOST_JOBS:
                over = next((job for job in self._jobs if job.is_over), None)
                if over is None:
                    raise UsageError(f"{_MOST_JOBS} renders wait already")
                self._jobs.remove(over)
            self._number += 1
            job = Job(self._number, name, path, ending)
            self._jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()
            self._change.notify_all()
        return job

    def told(self) -> list[dict[str, Any]]:
        """Return what the page is told of all jobs."""
        with self._change:
            return [job.told() for job in self._jobs]

    def stop(self, number: int) -> None:
        """Stop a job: what it has finished stays, and the same job goes on from there.

        Raises
        ------
        UsageError
            There is none of this number.
        """
        with self._change:
            job = next((job for job in self._jobs if job.number == number), None)
            if job is None:
                raise UsageError(f"there is no job {number}")
            self._stop(job)

    def close(self) -> None:
        """Stop all jobs, and wait for them; say how to go on with them."""
        with self._change:
            self._closed = True
            left = [job for job in self._jobs if not job.is_over]
            for job in left:
                self._stop(job)
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(_STOPS_WITHIN_S)
        for job in left:
            self._kill(job)
            if job.state != "finished":
                self._say(f"{job.name}: stopped; {command_for('zoom', job.path)} goes on with it")

    def _stop(self, job: Job) -> None:
        if job.state == "waiting":
            job.state = "stopped"
        elif job.state == "running" and job.process is not None:
            job.state = "stopping"
            with contextlib.suppress(ProcessLookupError):
                job.process.send_signal(signal.SIGTERM)

    @staticmethod
    def _kill(job: Job) -> None:
        """End a process that does not end by itself, and its workers."""
        if job.process is not None and job.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(job.process.pid, signal.SIGKILL)

    def _next(self) -> Job | None:
        """Wait for a job, and start it; None when there will be none."""
        with self._change:
            while True:
                if self._closed:
                    return None
                job = next((job for job in self._jobs if job.state == "waiting"), None)
                if job is not None:
                    self._start(job)
                    return job
                self._change.wait()

    def _start(self, job: Job) -> None:
        words = [sys.executable, "-m", "pipeline", "zoom", "--progress-lines"]
        words += ["--output", str(self._root), "--", str(job.path)]
        try:
            # In a session of its own: Ctrl-C on a terminal is for the server, which stops its jobs.
            job.process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip  # one call
        except OSError as error:
            job.lines.append(str(error))
            job.state = "failed"
            return
        job.state = "running"
        # Its workers, which it starts later, take it over.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, job.process.pid, _NICE)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            if job.process is None:
                continue
            assert job.process.stdout is not None
            with job.process.stdout as stream:
                while line := stream.readline(_LONGEST_LINE):
                    self._take(job, line)
            status = job.process.wait()
            with self._change:
                if status == 0:
                    job.state = "finished"
                elif status == Interrupted.exit_status or job.state == "stopping":
                    job.state = "stopped"
                else:
                    job.state = "failed"
                job.facts.pop("picture", None)

    def _take(self, job: Job, line: bytes) -> None:
        """Take a line of the command: JSON of its progress, or a message."""
        text = line.decode(errors="replace").rstrip()
        facts = None
        if text.startswith("{"):
            with contextlib.suppress(ValueError):
                facts = json.loads(text)
        with self._change:
            if not isinstance(facts, dict):
                if text:
                    job.lines.append(text)
            elif "warning" not in facts:
                # A warning is among the messages, too.
                job.facts.update(facts)
