"""The process in which files are read, where it may fail: it has 5 s and 500 MB for each.

Names of files come in, a line each; how each went goes out, as a line of JSON.
"""

import contextlib
import io
import json
import os
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

CPU_S = 5
MEMORY_BYTES = 500_000_000
_MOST_MESSAGE = 60_000

_FORBIDDEN = (
    "subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.system",
    "os.startfile", "pty.spawn", "socket.", "urllib.", "http.client", "ftplib.", "webbrowser.",
    "os.kill", "os.putenv", "os.chmod", "os.chown", "import.pickle", "pickle.find_class",
)  # fmt: skip  # a table
_CHANGING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
             "shutil.rmtree", "shutil.move")  # fmt: skip  # a table
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class EscapeError(BaseException):
    """A file that was read started a program, opened a connection, or wrote outside its folder."""


class Guard:
    """Watches what the interpreter is asked for, while a file is read."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}{os.sep}"
        self.watching = False
        self.escapes: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.watching:
            return
        if event.startswith(_FORBIDDEN):
            self._refuse(event, arguments)
        elif event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING and not isinstance(path, int):
                self._check(event, path)
        elif event in _CHANGING:
            self._check(event, arguments[0])

    def _check(self, event: str, path: Any) -> None:
        whole = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  # bytes too
        if not f"{whole}{os.sep}".startswith(self._folder):
            self._refuse(event, (path,))

    def _refuse(self, event: str, arguments: tuple[Any, ...]) -> None:
        self.escapes.append(f"{event} {str(arguments)[:200]}")
        raise EscapeError(self.escapes[-1])


def read_config(path: Path) -> None:
    """Load a config as `plan` does; what it holds loads again, and is written in the report."""
    from pipeline.config.load import load_config
    from pipeline.timeline.frames import FrameList

    config = load_config(path)
    # Limits that are chosen by computing are no matter of the file.
    keyframes = tuple(replace(each, maxiter=each.maxiter or 100) for each in config.keyframes)
    frames = FrameList(replace(config, keyframes=keyframes))
    for index in {0, len(frames) // 2, len(frames) - 1}:
        str(frames[index].view)
    json.dumps(config.plain())
    again = path.with_name("again.yaml")
    again.write_text(config.text, "utf-8")
    try:
        if load_config(again).look != config.look:
            raise AssertionError("another look of its own text")
    finally:
        again.unlink()


def read_palette(path: Path) -> None:
    """Read a palette's file, and a gradient of it."""
    from pipeline.colour.palette_files import MOST_COLOURS, PaletteFileError, palette_from_file

    for name in (path.name, f"{path.name}#second"):
        with contextlib.suppress(PaletteFileError):
            colours = palette_from_file(path.with_name(name)).colours
            values = {type(value) for colour in colours for value in colour}
            if not 2 <= len(colours) <= MOST_COLOURS or values != {int}:
                raise AssertionError(f"{len(colours)} colours of {values}")
    # And as a config names it.
    palette_from_file(path)


def read_location(path: Path) -> None:
    """Import a location; the config that comes of it loads."""
    from pipeline.cli.importing import import_location

    target = path.with_name("imported.yaml")
    try:
        import_location(path, target, still=False)
    except BaseException:
        if target.exists():
            raise AssertionError("a config of a refused location was left") from None
        raise
    target.unlink()


READERS: dict[str, Callable[[Path], None]] = {
    "config": read_config,
    "palette": read_palette,
    "location": read_location,
}


def outcome(
    read: Callable[[Path], None], path: Path, guard: Guard, cpu_s: int = CPU_S
) -> str | None:
    """Read a file; return what is wrong with how that went, None where all is well."""
    from pipeline.colour.palette_files import PaletteFileError
    from pipeline.errors import PipelineError

    used = resource.getrusage(resource.RUSAGE_SELF)
    spent_s = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent_s + 1 + cpu_s, resource.RLIM_INFINITY))
    guard.escapes.clear()
    guard.watching = True
    begun = time.process_time()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            read(path)
        wrong = None
    except (PipelineError, PaletteFileError) as error:
        wrong = _fault_of_refusal(error)
    except BaseException:
        guard.watching = False
        wrong = traceback.format_exc()
    finally:
        guard.watching = False
    if guard.escapes:
        return f"{guard.escapes[0]}\n{wrong or ''}"
    if wrong is None and time.process_time() - begun > cpu_s:
        return f"took {time.process_time() - begun:.1f} s"
    return wrong


def _fault_of_refusal(error: Exception) -> str | None:
    text = str(error)
    if getattr(error, "exit_status", 2) != 2:
        return f"exit status {error.exit_status}: {text[:1000]}"  # type: ignore[attr-defined]
    if not text or len(text) > _MOST_MESSAGE:
        return f"a message of {len(text)} characters: {text[:1000]}"
    if "Traceback" in text or "Errno" in text:
        return f"a message in Python's words: {text[:1000]}"
    return None


def warm_up(folder: Path) -> None:
    """Load what is loaded late, so that no file is blamed for it."""
    from PIL import Image

    Image.preinit()
    path = folder / "warm.yaml"
    path.write_text(
        "colour: {palette: nothing}\nkeyframes: [{time: 0, center: [0, 0], width: 1}]\n"
    )
    for read in READERS.values():
        with contextlib.suppress(Exception):
            read(path)
    path.unlink()


def main() -> None:
    """Read files until there are no more."""
    sys.dont_write_bytecode = True
    folder = Path.cwd()
    answers = os.fdopen(os.dup(1), "w")
    readers, cpu_s = READERS, CPU_S
    if "planted" in sys.argv:
        from tests.fuzz import planted

        readers, cpu_s = planted.READERS, 1
    else:
        warm_up(folder)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error")
    guard = Guard(folder)
    answers.write("ready\n")
    answers.flush()
    with answers:
        for line in sys.stdin:
            kind, name = json.loads(line)
            wrong = outcome(readers[kind], folder / name, guard, cpu_s)
            answers.write(json.dumps(wrong) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
