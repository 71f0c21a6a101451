"""A process's temporary folder: for sockets, and for shared memory that lies in a file."""

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from functools import lru_cache
from pathlib import Path

from pipeline.errors import RenderError, os_error_text

_PREFIX = "mandelbrot-zoom-"
# A Unix socket's path has at most 108 bytes, on a Mac 104, the last one zero. After the folder for
# temporary files it holds this prefix and "listener-", each with a slash before it and eight random
# letters after it.
_LONGEST = 104 - 1 - len(f"/{_PREFIX}12345678/listener-12345678")
# A folder younger than this may not be locked yet.
_YOUNG_S = 60.0
_SHORT = "/tmp"


@lru_cache(maxsize=1)
def run_folder() -> Path:
    """Return this process's folder; the first call makes it and removes those of killed runs.

    Raises
    ------
    RenderError
        It cannot be made.
    """
    reason = ""
    try:
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) > _LONGEST:
            reason = f"{parent}: longer than {_LONGEST} bytes, too long for the path of a socket; "
            parent = _SHORT
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    except OSError as error:
        raise RenderError(
            f"{reason}{os_error_text(error)}; TMPDIR=FOLDER names a folder for temporary files"
        ) from None
    _lock(folder)
    for other in folder.parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if other != folder and _is_abandoned(other):
                shutil.rmtree(other, ignore_errors=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def remove_run_folder() -> None:
    """Remove this process's folder, if it has made one."""
    if run_folder.cache_info().currsize:
        shutil.rmtree(run_folder(), ignore_errors=True)
        run_folder.cache_clear()


def _lock(folder: Path) -> None:
    """Lock a folder until this process ends, so that others see that it is in use."""
    with contextlib.suppress(OSError):
        # Never closed here: the system closes it, however the process ends.
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_abandoned(folder: Path) -> bool:
    """Tell whether a folder belongs to this user, and the process that made it is gone."""
    status = folder.lstat()
    if status.st_uid != os.geteuid() or time.time() - status.st_mtime < _YOUNG_S:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
