"""A run's own folder for what is there only while it runs: sockets, and memory kept in a file."""

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
# A Unix socket's path has at most 108 bytes, on a Mac 104, the last a zero. What stands in it after
# the temporary folder: this prefix and "listener-", with a slash before and eight letters behind.
_LONGEST = 104 - 1 - len(f"/{_PREFIX}12345678/listener-12345678")
# A folder this young may not be held yet.
_YOUNG_S = 60.0
_SHORT = "/tmp"


@lru_cache(maxsize=1)
def run_folder() -> Path:
    """Make this process a folder of its own, and remove those that killed ones have left.

    Raises
    ------
    RenderError
        There is no place for it.
    """
    why = ""
    try:
        beside = tempfile.gettempdir()
        if len(os.fsencode(beside)) > _LONGEST:
            why = f"{beside}: longer than {_LONGEST} bytes, too long for the path of a socket; "
            beside = _SHORT
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=beside))
    except OSError as error:
        raise RenderError(
            f"{why}{os_error_text(error)}; TMPDIR=FOLDER names a folder for temporary files"
        ) from None
    _hold(folder)
    for other in folder.parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if other != folder and _is_left(other):
                shutil.rmtree(other, ignore_errors=True)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def remove_run_folder() -> None:
    """Remove this process's folder, if it has made one."""
    if run_folder.cache_info().currsize:
        shutil.rmtree(run_folder(), ignore_errors=True)
        run_folder.cache_clear()


def _hold(folder: Path) -> None:
    """Hold a folder's lock as long as this process lives, so that others see that it does."""
    with contextlib.suppress(OSError):
        # Never closed: the system does it, however the process ends.
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_left(folder: Path) -> bool:
    """Tell whether this user's process that made a folder is gone."""
    about = folder.lstat()
    if about.st_uid != os.geteuid() or time.time() - about.st_mtime < _YOUNG_S:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
