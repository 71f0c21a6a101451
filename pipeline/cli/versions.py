"""Versions and licences: of this program, its libraries and its ffmpeg."""

import argparse
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pipeline import __version__
from pipeline.system.terminal import show

_PACKAGES = ("numpy", "numba", "gmpy2", "pyyaml", "pydantic", "imageio-ffmpeg", "distributed")


class ShowVersions(argparse.Action):
    """The option `--version`: prints the versions, and ends the program."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(
            option_strings, dest, nargs=0, help="the versions and licences of what runs here"
        )

    def __call__(self, *_: object) -> None:
        """Print the versions."""
        show(versions_text())
        raise SystemExit(0)


def versions_text() -> str:
    """Return the versions of this program, its libraries and its ffmpeg, a line each kind."""
    libraries = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return (
        f"mandelbrot-zoom-pipeline {__version__}, MIT licence\n"
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}\n"
        f"{libraries}\n"
        f"{ffmpeg_text()}"
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def ffmpeg_text() -> str:
    """Return the version, licence and path of the ffmpeg that encodes."""
    import imageio_ffmpeg

    try:
        path = imageio_ffmpeg.get_ffmpeg_exe()
        told = subprocess.run(
            [path, "-version"], capture_output=True, encoding="utf-8", errors="replace", check=True
        ).stdout
    except (RuntimeError, OSError, subprocess.CalledProcessError):
        return "ffmpeg: none is found; imageio-ffmpeg brings one, or IMAGEIO_FFMPEG_EXE names it"
    lines = told.splitlines() or [""]
    number = lines[0].removeprefix("ffmpeg version ").split(" ")[0]
    return f"ffmpeg {number}, {_licence(told)} ({path}; a program of its own, see docs/licences.md)"


def _licence(told: str) -> str:
    """Return the licence of an ffmpeg, from the options it was configured with."""
    options = set(told.split())
    if "--enable-nonfree" in options:
        return "not to be passed on (built with --enable-nonfree)"
    family = "GPL" if "--enable-gpl" in options else "LGPL"
    least = "3" if "--enable-version3" in options else "2" if family == "GPL" else "2.1"
    return f"{family} version {least} or later"
