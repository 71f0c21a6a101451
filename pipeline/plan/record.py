"""The record in an output folder: which config it belongs to, and which files were made of it.

It is only appended to. What is not in it is never replaced or removed.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.system.atomic_files import flush, flush_folder

RECORD = "made.jsonl"
"""Name of the record's file."""
# Hashed at a file's beginning and at its end: enough to tell files apart, and quick for a long
# video.
_ENDS_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Owner:
    """The source of a folder's files."""

    config: str
    """Resolved path of a config, or the name of a command that needs none."""
    text: str
    """Digest of the config's text."""

    @property
    def is_gone(self) -> bool:
        """Whether the config does not exist any more: it was moved, renamed or removed."""
        try:
            return os.path.isabs(self.config) and not Path(self.config).exists()  # noqa: PTH117  # a str
        except OSError:
            return False


@dataclass(slots=True)
class Facts:
    """The content of a record."""

    owner: Owner | None = None
    marks: dict[str, list[list[Any]]] = field(default_factory=dict)
    """Marks of all files that were ever made, by the file's name in the record."""

    def holds(self, name: str, path: Path) -> bool:
        """Tell whether the file at a path is one that was made under this name."""
        own = mark(path)
        return own is not None and any(_alike(own, made) for made in self.marks.get(name, []))


@dataclass(frozen=True, slots=True)
class Record:
    """The record in a folder.

    Notes
    -----
    A line holds the CRC-32 of the JSON that follows it. Every line is written twice, so that
    nothing is forgotten by any single fault of the disk.
    """

    folder: Path

    @property
    def path(self) -> Path:
        """Path of the record's file."""
        return self.folder / RECORD

    def read(self) -> Facts:
        """Return its content, which is empty where there is no file."""
        facts = Facts()
        try:
            lines = self.path.read_bytes().split(b"\n")
        except (FileNotFoundError, NotADirectoryError):
            return facts
        for line in lines:
            crc, _, text = line.partition(b" ")
            if crc != b"%08x" % zlib.crc32(text):
                continue
            fact = json.loads(text)
            if "config" in fact:
                facts.owner = Owner(_name_from(fact["config"]), fact["text"])
            elif fact["mark"] not in (
                marks := facts.marks.setdefault(_name_from(fact["file"]), [])
            ):
                marks.append(fact["mark"])
        return facts

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock it for a moment, so that of two commands one sees what the other wrote."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            # Without locks, two commands that begin at the same instant may both take the folder.
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def add_owner(self, owner: Owner) -> None:
        """Record the folder's owner from now on."""
        self._add({"config": _text_from(owner.config), "text": owner.text})

    def add_file(self, name: str, made: list[Any]) -> None:
        """Record a file that is about to get its name: a kill in between then does no harm."""
        self._add({"file": _text_from(name), "mark": made})

    def _add(self, fact: dict[str, Any]) -> None:
        text = json.dumps(fact).encode()
        line = b"%08x %s" % (zlib.crc32(text), text)
        # The newline in front ends a line that a power cut may have left incomplete.
        with self.path.open("ab") as file:
            file.write(b"\n" + line + b"\n\n" + line + b"\n")
            file.flush()
            flush(file.fileno())
        flush_folder(self.folder)


def _text_from(name: str) -> str:
    """Return a path as the record holds it: its bytes taken as UTF-8, whatever the locale."""
    return os.fsencode(name).decode(errors="surrogateescape")


def _name_from(text: str) -> str:
    """Return a path from the record as Python has it in this locale."""
    return os.fsdecode(text.encode(errors="surrogateescape"))


def mark(path: Path) -> list[Any] | None:
    """Return what identifies a file, or a folder of files; None for what is neither."""
    try:
        status = path.lstat()
    except OSError:
        return None
    if stat.S_ISDIR(status.st_mode):
        return _mark_of_folder(path)
    if not stat.S_ISREG(status.st_mode):
        return None
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        digest.update(file.read(_ENDS_BYTES))
        file.seek(max(0, status.st_size - _ENDS_BYTES))
        digest.update(file.read(_ENDS_BYTES))
    return ["file", status.st_size, status.st_mtime_ns, digest.hexdigest()]


def _mark_of_folder(path: Path) -> list[Any] | None:
    digest = hashlib.blake2b(digest_size=16)
    with os.scandir(path) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            return None
        digest.update(os.fsencode(entry.name) + b"\0%d\0" % status.st_size)
    return ["folder", len(entries), digest.hexdigest()]


def _alike(own: list[Any], made: list[Any]) -> bool:
    """Tell whether two marks are of one file: if damaged, its time agrees; if copied, its bytes."""
    if own[0] != made[0] or own[0] == "folder":
        return own == made
    return bool(own[2] == made[2] or (own[1], own[3]) == (made[1], made[3]))
