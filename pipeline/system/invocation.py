"""The commands of this program as the person types them: by make, `mandelzoom` or `python -m`."""

import os
import shlex
import sys
from pathlib import Path

SCRIPT = "mandelzoom"
"""Name of the console script."""
_BY_MAKE = "MANDELZOOM_BY_MAKE"


def program() -> str:
    """Return what the command line begins with."""
    return SCRIPT if Path(sys.argv[0]).name == SCRIPT else "python -m pipeline"


def command_for(command: str, subject: object, variable: str = "CONFIG") -> str:
    """Return a command for a config or a name, to be typed; `variable` is its name for make."""
    quoted = shlex.quote(str(subject))
    # The Makefile sets it where it runs a command.
    if os.environ.get(_BY_MAKE):
        return f"make {command} {variable}={quoted}"
    return f"{program()} {command} {quoted}"
