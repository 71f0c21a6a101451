"""Errors that end a command, each with its exit status, and text made safe to show."""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

# Control characters (C0 and C1, except newline and tab), with which escape sequences begin; those
# that change the direction of writing (Unicode's Bidi_Control), so that one name looks like
# another; separators that only some programs take for line ends; and lone surrogates, which stand
# for bytes that are not text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)
# Code points by which Python keeps bytes of a file name that are not text (PEP 383).
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
_FULL = (errno.ENOSPC, errno.EDQUOT)


def printable(text: str) -> str:
    r"""Return text of any origin, safe to show: unsafe characters are written like ``\x1b``."""
    return _UNSAFE.sub(_escaped, text)


def printable_name(name: object) -> str:
    """Return the name of a file, or any other name that fits on one line, safe to show."""
    return printable(str(name)).replace("\n", r"\n").replace("\t", r"\t")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in _ESCAPED_BYTES:
        code -= _ESCAPED_BYTES.start - 0x80
    return rf"\x{code:02x}" if code < 0x100 else rf"\u{code:04x}"


@contextlib.contextmanager
def about(subject: str | Path) -> Iterator[None]:
    """Add the subject to every OSError of this block that names no file.

    Where something fails after a file was opened, and for memory and sockets, the system gives
    only the reason.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(subject)
        raise


def os_error_text(error: OSError) -> str:
    """Return the file, the system's reason, and for a full disk how much is free."""
    name = error.filename
    name = os.fsdecode(name) if isinstance(name, bytes) else name
    subject = f"{printable_name(name)}: " if name else ""
    free = _free_text(Path(str(name))) if name and error.errno in _FULL else ""
    return f"{subject}{error.strerror or error}{free}"


def _free_text(path: Path) -> str:
    """Return a clause that says how much is free in the folder of a file."""
    folder = path.parent
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free
        return f"; {free / 1e6:.1f} MB are free in {printable_name(folder)}, and more is needed"
    return ""


class PipelineError(Exception):
    """A failure to tell the user about, without a traceback."""

    exit_status = 1


class RenderError(PipelineError):
    """Rendering, encoding or storing failed; the message says where and why."""


class DamagedError(Exception):
    """A stored file is not what was written; what it held must be made again."""


class NotStoredError(DamagedError):
    """Nothing is stored under this path."""


class OrbitError(RenderError):
    """A reference orbit on disk is not what was computed, or does not suffice."""


class DeviceLostError(RenderError):
    """A graphics processor was lost while it computed; another try, or the processor, may do it."""


class EncoderError(RenderError):
    """ffmpeg ended early, or lost frames; another try may succeed."""


class UsageError(PipelineError):
    """A command was asked for something that the config cannot give."""

    exit_status = 2


class QueueError(PipelineError):
    """Some of several configs failed; the reason of each has been shown."""

    def __init__(self, failed: int, configs: int, exit_status: int) -> None:
        super().__init__(f"{failed} of {configs} failed")
        self.exit_status = exit_status


class Interrupted(PipelineError):  # noqa: N818  # a request, not an error
    """A signal asked the run to stop; what was finished is on disk."""

    exit_status = 130
