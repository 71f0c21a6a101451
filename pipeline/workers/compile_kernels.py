"""Compiles all kernels, part by part, as ``python -m`` does with `counting` and `tracing`.

Each part is compiled by a forked process that ends with it: a compiler never gives back what it
took. Prints which part is at work, and in the end what went wrong, if anything did. Ends with
its input, which is how it hears that nobody waits for it any more.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import numpy as np

from pipeline.errors import os_error_text
from pipeline.kernels.jit import ready_to_compile
from pipeline.system.terminal import show
from pipeline.workers import first_calls
from pipeline.workers.compiling import FAILED, KILLED, PART, REFUSED


def main(groups: Sequence[str]) -> int:
    """Compile the parts of some groups; return 0 where all are compiled."""
    parts = [part for group in groups for part in getattr(first_calls, group.upper())]
    # What all parts share is made before the first fork.
    ready_to_compile(np.zeros(1))
    for number, part in enumerate(parts, 1):
        show(f"{PART}{number} {len(parts)}")
        child = os.fork()
        if child == 0:
            _compile(part)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            show(KILLED + signal.Signals(os.WTERMSIG(status)).name)
        if status:
            return 1
    return 0


def _compile(part: Callable[[], object]) -> NoReturn:
    """Compile a part, say how it went, and end this process."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    said = ""
    try:
        part()
    except MemoryError:
        said = f"{KILLED}MemoryError"
    except OSError as error:
        said = REFUSED + os_error_text(error)
    except BaseException as error:  # whatever it is, it is to be told
        said = f"{FAILED}{type(error).__name__}: {error}".replace("\n", " ")
    if said:
        show(said)
    os._exit(bool(said))


def _end_with_input() -> None:
    os.read(0, 1)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
