"""Where compiled kernels are kept between runs: a folder of this user's own, for this code."""

import contextlib
import hashlib
import os
import platform
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.errors import os_error_text
from pipeline.system.sources import PACKAGE, sources_digest

# What the machine code depends on beside the sources. numba is asked for its version alone:
# loading it takes a fifth of a second, and most processes do not.
_COMPILERS = ("numba", "llvmlite", "numpy")
_CPU = Path("/proc/cpuinfo")
_CPU_KEYS = ("model name", "flags", "Features", "CPU implementer", "CPU part")

_NAMES = "*kernels-" + 16 * "[0-9a-f]"
_UNUSED_AFTER_S = 30 * 24 * 3600.0
_MARK_USE_EVERY_S = 24 * 3600.0


def compiled_folder() -> Path | None:
    """Return the folder of compiled kernels: one that holds all, or else the first usable one.

    numba looks only at the file of the function it compiled: left to itself it would go on using
    a kernel whose parts have changed in other files.
    """
    places = _places()
    for place in places:
        if is_whole(place) and not _objection(place):
            return place
    return next((place for place in places if not refusal(place)), None)


def places_to_compile_in() -> Iterator[tuple[Path, str]]:
    """Yield the folders that compiled kernels may be kept in, each with why it cannot; or ""."""
    for place in _places():
        yield place, refusal(place)


def refusal(folder: Path) -> str:
    """Make a folder for this user alone, and say why nothing can be kept there, or ""."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        return os_error_text(error)
    return _objection(folder)


def _objection(folder: Path) -> str:
    """Say why an existing folder should not be used, or "".

    What lies in it is run: nobody else may be able to put something there.
    """
    try:
        own, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        return os_error_text(error)
    if not stat.S_ISDIR(own.st_mode):
        return f"{folder}: is no folder"
    if own.st_uid != os.geteuid():
        return f"{folder}: belongs to another user"
    if own.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{folder}: others can write there"
    if above.st_uid not in (os.geteuid(), 0, PACKAGE.stat().st_uid):
        return f"{folder.parent}: belongs to another user"
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        return f"{folder.parent}: everybody can replace what lies there"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder}: cannot be written"
    return ""


def is_whole(folder: Path, tracing: bool = False) -> bool:
    """Tell whether all kernels are compiled there, those of traces too if they are asked for."""
    return _mark(folder, False).exists() and (not tracing or _mark(folder, True).exists())


def mark_whole(folder: Path, tracing: bool) -> None:
    """Note that all kernels are compiled there, or all of traces."""
    _mark(folder, tracing).touch()


def _mark(folder: Path, tracing: bool) -> Path:
    return folder / ("whole-traces" if tracing else "whole")


def mark_used(folder: Path) -> None:
    """Note that a folder is in use, once a day: those that are not are removed in the end."""
    with contextlib.suppress(OSError):
        if time.time() - folder.stat().st_mtime > _MARK_USE_EVERY_S:
            os.utime(folder)


def remove_unused(folder: Path) -> None:
    """Remove this user's folders beside this one, of other versions, unused for a month.

    A run that still has one goes on: what it has loaded stays, and numba makes the folder again.
    """
    oldest = time.time() - _UNUSED_AFTER_S
    for other in folder.parent.glob(_NAMES):
        with contextlib.suppress(OSError):
            about = other.lstat()
            ours = stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()
            if ours and other != folder and about.st_mtime < oldest:
                shutil.rmtree(other, ignore_errors=True)


def _places() -> list[Path]:
    """Return where the folder may lie, best first; each name says what the code depends on."""
    beside = [Path(__file__).parent / "__pycache__"]
    with contextlib.suppress(RuntimeError):
        # Relative ones are to be ignored: XDG Base Directory Specification 0.8.
        named = Path(os.environ.get("XDG_CACHE_HOME", ""))
        home = named if named.is_absolute() else Path.home() / ".cache"
        beside.append(home / "mandelbrot-zoom-pipeline")
    with contextlib.suppress(OSError):
        beside.append(_temporary())
    name = f"mandelbrot-kernels-{code_digest()}"
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        place = Path(chosen).absolute() / name
        # Elsewhere only where that cannot be.
        return [place] if not refusal(place) else [place, *(folder / name for folder in beside)]
    return [folder / name for folder in beside]


def is_temporary(folder: Path) -> bool:
    """Tell whether it lies where the system clears away."""
    return folder.parent == _temporary()


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"mandelbrot-kernels-of-{os.geteuid()}"


@lru_cache(maxsize=2)
def code_digest(package: Path = PACKAGE) -> str:
    """Return the digest of all that machine code depends on: sources, versions, processor."""
    facts = [sources_digest(package), sys.version, platform.machine()]
    for name in _COMPILERS:
        with contextlib.suppress(PackageNotFoundError):
            facts.append(version(name))
    with contextlib.suppress(OSError):
        lines = _CPU.read_text(encoding="utf-8", errors="replace").splitlines()
        facts += sorted({line for line in lines if line.startswith(_CPU_KEYS)})
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
