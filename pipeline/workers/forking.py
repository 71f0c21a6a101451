"""Set up for all processes of the fork server; its work is in the import, and only it imports it.

A worker that is being started while its parent stops finds the parent's locks gone: no failure, and
no reason to print a traceback.
"""

import sys
import traceback
from types import TracebackType


def _say_unless_orphaned(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    starting = any(
        frame.name == "_main" and frame.filename.endswith("spawn.py")
        for frame in traceback.extract_tb(trace)
    )
    if not (starting and issubclass(kind, (EOFError, FileNotFoundError))):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_unless_orphaned
