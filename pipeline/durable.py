"""Files that are whole or not there: written beside, flushed, renamed into place."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import about

TEMPORARY_SUFFIX = ".part"


def temporary_path(path: Path) -> Path:
    """Return where a file is written before it gets its name; no other run uses the same."""
    return path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")


def publish(temporary: Path, path: Path) -> None:
    """Give a finished file its name; when this returns, a power cut cannot undo it."""
    descriptor = os.open(temporary, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    _flush_folder(path.parent)


def publish_folder(temporary: Path, path: Path) -> None:
    """Give a finished folder of files its name, in place of what had it."""
    for file in (*temporary.iterdir(), temporary):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    before = temporary_path(path.with_name(f"{path.name}.before"))
    if path.exists():
        path.replace(before)
    temporary.replace(path)
    _flush_folder(path.parent)
    if before.exists():
        shutil.rmtree(before)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it; when this returns, a power cut cannot undo it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_folder(folder.parent)


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


def remove_temporaries(folder: Path, prefix: str = "") -> None:
    """Remove what a killed run left half written; files of a living process stay."""
    for path in folder.glob(f"*{TEMPORARY_SUFFIX}"):
        owner = path.name.split(".")[-2]
        if path.name.startswith(prefix) and not (owner.isdecimal() and lives_beside(int(owner))):
            path.unlink(missing_ok=True)


def lives_beside(process: int) -> bool:
    """Tell whether another process of this number is running."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process != os.getpid()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
