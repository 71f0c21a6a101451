"""Work on a film in a process of its own, behind the explorer's pictures, which may be stopped.

The process is ``python -m pipeline.explorer.MODULE PATH ROOT``; it reads the config's text from its
standard input, and writes its answer to its standard output.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import PipelineError, RenderError

_NICE = 5
_LONGEST_S = 600.0


class FilmProcess:
    """A process at work on a film; `stop` ends it from another thread."""

    def __init__(self, module: str, path: Path, text: str, root: Path) -> None:
        self._text = text
        self._stopped = threading.Event()
        words = [sys.executable, "-m", f"pipeline.explorer.{module}", str(path), str(root)]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip  # one call
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, _NICE)
        self._said: tuple[bytes, bytes] = b"", b""
        # It is waited for even where nobody asks for its answer any more.
        self._reader = threading.Thread(target=self._communicate, daemon=True)
        self._reader.start()

    def answer(self) -> bytes:
        """Wait for the answer.

        Raises
        ------
        RenderError
            It failed, or was stopped.
        """
        self._reader.join(_LONGEST_S)
        if self._reader.is_alive():
            self.stop()
            raise RenderError(f"no answer within {_LONGEST_S:.0f} s")
        out, error = self._said
        if self._process.returncode == 0:
            return out
        if self._stopped.is_set():
            raise RenderError("stopped")
        said = error.decode(errors="replace").strip().splitlines()
        raise RenderError(said[-1] if said else f"status {self._process.returncode}")

    def _communicate(self) -> None:
        self._said = self._process.communicate(self._text.encode())

    def stop(self) -> None:
        """End it, and its workers."""
        self._stopped.set()
        # Once it was waited for, its number may be another process's.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def answered(work: Callable[[Path, str, Path], bytes]) -> int:
    """Do the work of such a process, and return its exit status."""
    path, root = map(Path, sys.argv[1:])
    try:
        answer = work(path, sys.stdin.buffer.read().decode(), root)
    except PipelineError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_status
    sys.stdout.buffer.write(answer)
    return 0
