"""Lines for people, on the terminal or what replaces it: safe to show, and never a failure.

No render stops because a stream is closed, full or gone, or because its encoding lacks a letter.
"""

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from pipeline.errors import printable

if TYPE_CHECKING:
    from tqdm import tqdm

# A disk may have room again; a reader that left does not come back.
_MAY_PASS = (errno.ENOSPC, errno.EDQUOT, errno.EAGAIN)


def say(text: str) -> None:
    """Write a line about progress or a failure to the standard error."""
    _write(sys.stderr, text)


def show(text: str) -> None:
    """Write a line of a command's result to the standard output."""
    _write(sys.stdout, text)


def shows_bars() -> bool:
    """Tell whether a line can be redrawn, as a progress bar needs: on terminals, in notebooks."""
    return (sys.stderr.isatty() and os.environ.get("TERM") != "dumb") or _in_notebook()


def new_bar(bar_format: str, text: str = "") -> "tqdm[Any] | None":
    """Return a progress bar from 0 to 1 that begins with a text; None where none can be shown."""
    if not shows_bars():
        return None
    # Imported here: most commands, and all workers, show none.
    from tqdm.auto import tqdm

    return tqdm(
        total=1.0,
        file=sys.stderr,
        desc=text,
        bar_format=bar_format,
        leave=False,
        dynamic_ncols=True,
    )


def _in_notebook() -> bool:
    """Tell whether this is the kernel of a Jupyter notebook, which shows bars as widgets."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def ready_streams() -> None:
    """Make the standard streams take any text, even where they are closed; call once, at start."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # Otherwise the next file opened gets this number, and an encoder's messages go into it.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115  # stays open
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def end_streams() -> None:
    """Flush the standard output and error, as far as they can be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _abandon(stream)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(f"{printable(text)}\n")
        stream.flush()
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) not in _MAY_PASS:
            _abandon(stream)


def _abandon(stream: TextIO) -> None:
    """Redirect a stream to /dev/null: what it still holds must not fail again at exit."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
