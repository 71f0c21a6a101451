"""What can stop a command, each with the exit status it ends in."""

import os

from pipeline.terminal import printable_name


def os_error_text(error: OSError) -> str:
    """Return what the system refused, and of which file."""
    name = error.filename
    name = os.fsdecode(name) if isinstance(name, bytes) else name
    place = f"{printable_name(name)}: " if name else ""
    return f"{place}{error.strerror or error}"


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
