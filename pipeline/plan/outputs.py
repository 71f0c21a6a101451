"""Output files of a config: their paths, and how they are written, locked and replaced."""

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.load import Config
from pipeline.config.whole_text import text_digest
from pipeline.counts.orbits.tables import References
from pipeline.counts.store import Store
from pipeline.errors import RenderError, os_error_text
from pipeline.plan.ownership import Ownership
from pipeline.plan.record import Owner, Record
from pipeline.system.atomic_files import (
    flush_folder,
    is_other_process,
    make_folder,
    publish,
    publish_folder,
    remove_temporaries,
    temporary_path,
)
from pipeline.system.terminal import say


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one config: ``output/NAME.mp4`` and the folder ``output/NAME/``."""

    root: Path
    name: str
    owner: Owner
    """Source of what is made."""
    ending: str = ".mp4"
    """End of the video's name: ".mp4" or the like, or "-frames" for a folder of pictures."""
    variant: str = ""
    """Part of the name of a video that is made beside the usual one, such as "-youtube"."""

    @staticmethod
    def of(config: Config, root: Path) -> "Outputs":
        """Return the files of a config."""
        owner = Owner(str(config.path.resolve()), text_digest(config.text))
        variant = f"-{config.place}" if config.place else ""
        return Outputs(root, config.name, owner, config.encoding.ending, variant)

    @property
    def video(self) -> Path:
        """The video."""
        return self.root / f"{self.name}{self.variant}{self.ending}"

    @property
    def folder(self) -> Path:
        """Folder of all that a render needs to resume, or to be looked at again."""
        return self.root / self.name

    @property
    def ownership(self) -> Ownership:
        """Right of the config to the folder and the video."""
        return Ownership(self.root, self.name, self.owner, self.video)

    @property
    def record(self) -> Record:
        """Record of the folder's owner, and of the files that were made."""
        return Record(self.folder)

    @property
    def store(self) -> Store:
        """The counts."""
        return Store(self.folder / "counts")

    @property
    def orbits(self) -> Path:
        """Folder of the reference orbits."""
        return self.folder / "references"

    @property
    def segments(self) -> Path:
        """Folder of the encoded segments."""
        return self.folder / f"segments{self.variant}"

    @property
    def joining(self) -> Path:
        """Folder in which the video is joined; between runs it holds only what a kill left."""
        return self.folder / "joining"

    @property
    def dead_ends(self) -> Path:
        """Results of the search for dead ends."""
        return self.folder / "dead-ends.json"

    @property
    def made_of(self) -> Path:
        """Segments that the video was joined from, where they are not kept, and its checksum."""
        return self.folder / f"made-of{self.variant}.txt"

    @property
    def log(self) -> Path:
        """Log of all runs."""
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
        """Return the path of a frame's picture; of the only frame where `index` is None."""
        return self.root / (f"{self.name}.png" if index is None else f"{self.name}-{index:06}.png")

    def check(self, *files: Path) -> None:
        """Refuse the folder, and files that are to be made, if not ours; see `Ownership.check`."""
        self.ownership.check(*files)

    def claim(self, *files: Path) -> None:
        """Make the folder for this config, and check files; see `Ownership.claim`."""
        self.ownership.claim(*files)

    @contextmanager
    def making(self, file: Path) -> Iterator[Path]:
        """Give a temporary path for a file, or a folder of files, which then gets its name.

        Raises
        ------
        UsageError
            A file of this name has appeared that was not made of this config.
        """
        if file == self.video:
            temporary = self.joining / f"joined{self.ending}"
        elif self.ownership.is_in_root(file):
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
        """Write a file of ours completely, or not at all."""
        with self.making(file) as temporary, temporary.open("wb") as written:
            written.writelines(parts)

    def publish(self, temporary: Path, file: Path) -> None:
        """Give a finished file or folder its name, replacing what was made before."""
        self.ownership.add(temporary, file)
        (publish_folder if temporary.is_dir() else publish)(temporary, file)

    @contextmanager
    def references(self) -> Iterator[References]:
        """Give the folder of reference orbits, and a temporary one for their tables.

        Both are made when something is stored in them.
        """
        orbits = self.orbits
        tables = orbits / f"tables.{os.getpid()}"
        for abandoned in orbits.glob("tables.*"):
            # A folder with this process's own number is of an earlier one, as often in a container.
            process = abandoned.suffix[1:]
            if not (process.isdecimal() and is_other_process(int(process))):
                shutil.rmtree(abandoned, ignore_errors=True)
        try:
            yield References(orbits, tables)
        finally:
            shutil.rmtree(tables, ignore_errors=True)
            if self.folder.is_dir():
                self.claim()

    @contextmanager
    def locked(self, *files: Path) -> Iterator[None]:
        """Lock the folder for this run, and remove what a killed run left half written.

        Raises
        ------
        UsageError
            It, or a file that is to be made, was not made of this config.
        RenderError
            Another run has locked it, or it cannot be made.
        """
        self.claim(*files)
        try:
            for folder in (self.store.folder, self.segments):
                make_folder(folder)
            lock = (self.folder / ".lock").open("wb")
        except OSError as error:
            raise RenderError(f"{self.folder}: cannot be written: {os_error_text(error)}") from None
        with lock:
            self._lock(lock.fileno())
            if not flush_folder(self.folder):
                self._warn("cannot be flushed: a power cut may cost the latest minutes")
            shutil.rmtree(self.joining, ignore_errors=True)
            for folder in (self.folder, self.store.folder, self.segments):
                remove_temporaries(folder)
            try:
                yield
            finally:
                shutil.rmtree(self.joining, ignore_errors=True)

    def _lock(self, lock: int) -> None:
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
