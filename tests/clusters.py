"""Real Dask schedulers and workers on the loopback, to be killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class DaskCluster:
    """A scheduler and workers, each a process, one of which may be killed at any time."""

    def __init__(
        self, folder: Path, *security: str, protocol: str = "tcp", workers: int = 0
    ) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self._security = security
        self._protocol = protocol
        self.scheduler, self.address = self._start_scheduler(0)
        for _ in range(workers):
            self.add_worker()

    def __enter__(self) -> "DaskCluster":
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, self.scheduler]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, name: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *arguments, "--no-dashboard", *self._security],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
                start_new_session=True,
            )

    def _start_scheduler(self, port: int) -> tuple[subprocess.Popen[bytes], str]:
        facts = self.folder / "scheduler.json"
        facts.unlink(missing_ok=True)
        process = self._start(
            "scheduler", "distributed.cli.dask_scheduler", "--host", f"{self._protocol}://127.0.0.1",
            "--port", str(port), "--scheduler-file", str(facts),
        )  # fmt: skip  # one option a pair
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                return process, json.loads(facts.read_text())["address"]
            time.sleep(0.05)
        raise AssertionError((self.folder / "scheduler.log").read_text())

    def restart_scheduler(self) -> None:
        """Start it again, at the same address."""
        self.scheduler, _ = self._start_scheduler(int(self.address.rpartition(":")[2]))

    def add_worker(
        self,
        machine: str = "one",
        threads: int = 1,
        options: tuple[str, ...] = (),
        **environment: str,
    ) -> subprocess.Popen[bytes]:
        """Start a worker; those with the same `machine` share their files."""
        place = self.folder / machine
        place.mkdir(exist_ok=True)
        process = self._start(
            f"worker-{len(self.workers)}", "distributed.cli.dask_worker", self.address,
            "--nworkers", "1", "--nthreads", str(threads), "--no-nanny", "--local-directory", str(place),
            *options, **environment,
        )  # fmt: skip  # one option a pair
        self.workers.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process as a power cut would."""
        process.kill()
        process.wait()
