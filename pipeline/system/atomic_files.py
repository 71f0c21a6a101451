"""Files that are complete or absent: written under a temporary name, flushed, renamed."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import about

TEMPORARY_SUFFIX = ".part"
# File names have at most 255 bytes, on some file systems 143 (eCryptfs), and a temporary name adds
# a process number and a suffix.
_LONGEST_STEM_BYTES = 100
# Errors that mean "cannot be flushed here": shared folders, CIFS and some FUSE file systems do not
# flush folders, others do not flush files opened for reading, and what may not be read cannot be
# opened to be flushed.
_UNABLE = {
    errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EPERM,
    errno.EBADF, errno.EISDIR, errno.ENOTTY,
}  # fmt: skip  # a list of names


def temporary_path(path: Path) -> Path:
    """Return the path where a file is written before it gets its name, unique to this process."""
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
    """Give a finished folder of files its name, replacing what had it before."""
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
    """Make a folder and its parents; when this returns, a power cut cannot undo it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def write_durably(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file so that it is stored completely, or not at all.

    Raises
    ------
    OSError
        The disk is full or failed; nothing is left behind.
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
    """Write a file so that readers see the old content or the new, always complete.

    It is not flushed: after a power cut it may be the old one, the new one, or gone. This is for
    files that are written every few seconds, which would wear out an SD card if each were flushed.
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
    """Remove files that a killed run left half written; those of running processes stay."""
    for path in folder.glob(f"*.*{TEMPORARY_SUFFIX}"):
        owner = path.name.split(".")[-2]
        if owner.isdecimal() and not is_other_process(int(owner)):
            path.unlink(missing_ok=True)


def is_other_process(process: int) -> bool:
    """Tell whether a process with this number is running, and is not this one."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return process != os.getpid()


def flush(descriptor: int) -> bool:
    """Flush an open file or folder to disk; return False where the file system cannot.

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
    """Flush the names in a folder to disk; return False where the file system cannot."""
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
