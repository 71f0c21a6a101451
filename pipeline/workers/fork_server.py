"""The fork server: a process with the kernels loaded, from which workers are forked."""

import contextlib
import multiprocessing
import os
import signal
from multiprocessing import forkserver, resource_tracker
from typing import Any

from pipeline.errors import RenderError, os_error_text
from pipeline.system.temporary import remove_run_folder, run_folder
from pipeline.workers.pipe_locks import PipeContext


def start_server() -> PipeContext:
    """Start the server unless it runs; return the context whose processes it forks.

    Raises
    ------
    RenderError
        The server cannot be started.
    """
    context = PipeContext()
    context.set_forkserver_preload(["pipeline.workers.forking", "pipeline.workers.preload"])
    # The folder of its socket, which is removed however this process ends.
    process: Any = multiprocessing.current_process()
    process._config["tempdir"] = str(run_folder())
    # Only the parent handles Ctrl-C: the server inherits the blocked signal, and so do all that are
    # forked from it. The tracker is started before, as starting it unblocks the signal.
    try:
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except OSError as error:
        raise RenderError(f"no worker can be started: {os_error_text(error)}") from None
    return context


def end_server() -> None:
    """End the server at once, even while it is loading; the next pool starts another."""
    server: Any = forkserver._forkserver
    with contextlib.suppress(OSError):
        if server._forkserver_pid is not None:
            os.kill(server._forkserver_pid, signal.SIGKILL)
        server._stop()
    remove_run_folder()


def how_it_ended() -> str:
    """Return how the server ended; "" if it runs, or the system cannot tell."""
    server: Any = forkserver._forkserver
    process = server._forkserver_pid
    if process is None or not hasattr(os, "waitid"):
        return ""
    try:
        # WNOWAIT leaves it for `multiprocessing` to reap.
        ended = os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except OSError:
        return ""
    if ended is None:
        return ""
    if ended.si_code == os.CLD_EXITED:
        return f"the process that starts them ended with status {ended.si_status}; see above"
    name = signal.Signals(ended.si_status).name
    memory = "; most likely the memory does not suffice" if name == "SIGKILL" else ""
    return f"the process that starts them was stopped by {name}{memory}"
