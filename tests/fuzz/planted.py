"""Readers with a fault each, by which it is seen that the fuzzer sees them."""

import socket
import subprocess
import sys
import time
from pathlib import Path


def hang(_: Path) -> None:
    """Wait for a pipe that nobody writes to."""
    time.sleep(3600)


def spin(_: Path) -> None:
    """Never end."""
    while True:
        pass


def swell(_: Path) -> None:
    """Take what memory there is."""
    bytearray(1 << 30)


def start(_: Path) -> None:
    """Start a program, and be quiet about what comes of it."""
    try:
        subprocess.run([sys.executable, "-c", ""], check=False)
    except BaseException:  # that is the fault
        return


def connect(_: Path) -> None:
    """Open a connection."""
    socket.create_connection(("127.0.0.1", 9))


def write(path: Path) -> None:
    """Write beside its folder."""
    (path.parent.parent / "outside").write_text("")


def crash(_: Path) -> None:
    """Fail in Python's words."""
    {}["a"]


def fine(_: Path) -> None:
    """Read without a fault."""


READERS = {read.__name__: read for read in (hang, spin, swell, start, connect, write, crash, fine)}
