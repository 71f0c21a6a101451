"""The configs that the page opens and saves: files of one folder, never what a link leads to."""

import os
import stat
from pathlib import Path

from pipeline.config import yaml_tree
from pipeline.config.names import name_fault
from pipeline.errors import UsageError, os_error_text
from pipeline.explorer.file_answer import opened
from pipeline.system.atomic_files import flush_folder, make_folder, publish, temporary_path

_MOST_LISTED = 1000


class ExistsError(UsageError):
    """A file of this name is there already."""


class ConfigFiles:
    """The YAML files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Return the names of all configs, without their ending."""
        try:
            with os.scandir(self.folder) as found:
                files = [
                    entry.name.removesuffix(".yaml")
                    for entry in found
                    if entry.name.endswith(".yaml") and entry.is_file(follow_symlinks=False)
                ]
        except OSError:
            return []
        return sorted(name for name in files if name_fault(name) is None)[:_MOST_LISTED]

    def path(self, name: str) -> Path:
        """Return the path of a config.

        Raises
        ------
        UsageError
            No file of this folder can be called that.
        """
        if fault := name_fault(name):
            raise UsageError(f"the name: {fault}")
        return self.folder / f"{name}.yaml"

    def read(self, name: str) -> str:
        """Return the text of a config.

        Raises
        ------
        UsageError
            There is none, or it is no text.
        """
        path = self.path(name)
        with opened(path) as file:
            if file is None:
                raise UsageError(f"{path}: there is no such file")
            data = file.read(yaml_tree.MAX_BYTES + 1)
        if len(data) > yaml_tree.MAX_BYTES:
            raise UsageError(f"{path}: is larger than any config")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{path}: is not UTF-8 text") from None

    def write(self, name: str, text: str, over: bool = False, before: str | None = None) -> Path:
        """Write a config, whole or not at all; return its path.

        Parameters
        ----------
        over
            Whether it takes the place of a file that is there.
        before
            Text that a file which is there may have, to be replaced all the same: the one that
            was opened.

        Raises
        ------
        ExistsError
            A file is there.
        UsageError
            It cannot be written.
        """
        path = self.path(name)
        temporary = temporary_path(path)
        try:
            make_folder(self.folder)
            temporary.unlink(missing_ok=True)
            with temporary.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
            if over or self._holds(path, name, before):
                self._check_replaceable(path)
                publish(temporary, path)
            else:
                try:
                    # Fails where anything is there, however lately it came.
                    os.link(temporary, path, follow_symlinks=False)
                except FileExistsError:
                    raise ExistsError(f"{path} is there already") from None
                flush_folder(self.folder)
        except OSError as error:
            raise UsageError(os_error_text(error)) from None
        finally:
            temporary.unlink(missing_ok=True)
        return path

    def _holds(self, path: Path, name: str, text: str | None) -> bool:
        if not text or not os.path.lexists(path):
            return False
        try:
            return self.read(name) == text
        except UsageError:
            return False

    @staticmethod
    def _check_replaceable(path: Path) -> None:
        """Refuse to replace what is no file of its own."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{path}: is a link or no file, and is not replaced")
