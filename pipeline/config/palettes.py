"""Checks of the palettes that a config names: faults, and remarks on their files."""

from collections.abc import Iterator
from typing import Any

from pipeline.colour.palette import palette_fault
from pipeline.colour.palette_files import PaletteFileError, PaletteFiles, is_palette_file

Path = tuple[str | int, ...]


def named_palettes(colour: Any) -> Iterator[tuple[Path, str]]:
    """Yield the path and name of every palette that a colour section names."""
    if not isinstance(colour, dict):
        return
    sections: list[tuple[Path, Any]] = [((), colour)]
    for name in ("layers", "keyframes"):
        listed = colour.get(name)
        sections += [
            ((name, k), section)
            for k, section in enumerate(listed if isinstance(listed, list) else [])
        ]
    for path, section in sections:
        for key in ("palette", "interior_palette"):
            palette = section.get(key) if isinstance(section, dict) else None
            if isinstance(palette, str) and palette.strip():
                yield (*path, key), palette.strip()


def palette_faults(colour: Any, files: PaletteFiles) -> Iterator[tuple[Path, str]]:
    """Yield the path and fault of palettes that are unknown, or whose files cannot be read."""
    for path, palette in named_palettes(colour):
        if not is_palette_file(palette):
            if fault := palette_fault(palette):
                yield path, fault
            continue
        try:
            files.file(palette)
        except PaletteFileError as error:
            yield path, str(error)


def palette_remarks(colour: Any, files: PaletteFiles) -> Iterator[tuple[Path, str]]:
    """Yield the path and remark of each palette file that could only be read in part."""
    told = set()
    for path, palette in named_palettes(colour):
        if palette not in told:
            told.add(palette)
            for remark in files.remarks.get(palette, ()):
                yield path, remark
