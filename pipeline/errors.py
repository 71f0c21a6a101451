"""What can stop a command, each with the exit status it ends in, and texts made safe to show."""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

# C0 and C1 but for the line end and the tab, which begin what terminals obey; what turns the
# direction of writing (Unicode's Bidi_Control), by which a name looks like another; lines that only
# some programs end; and halves of surrogate pairs, which stand for bytes that are no text.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff]"
)
# How Python keeps a byte of a file name that is no text (PEP 383).
_ESCAPED_BYTES = range(0xDC80, 0xDD00)
_FULL = (errno.ENOSPC, errno.EDQUOT)


def printable(text: str) -> str:
    r"""Return a text of any origin as it may be shown: what would not be seen as ``\x1b``."""
    return _UNSAFE.sub(_escaped, text)


def printable_name(name: object) -> str:
    """Return a file's name, or any other that belongs on one line, as it may be shown."""
    return printable(str(name)).replace("\n", r"\n").replace("\t", r"\t")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code in _ESCAPED_BYTES:
        code -= _ESCAPED_BYTES.start - 0x80
    return rf"\x{code:02x}" if code < 0x100 else rf"\u{code:04x}"


@contextlib.contextmanager
def about(subject: str | Path) -> Iterator[None]:
    """Have the system's refusals of what is done here name their subject.

    Of what fails after a file was opened, and of memory and sockets, the system says only why.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(subject)
        raise


def os_error_text(error: OSError) -> str:
    """Return what the system refused, of which file, and for a full disk how much is free."""
    name = error.filename
    name = os.fsdecode(name) if isinstance(name, bytes) else name
    place = f"{printable_name(name)}: " if name else ""
    room = _room(Path(str(name))) if name and error.errno in _FULL else ""
    return f"{place}{error.strerror or error}{room}"


def _room(path: Path) -> str:
    """Return how much is free where a file could not be written."""
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
    """Nothing is stored there."""


class OrbitError(RenderError):
    """A reference orbit on disk is not what was computed, or does not suffice."""


class EncoderError(RenderError):
    """ffmpeg ended early, or lost frames; another try may go well."""


class UsageError(PipelineError):
    """A command was asked for something that the config cannot give."""

    exit_status = 2


class QueueError(PipelineError):
    """Some of many configs failed; each has said why."""

    def __init__(self, failed: int, configs: int, exit_status: int) -> None:
        super().__init__(f"{failed} of {configs} failed")
        self.exit_status = exit_status


class Interrupted(PipelineError):  # noqa: N818  # a request, not an error
    """A signal asked the run to stop; what was finished is on disk."""

    exit_status = 130
