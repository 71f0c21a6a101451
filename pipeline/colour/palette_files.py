"""Palettes in files of other programs: read as lists of colours, in bounded time and memory."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.colour.gradient_files import colours_from_ggr, colours_from_ugr
from pipeline.colour.look import Rgb
from pipeline.colour.palette_picture import colours_from_png
from pipeline.colour.palette_text import (
    PaletteFileError as PaletteFileError,  # named with what raises it
)
from pipeline.colour.palette_text import (
    colours_from_gpl,
    colours_from_kalles,
    colours_from_map,
    shown,
)
from pipeline.errors import printable_name
from pipeline.system.regular_files import bytes_of_file, text_from_bytes

# Its files hold several gradients, each with a name.
_NAMING = ".ugr"
MOST_COLOURS = 1024
"""Largest number of colours of a palette; longer lists are subsampled."""
MOST_FILES = 64
"""Largest number of palette files that one config may name."""
# Collections of gradients and pictures may be large; lists with a colour per line are not.
_MOST_BYTES = {_NAMING: 1 << 22, ".png": 1 << 22}
_MOST_BYTES_OF_LINES = 1 << 20
_MOST_REMARKS = 3

_TEXTS: dict[str, Callable[[str, list[str]], list[Rgb]]] = {
    ".map": colours_from_map,
    ".gpl": colours_from_gpl,
    ".kfp": colours_from_kalles,
    ".kfr": colours_from_kalles,
}
FILE_ENDINGS = (".map", ".gpl", ".ggr", _NAMING, ".kfp", ".kfr", ".png")
"""Endings of palette files' names."""

_NAMED = re.compile(rf"(.*?{re.escape(_NAMING)})#(.*)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PaletteFile:
    """The content of a palette file."""

    colours: tuple[Rgb, ...]
    """Colours, 2 to MOST_COLOURS of them."""
    remarks: tuple[str, ...] = ()
    """Notes on values that were corrected in reading, each with its line."""


def _split(name: str) -> tuple[str, str | None]:
    """Return the name of a file, and that of the gradient in it, from ``several.ugr#second``."""
    if match := _NAMED.fullmatch(name):
        return match[1], match[2].strip()
    return name, None


def is_palette_file(name: str) -> bool:
    """Tell whether a palette is named by a file, or by a gradient in one."""
    return _ending(_split(name.strip())[0]) in FILE_ENDINGS


def _ending(name: str) -> str:
    # Not `Path.suffix`, which is empty for a name like ".map".
    return name[name.rfind(".") :].lower() if "." in name else ""


def palette_from_file(path: Path) -> PaletteFile:
    """Read a palette file in the format that its ending names.

    Parameters
    ----------
    path : Path
        The file; for a gradient in an `.ugr`, followed by ``#`` and its name.

    Raises
    ------
    PaletteFileError
        It does not exist, or is not what its ending says.
    """
    name, _ = _split(str(path))
    try:
        data = bytes_of_file(Path(name), _most_bytes(name))
    except OSError as error:
        raise PaletteFileError(
            f"{_label(name)} cannot be read: {error.strerror or error}"
        ) from None
    return palette_from_bytes(str(path), data)


def palette_from_bytes(path: str, data: bytes) -> PaletteFile:
    """Read the content of a palette file, as `palette_from_file` does.

    Raises
    ------
    PaletteFileError
        It is too large, or not what its name says.
    """
    name, gradient = _split(path)
    label = _label(name)
    remarks: list[str] = []
    try:
        colours = _colours(data, name, gradient, remarks)
    except PaletteFileError as error:
        joint = ", " if str(error).startswith("line ") else ": "
        raise PaletteFileError(f"{label}{joint}{error}") from None
    if len(colours) < 2:
        raise PaletteFileError(f"{label} holds {len(colours)} colours; a palette has 2 or more")
    if len(colours) > MOST_COLOURS:
        chosen = np.linspace(0, len(colours) - 1, MOST_COLOURS).round().astype(int)
        colours = [colours[k] for k in chosen]
    if len(remarks) > _MOST_REMARKS:
        more = len(remarks) - _MOST_REMARKS
        remarks = [*remarks[:_MOST_REMARKS], f"{more} more of the kind"]
    return PaletteFile(tuple(colours), tuple(f"{label}, {remark}" for remark in remarks))


def _label(name: str) -> str:
    return printable_name(name if len(name) <= 160 else f"…{name[-150:]}")


def _most_bytes(name: str) -> int:
    return _MOST_BYTES.get(_ending(name), _MOST_BYTES_OF_LINES)


def _colours(data: bytes, name: str, gradient: str | None, remarks: list[str]) -> list[Rgb]:
    ending = _ending(name)
    if ending not in FILE_ENDINGS:
        raise PaletteFileError(f"is no palette file; these end in {', '.join(FILE_ENDINGS)}")
    if len(data) > _most_bytes(name):
        raise PaletteFileError(f"has more than {_most_bytes(name)} bytes")
    if ending == ".png":
        return colours_from_png(data)
    try:
        text = text_from_bytes(data)
    except ValueError as error:
        raise PaletteFileError(str(error)) from None
    if ending == _NAMING:
        return colours_from_ugr(text, gradient)
    if ending == ".ggr":
        return colours_from_ggr(text)
    return _TEXTS[ending](text, remarks)


@dataclass(slots=True)
class PaletteFiles:
    """The palette files of a config, each read once."""

    folder: Path
    """Folder to which their names are relative."""
    _read: dict[str, PaletteFile | PaletteFileError] = field(default_factory=dict)

    def file(self, name: str) -> PaletteFile:
        """Return the content of a file as it was when it was first asked for.

        Raises
        ------
        PaletteFileError
            It cannot be read, or is one too many.
        """
        name = name.strip()
        if name not in self._read:
            self._read[name] = self._content_or_error(name)
        found = self._read[name]
        if isinstance(found, PaletteFileError):
            raise found
        return found

    def _content_or_error(self, name: str) -> PaletteFile | PaletteFileError:
        if len(self._read) >= MOST_FILES:
            return PaletteFileError(
                f"{shown(name)} is one file too many; a config may name {MOST_FILES}"
            )
        try:
            return palette_from_file(self.folder / name)
        except PaletteFileError as error:
            return error

    def resolved(self, palette: str | tuple[Rgb, ...]) -> str | tuple[Rgb, ...]:
        """Return a palette, with the name of a file replaced by its colours."""
        if isinstance(palette, str) and is_palette_file(palette):
            return self.file(palette).colours
        return palette

    @property
    def remarks(self) -> dict[str, tuple[str, ...]]:
        """Notes on values that were corrected in reading, by the file's name in the config."""
        return {
            name: found.remarks
            for name, found in self._read.items()
            if isinstance(found, PaletteFile) and found.remarks
        }
