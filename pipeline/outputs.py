"""Where things lie: what a config makes, and what is kept beside it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.config.load import Config
from pipeline.durable import lives_beside, make_folder, remove_temporaries
from pipeline.errors import RenderError, os_error_text
from pipeline.references import References
from pipeline.store import Store


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files of one config: ``output/NAME.mp4`` and the folder ``output/NAME/``."""

    root: Path
    name: str
    ending: str = ".mp4"
    """What the video's name ends in; other than a file's it is that of a folder of pictures."""

    @staticmethod
    def of(config: Config, root: Path) -> "Outputs":
        """Return the files of a config."""
        return Outputs(root, config.name, config.encoding.ending)

    @property
    def video(self) -> Path:
        """The video."""
        return self.root / f"{self.name}{self.ending}"

    @property
    def folder(self) -> Path:
        """What a render needs to resume, or to be looked at again."""
        return self.root / self.name

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

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this run alone, and clear away what a killed run left half written.

        Raises
        ------
        RenderError
            Another run holds it, or it cannot be made.
        """
        try:
            for folder in (self.store.folder, self.segments):
                make_folder(folder)
            lock = (self.folder / ".lock").open("wb")
        except OSError as error:
            raise RenderError(f"{self.folder}: cannot be written: {os_error_text(error)}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RenderError(
                    f"{self.folder}: another run is at work here; wait for it or stop it first"
                ) from None
            remove_temporaries(self.root, f"{self.name}.")
            for folder in (self.folder, self.store.folder, self.segments):
                remove_temporaries(folder)
            yield
