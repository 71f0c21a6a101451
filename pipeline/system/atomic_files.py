"""Files that are whole or not there: written beside, flushed, renamed into place."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import about

TEMPORARY_SUFFIX = ".part"
# What is added to a temporary's name takes room, and a name has 255 bytes, here and there 143.
_LONGEST_STEM_BYTES = 100
# Shared folders, CIFS and some of FUSE know no flushing of folders, others not of files that are
# only read, and what may not be read cannot be opened for it.
_UNABLE = {
    errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EPERM,
    errno.EBADF, errno.EISDIR, errno.ENOTTY,
}  # fmt: skip  # one of a kind


def temporary_path(path: Path) -> Path:
    """Return where a file is written before it gets its name; no other run uses the same."""
    name = path.name
    if len(os.fsencode(name)) > _LONGEST_STEM_BYTES:
        name = hashlib.blake2b(os.fsencode(name), digest_size=16).hexdigest()
    return path.with_name(f"{name}.{os.getpid()}{TEMPORARY_SUFFIX}")


def publish(temporary: Path, path: Path) -> None:
    """Give a finished file its name; when this returns, a power cut cannot undo it."""
    _flush_path(temporary)
    temporary.replace(path)
    flush_folder(path.parent)


def publish_folder(temporary: Path, path: Path) -> None:
    """Give a finished folder of files its name, in place of what had it."""
    for file in (*temporary.iterdir(), temporary):
        _flush_path(file)
    before = temporary.with_name(f"{temporary.name}.before")
    if path.exists():
        path.replace(before)
    temporary.replace(path)
    flush_folder(path.parent)
    if before.exists():
        shutil.rmtree(before)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it; when this returns, a power cut cannot undo it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def write_durably(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file so that it is there whole, or not at all.

    Raises
    ------
    OSError
        The disk is full or refuses; nothing is left behind.
    """
    temporary = temporary_path(path)
    try:
        with about(path):
            with temporary.open("wb") as file:
                file.writelines(parts)
            publish(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the new one, whole.

    Not flushed: after a power cut it may be either, or gone. For what is written every few
    seconds, which an SD card must not take each time.
    """
    temporary = temporary_path(path)
    try:
        with about(path):
            temporary.write_bytes(data)
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed run left half written; files of a living process stay."""
    for path in folder.glob(f"*.*{TEMPORARY_SUFFIX}"):
        owner = path.name.split(".")[-2]
        if owner.isdecimal() and not lives_beside(int(owner)):
            path.unlink(missing_ok=True)


def lives_beside(process: int) -> bool:
    """Tell whether another process of this number is running."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return process != os.getpid()


def flush(descriptor: int) -> bool:
    """Have the disk keep what was written to a file or folder; tell whether it can.

    Raises
    ------
    OSError
        The disk is full, or failed.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
        return False
    return True


def flush_folder(folder: Path) -> bool:
    """Have the disk keep the names in a folder; tell whether it can."""
    return _flush_path(folder)


def _flush_path(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
        return False
    try:
        return flush(descriptor)
    finally:
        os.close(descriptor)
