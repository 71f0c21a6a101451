"""The program, loaded once and forked for each run: starting Python and loading all that it needs
takes a second or more, and most tests are about what comes after that.

What runs is `python -m pipeline` in a process of its own, with its own descriptors, exit functions,
fork server and workers. Only two things are not started anew but forked from here: the program, and
the server that its workers are forked from. Tests of starting and of other environments start a
real process.
"""

import atexit
import contextlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from multiprocessing import util
from pathlib import Path
from typing import IO, Any, NoReturn

ROOT = Path(__file__).parent.parent
# pytest's own, which changes from test to test.
_CHANGING = "PYTEST_CURRENT_TEST"
_LEFT_OUT = "pipeline.__main__", "pipeline.workers.forking", "pipeline.workers.cluster."

# What is imported only when it is used, in many runs.
_LATE = "matplotlib.colors", "imageio.plugins.pillow"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != _CHANGING}


class ForkedProgram:
    """Runs the program, in the environment in which this was made and in no other."""

    def __init__(self) -> None:
        self._environment = _environment()
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._socket, self._theirs = socket.socketpair()

    def fits(self) -> bool:
        """Tell whether a real process would start in the same environment."""
        return _environment() == self._environment

    def start(self, words: list[str]) -> "ForkedProcess":
        """Do what `subprocess.Popen` does with `python -m pipeline WORDS`, no input and a session
        of its own."""
        self._start()
        out, error = (os.fdopen(os.memfd_create(name), "w+b") for name in ("out", "error"))
        ours, theirs = socket.socketpair()
        request = json.dumps(words).encode()
        head = len(request).to_bytes(8, "little")
        descriptors = [out.fileno(), error.fileno(), theirs.fileno()]
        socket.send_fds(self._socket, [head], descriptors)
        self._socket.sendall(request)
        theirs.close()
        return ForkedProcess(words, ours, out, error)

    def run(self, words: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Do what `subprocess.run` does with `python -m pipeline WORDS` and no input."""
        process = self.start(words)
        said = process.communicate(timeout_s)
        return subprocess.CompletedProcess(words, process.returncode, *said)

    def end(self) -> None:
        """End it: what is forked from ends when nobody asks any more."""
        self._socket.close()
        self._theirs.close()
        if self._process is not None:
            self._process.wait()

    def _start(self) -> None:
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked_program", str(self._theirs.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[self._theirs.fileno()],
        )
        self._theirs.close()


class ForkedProcess:
    """A running program, with the methods of `subprocess.Popen` that tests use."""

    def __init__(
        self, words: list[str], status: socket.socket, out: IO[bytes], error: IO[bytes]
    ) -> None:
        self._words = words
        self._status = status
        self._files = out, error
        self.returncode: int | None = None
        self.pid = _number(status)

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self._words, timeout or 0)
            self.returncode = os.waitstatus_to_exitcode(_number(self._status))
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
            raise
        said = []
        for file in self._files:
            file.seek(0)
            # Line ends as a text stream reads them.
            said.append(file.read().decode().replace("\r\n", "\n").replace("\r", "\n"))
            file.close()
        return said[0], said[1]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _number(source: socket.socket) -> int:
    data = b""
    while len(data) < 8:
        more = source.recv(8 - len(data))
        if not more:
            raise RuntimeError("what the program is forked from has ended")
        data += more
    return int.from_bytes(data, "little")


def _load() -> None:
    """Load all that the commands and their workers load."""
    import pkgutil
    from importlib import import_module

    import pipeline
    from pipeline.workers.compiling import compile_missing

    compile_missing(tracing=True)
    for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        # Neither what works when it is imported nor what few runs load.
        if not module.name.startswith(_LEFT_OUT):
            import_module(module.name)
    for name in _LATE:
        import_module(name)
    from PIL import Image

    from pipeline.workers.first_calls import TRACING

    Image.init()
    for call in TRACING:
        call()


def _serve(requests: socket.socket) -> list[str]:
    """Fork for each request; return, in the forked process, the words of the command line."""
    while True:
        head, descriptors, _, _ = socket.recv_fds(requests, 8, 3)
        if not head:
            sys.exit()
        length, request = int.from_bytes(head, "little"), b""
        while len(request) < length:
            request += requests.recv(length - len(request))
        # One process waits for the program, so that several may run at a time.
        if _forked():
            for descriptor in descriptors:
                os.close(descriptor)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            continue
        requests.close()
        out, error, answers = descriptors
        if pid := _forked():
            os.write(answers, pid.to_bytes(8, "little"))
            _, status = os.waitpid(pid, 0)
            # Nobody may be left to read it.
            with contextlib.suppress(BrokenPipeError):
                os.write(answers, status.to_bytes(8, "little"))
            os._exit(0)
        os.setsid()
        os.dup2(out, 1)
        os.dup2(error, 2)
        for descriptor in descriptors:
            os.close(descriptor)
        return json.loads(request)


def _forked() -> int:
    # OpenBLAS has threads, and stops them for a fork.
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return os.fork()


_spawn: Any = util.spawnv_passfds


def _fork_server(path: bytes, arguments: list[Any], descriptors: list[int]) -> int:
    """Fork what would be started anew, where it is the server of the workers.

    What is forked while there are other threads may wait for their locks for ever.
    """
    code = os.fsdecode(arguments[-1])
    if "multiprocessing.forkserver" not in code or threading.active_count() > 1:
        return _spawn(path, arguments, descriptors)
    pid = os.fork()
    if pid:
        return pid
    # From here on what starting a program does.
    status = 1
    try:
        # The name by which it is found: its command line is that of what it was forked from.
        Path("/proc/self/comm").write_text("forkserver")
        atexit._clear()
        for number in signal.valid_signals():
            if callable(signal.getsignal(number)):
                signal.signal(number, signal.SIG_DFL)
        kept = sorted({0, 1, 2, *descriptors})
        for below, above in zip(kept, [*kept[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(below + 1, above)
        exec(code, {"__name__": "__main__"})
        status = 0
    except SystemExit:
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError, ValueError):
            util._flush_std_streams()
        os._exit(status)


def _run_and_exit() -> NoReturn:
    """Run the program and end as Python ends, but for the memory, which would be freed for long."""
    status = 1
    try:
        runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    # Waits for the threads, as the interpreter does.
    threading._shutdown()
    atexit._run_exitfuncs()
    util._flush_std_streams()
    os._exit(status)


if __name__ == "__main__":
    _load()
    sys.argv = ["pipeline", *_serve(socket.socket(fileno=int(sys.argv[1])))]
    util.spawnv_passfds = _fork_server
    _run_and_exit()
