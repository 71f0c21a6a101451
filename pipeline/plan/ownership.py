"""Ownership of output files: a config replaces what was made of it, and refuses all else."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pipeline.config.names import LONGEST_ENDING, LONGEST_NAME_BYTES, PLACES
from pipeline.config.whole_text import text_digest
from pipeline.errors import RenderError, UsageError
from pipeline.plan.record import RECORD, Facts, Owner, Record, mark
from pipeline.system.atomic_files import make_folder
from pipeline.system.invocation import command_for
from pipeline.system.terminal import say
from pipeline.video.encoding import ending_of
from pipeline.video.ffmpeg import tags_of

FOLDERS = (
    "counts", "references", "joining", "segments", *(f"segments-{place}" for place in PLACES),
)  # fmt: skip  # a list
"""Folders that a run makes in an output folder."""
FILES = (
    RECORD, ".lock", "dead-ends.json", "index.html", "log.txt", "made-of.txt", "maxiter.json",
    "report.json", "tones.json", *(f"made-of-{place}.txt" for place in PLACES),
)  # fmt: skip  # a list
"""Files that a run makes in an output folder."""
_TAGGED = (".mp4", ".mov", ".mkv")


@dataclass(frozen=True, slots=True)
class Ownership:
    """The right of a config to an output folder, and to files that are to be made."""

    root: Path
    name: str
    owner: Owner
    """Source of what is to be made."""
    video: Path

    @property
    def folder(self) -> Path:
        """The output folder."""
        return self.root / self.name

    @property
    def record(self) -> Record:
        """Record of the folder's owner, and of the files that were made."""
        return Record(self.folder)

    def check(self, *files: Path) -> None:
        """Refuse the folder, and files that are to be made, if not ours; nothing is written.

        Raises
        ------
        UsageError
            Something is there that was not made of this config.
        """
        facts = self._own_facts()
        for file in files:
            self._check_file(file, facts)

    def claim(self, *files: Path) -> None:
        """Make the folder, or take it over, for this config; and check files.

        Raises
        ------
        UsageError
            Something is there that was not made of this config.
        RenderError
            It cannot be written.
        """
        self._check_lengths()
        self.check()
        try:
            make_folder(self.folder)
            with self.record.locked():
                facts = self._own_facts()
                self._take_over(facts)
        except OSError as error:
            raise RenderError(f"{self.folder}: cannot be written: {error.strerror}") from None
        self.check(*files)

    def add(self, temporary: Path, file: Path) -> None:
        """Record a finished file under the name that it is about to get.

        Raises
        ------
        UsageError
            A file of this name has appeared that was not made of this config.
        """
        self.check(file)
        made = mark(temporary)
        assert made is not None
        name = self._recorded_name(file)
        if not self.record.read().holds(name, temporary):
            self.record.add_file(name, made)

    def is_in_root(self, file: Path) -> bool:
        """Tell whether a file is directly in the folder of all outputs."""
        return file.absolute().parent == self.root.absolute()

    def _check_lengths(self) -> None:
        """Refuse a name too long for the file system, with the endings that are added to it."""
        parent = self.root
        while not parent.exists() and parent != parent.parent:
            parent = parent.parent
        try:
            most = os.pathconf(parent, "PC_NAME_MAX") - LONGEST_ENDING
        except (OSError, ValueError):
            return
        if 0 < most < min(len(os.fsencode(self.name)), LONGEST_NAME_BYTES):
            raise UsageError(
                f"{self.root}: the name {self.name} may have {most} bytes there; choose a shorter "
                "one by --name NAME"
            )

    def _own_facts(self) -> Facts:
        """Return the record of the folder; refuse a folder that is not ours."""
        folder = self.folder
        if folder.is_symlink():
            self._refuse(folder, "is a symbolic link, and what it leads to may be anybody's")
        if not folder.is_dir():
            if folder.exists():
                self._refuse(folder, "is a file that was not made here")
            return Facts()
        facts = self.record.read()
        if facts.owner is None:
            facts.owner = self._owner_without_record()
        owner = facts.owner
        if owner is None or owner.text == self.owner.text or owner.is_gone:
            return facts
        if owner.config != self.owner.config and not _same_file(owner, self.owner):
            raise UsageError(
                f"{folder}: was made of {owner.config}, another config of the same name; choose "
                "another name by --name NAME, or remove what is there: "
                f"{command_for('clean', self.name, 'NAME')}"
            )
        return facts

    def _owner_without_record(self) -> Owner | None:
        """Return the owner of a folder that an earlier version made; None where none is known."""
        foreign = sorted(
            entry.name
            for entry in self.folder.iterdir()
            if entry.is_symlink()
            or not (entry.is_dir() if entry.name in FOLDERS else entry.name in FILES)
        )
        if foreign:
            self._refuse(self.folder, f"holds {foreign[0]}, which was not made here")
        try:
            path = Path(json.loads(self._report().read_bytes())["config"]["path"])
            resolved = path.resolve()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        own = Path(self.owner.config)
        # The path as it was typed, relative to a working folder that is not known.
        is_own = resolved == own or own.parts[-len(path.parts) :] == path.parts
        return self.owner if is_own else Owner(str(resolved), "")

    def _take_over(self, facts: Facts) -> None:
        """Record that the folder is ours, and the video that an earlier version made."""
        stored = self.record.read()
        if stored.owner is None:
            video = self._finished_before()
            if video is not None and (made := mark(video)) is not None:
                self.record.add_file(self._recorded_name(video), made)
        owner = facts.owner
        if owner is not None and owner.is_gone and owner.config != self.owner.config:
            say(
                f"{self.folder}: was made of {owner.config}, which is gone; {self.owner.config} "
                "goes on with it"
            )
        elif owner is not None and owner.text == self.owner.text and not owner.is_gone:
            # A copy of the config with the same text leaves the folder to the original.
            if stored.owner is None:
                self.record.add_owner(owner)
            return
        if stored.owner != self.owner:
            self.record.add_owner(self.owner)

    def _finished_before(self) -> Path | None:
        """Return the video that an earlier version finished, by its report."""
        try:
            report = json.loads(self._report().read_bytes())
            if report["outcome"] == "finished":
                return self.root / f"{self.name}{ending_of(report['config']['video']['codec'])}"
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def _report(self) -> Path:
        return self.folder / "report.json"

    def _check_file(self, file: Path, facts: Facts) -> None:
        """Refuse to replace a file that was not made of this config."""
        if not file.is_symlink() and not file.exists():
            return
        name = self._recorded_name(file)
        if facts.holds(name, file):
            return
        # Under a name that a person gave, what was made of another config may be replaced too.
        if not self._bears_our_name(file) and self._made_by_another(name, file):
            return
        if file == self.video and self._is_tagged_as_ours(file):
            return
        self._refuse(file, f"is there, and was not made of {self.owner.config}")

    def _bears_our_name(self, file: Path) -> bool:
        return self.is_in_root(file) and file.name.startswith(self.name)

    def _made_by_another(self, name: str, file: Path) -> bool:
        records = (Record(path.parent) for path in self.root.glob(f"*/{RECORD}"))
        return any(record.read().holds(name, file) for record in records)

    def _is_tagged_as_ours(self, video: Path) -> bool:
        """Tell whether the tag of a video holds the text of this config."""
        if video.suffix not in _TAGGED or video.is_symlink() or not video.is_file():
            return False
        return text_digest(tags_of(video).get("comment", "")) == self.owner.text

    def _recorded_name(self, file: Path) -> str:
        """Return a file's name in the record: relative to the root, so that all can be moved."""
        root, absolute = self.root.resolve(), file.parent.resolve() / file.name
        return str(absolute.relative_to(root) if absolute.is_relative_to(root) else absolute)

    def _refuse(self, path: Path, reason: str) -> NoReturn:
        raise UsageError(f"{path}: {reason}; move it away, or choose another name by --name NAME")


def _same_file(one: Owner, other: Owner) -> bool:
    try:
        return Path(one.config).samefile(other.config)
    except (OSError, ValueError):
        return False
