"""The files of a config: what it makes, and what is kept beside it; nothing else is touched."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pipeline.config.load import Config
from pipeline.config.names import LONGEST_ENDING, LONGEST_NAME_BYTES
from pipeline.config.whole_text import text_digest
from pipeline.counts.orbits.tables import References
from pipeline.counts.store import Store
from pipeline.errors import RenderError, UsageError, os_error_text
from pipeline.plan.ownership import RECORD, Facts, Owner, Record, mark
from pipeline.system.atomic_files import (
    flush_folder,
    lives_beside,
    make_folder,
    publish,
    publish_folder,
    remove_temporaries,
    temporary_path,
)
from pipeline.system.invocation import command_for
from pipeline.system.terminal import say
from pipeline.video.encoding import ending_of
from pipeline.video.ffmpeg import tags_of

# What a folder of ours holds.
FOLDERS = ("counts", "references", "segments", "joining")
FILES = (
    RECORD, ".lock", "dead-ends.json", "index.html", "log.txt", "made-of.txt", "maxiter.json",
    "report.json", "tones.json",
)  # fmt: skip  # a list
_TAGGED = (".mp4", ".mov", ".mkv")


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one config: ``output/NAME.mp4`` and the folder ``output/NAME/``."""

    root: Path
    name: str
    owner: Owner
    """Source of what is made."""
    ending: str = ".mp4"
    """What the video's name ends in; other than a file's it is that of a folder of pictures."""

    @staticmethod
    def of(config: Config, root: Path) -> "Outputs":
        """Return the files of a config."""
        owner = Owner(str(config.path.resolve()), text_digest(config.text))
        return Outputs(root, config.name, owner, config.encoding.ending)

    @property
    def video(self) -> Path:
        """The video."""
        return self.root / f"{self.name}{self.ending}"

    @property
    def folder(self) -> Path:
        """What a render needs to resume, or to be looked at again."""
        return self.root / self.name

    @property
    def record(self) -> Record:
        """Record of whose the folder is, and of what was made."""
        return Record(self.folder)

    @property
    def store(self) -> Store:
        """The counts."""
        return Store(self.folder / "counts")

    @property
    def orbits(self) -> Path:
        """The reference orbits."""
        return self.folder / "references"

    @property
    def segments(self) -> Path:
        """The encoded segments."""
        return self.folder / "segments"

    @property
    def joining(self) -> Path:
        """Folder in which the video is joined; what lies there between runs is a killed one's."""
        return self.folder / "joining"

    @property
    def dead_ends(self) -> Path:
        """Views of the video, as the search for dead ends saw them."""
        return self.folder / "dead-ends.json"

    @property
    def made_of(self) -> Path:
        """What the video was made of, where the segments did not stay."""
        return self.folder / "made-of.txt"

    @property
    def log(self) -> Path:
        """What happened, line by line."""
        return self.folder / "log.txt"

    @property
    def report(self) -> Path:
        """Figures of the latest run."""
        return self.folder / "report.json"

    @property
    def page(self) -> Path:
        """The status page."""
        return self.folder / "index.html"

    def still(self, index: int | None) -> Path:
        """Return where a frame's picture goes; the only frame's where `index` is None."""
        return self.root / (f"{self.name}.png" if index is None else f"{self.name}-{index:06}.png")

    # Whose they are

    def check(self, *files: Path) -> None:
        """Refuse what is not ours: the folder, and files that are to be made; nothing is written.

        Raises
        ------
        UsageError
            Something is there that was not made of this config.
        """
        facts = self._own_facts()
        for file in files:
            self._check_file(file, facts)

    def claim(self, *files: Path) -> None:
        """Have the folder for this config, made where it is not there; and check files.

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
            with self.record.held():
                facts = self._own_facts()
                self._adopt(facts)
        except OSError as error:
            raise RenderError(f"{self.folder}: cannot be written: {error.strerror}") from None
        self.check(*files)

    def _check_lengths(self) -> None:
        """Refuse a name to which the file system would not let us add what we must."""
        above = self.root
        while not above.exists() and above != above.parent:
            above = above.parent
        try:
            most = os.pathconf(above, "PC_NAME_MAX") - LONGEST_ENDING
        except (OSError, ValueError):
            return
        if 0 < most < min(len(os.fsencode(self.name)), LONGEST_NAME_BYTES):
            raise UsageError(
                f"{self.root}: the name {self.name} may have {most} bytes there; choose a shorter "
                "one by --name NAME"
            )

    def _own_facts(self) -> Facts:
        """Return the record of the folder; refuse one that is not ours."""
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
        """Return whose a folder of an earlier version is; None where that makes no difference."""
        strange = sorted(
            entry.name
            for entry in self.folder.iterdir()
            if entry.is_symlink()
            or not (entry.is_dir() if entry.name in FOLDERS else entry.name in FILES)
        )
        if strange:
            self._refuse(self.folder, f"holds {strange[0]}, which was not made here")
        try:
            path = Path(json.loads(self.report.read_bytes())["config"]["path"])
            resolved = path.resolve()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        own = Path(self.owner.config)
        # As it was typed, from wherever that was.
        is_own = resolved == own or own.parts[-len(path.parts) :] == path.parts
        return self.owner if is_own else Owner(str(resolved), "")

    def _adopt(self, facts: Facts) -> None:
        """Write down that the folder is ours, and what an earlier version made."""
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
            # A copy that says the same takes nothing from it.
            if stored.owner is None:
                self.record.add_owner(owner)
            return
        if stored.owner != self.owner:
            self.record.add_owner(self.owner)

    def _finished_before(self) -> Path | None:
        """Return the video that an earlier version says it finished."""
        try:
            report = json.loads(self.report.read_bytes())
            if report["outcome"] == "finished":
                return self.root / f"{self.name}{ending_of(report['config']['video']['codec'])}"
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def _check_file(self, file: Path, facts: Facts) -> None:
        if not file.is_symlink() and not file.exists():
            return
        name = self._recorded_name(file)
        if facts.holds(name, file):
            return
        # Named by a person, what this program made of another config is theirs to replace.
        if not self._bears_our_name(file) and self._made_by_another(name, file):
            return
        if file == self.video and self._tells_so(file):
            return
        self._refuse(file, f"is there, and was not made of {self.owner.config}")

    def _bears_our_name(self, file: Path) -> bool:
        return self._is_in_root(file) and file.name.startswith(self.name)

    def _is_in_root(self, file: Path) -> bool:
        return file.absolute().parent == self.root.absolute()

    def _made_by_another(self, name: str, file: Path) -> bool:
        records = (Record(path.parent) for path in self.root.glob(f"*/{RECORD}"))
        return any(record.read().holds(name, file) for record in records)

    def _tells_so(self, video: Path) -> bool:
        """Tell whether a video says itself that it is the one that is to be made."""
        if video.suffix not in _TAGGED or video.is_symlink() or not video.is_file():
            return False
        return text_digest(tags_of(video).get("comment", "")) == self.owner.text

    def _recorded_name(self, file: Path) -> str:
        """Return how the record calls a file: from the root, so that all of it can be moved."""
        root, absolute = self.root.resolve(), file.parent.resolve() / file.name
        return str(absolute.relative_to(root) if absolute.is_relative_to(root) else absolute)

    def _refuse(self, path: Path, what: str) -> NoReturn:
        raise UsageError(f"{path}: {what}; move it away, or choose another name by --name NAME")

    # Making them

    @contextmanager
    def making(self, file: Path) -> Iterator[Path]:
        """Give a place to write a file, or a folder of files, which then gets its name.

        Raises
        ------
        UsageError
            There is another meanwhile that was not made of this config.
        """
        if file == self.video:
            temporary = self.joining / f"joined{self.ending}"
        elif self._is_in_root(file):
            temporary = temporary_path(self.folder / file.name)
        else:
            temporary = temporary_path(file)
        try:
            make_folder(temporary.parent)
            yield temporary
            self.publish(temporary, file)
        finally:
            if temporary.is_dir():
                shutil.rmtree(temporary)
            temporary.unlink(missing_ok=True)

    def write(self, file: Path, parts: Iterable[bytes]) -> None:
        """Write a file of ours whole, or not at all."""
        with self.making(file) as temporary, temporary.open("wb") as written:
            written.writelines(parts)

    def publish(self, temporary: Path, file: Path) -> None:
        """Give what was made its name, in place of what was made before."""
        self.check(file)
        made = mark(temporary)
        assert made is not None
        name = self._recorded_name(file)
        if not self.record.read().holds(name, temporary):
            self.record.add_file(name, made)
        (publish_folder if temporary.is_dir() else publish)(temporary, file)

    @contextmanager
    def references(self) -> Iterator[References]:
        """Give the reference orbits a place, and for this time their tables; made when needed."""
        orbits = self.orbits
        tables = orbits / f"tables.{os.getpid()}"
        for left in orbits.glob("tables.*"):
            # Those of this process's number are of an earlier one, as often in a container.
            owner = left.suffix[1:]
            if not (owner.isdecimal() and lives_beside(int(owner))):
                shutil.rmtree(left, ignore_errors=True)
        try:
            yield References(orbits, tables)
        finally:
            shutil.rmtree(tables, ignore_errors=True)
            if self.folder.is_dir():
                self.claim()

    @contextmanager
    def locked(self, *files: Path) -> Iterator[None]:
        """Hold the folder for this run alone, and clear away what a killed run left half written.

        Raises
        ------
        UsageError
            It, or a file that is to be made, was not made of this config.
        RenderError
            Another run holds it, or it cannot be made.
        """
        self.claim(*files)
        try:
            for folder in (self.store.folder, self.segments):
                make_folder(folder)
            lock = (self.folder / ".lock").open("wb")
        except OSError as error:
            raise RenderError(f"{self.folder}: cannot be written: {os_error_text(error)}") from None
        with lock:
            self._hold(lock.fileno())
            if not flush_folder(self.folder):
                self._warn("cannot be flushed: a power cut may cost the latest minutes")
            shutil.rmtree(self.joining, ignore_errors=True)
            for folder in (self.folder, self.store.folder, self.segments):
                remove_temporaries(folder)
            try:
                yield
            finally:
                shutil.rmtree(self.joining, ignore_errors=True)

    def _hold(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RenderError(
                f"{self.folder}: another run is at work here; wait for it or stop it first"
            ) from None
        except OSError as error:
            self._warn(f"cannot be locked ({error.strerror}): start no second run of it meanwhile")

    def _warn(self, what: str) -> None:
        say(f"{self.folder}: {what}")


def _same_file(one: Owner, other: Owner) -> bool:
    try:
        return Path(one.config).samefile(other.config)
    except (OSError, ValueError):
        return False
