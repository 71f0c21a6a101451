"""Palettes written as text, mostly a colour per line: Fractint, GIMP, Kalles Fraktaler.

Notes
-----
Fractint `.map` (`loadmap.c`): up to 256 lines of red, green, blue; the rest of a line is a comment.
GIMP `.gpl` (`gimppalette-load.c`): a first line, `Name:`, `Columns:`, then red, green, blue and a
name; Aseprite adds a line `Channels: RGBA` and a fourth number. Kalles Fraktaler `.kfp`, and the
same in a `.kfr`: a line `Colors:` of blue, green, red.
"""

import re

from pipeline.colour.look import Rgb
from pipeline.errors import printable

_WANTED = "should be red, green and blue from 0 to 255"
_HEX_COLOUR = re.compile(r"(?:#|0[xX])?([0-9a-fA-F]{6})", re.ASCII)
_VALUE = re.compile(r"(?:(\d{1,9})|0[xX]([0-9a-fA-F]{1,2}))", re.ASCII)
_HEADER = re.compile(r"[A-Za-z]+:", re.ASCII)


class PaletteFileError(Exception):
    """A palette file cannot be read; the message says what is wrong with it, and where."""


def shown(text: str) -> str:
    """Return a piece of a file so that a message can quote it: a short printable line."""
    flat = printable(" ".join(text[:200].split()))
    return flat if len(flat) <= 40 else f"{flat[:36]}…"


def colours_from_map(text: str, remarks: list[str]) -> list[Rgb]:
    """Read a Fractint map: red, green and blue on each line, or a hex colour."""
    colours = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition(";")[0].replace(",", " ").split()
        if not words:
            continue
        if match := _HEX_COLOUR.fullmatch(words[0]):
            red, green, blue = bytes.fromhex(match[1])
            colours.append((red, green, blue))
        elif not words[0].startswith("#"):
            colours.append(_rgb(number, words, remarks))
    return colours


def colours_from_gpl(text: str, remarks: list[str]) -> list[Rgb]:
    """Read a GIMP palette; a fourth number on a line is alpha, and is ignored."""
    lines = text.split("\n")
    if not lines[0].startswith("GIMP Palette"):
        raise PaletteFileError('line 1: should be "GIMP Palette"')
    return [
        _rgb(number, line.replace(",", " ").split(), remarks)
        for number, line in enumerate(lines[1:], 2)
        if line.strip() and not line.lstrip().startswith("#") and not _HEADER.match(line.lstrip())
    ]


def colours_from_kalles(text: str, remarks: list[str]) -> list[Rgb]:
    """Read the colours of a Kalles Fraktaler palette or location."""
    for number, line in enumerate(text.split("\n"), 1):
        key, colon, listed = line.partition(":")
        if not colon or key.strip().lower() != "colors":
            continue
        words = [word for word in re.split(r"[,\s]+", listed) if word]
        if len(words) % 3:
            raise PaletteFileError(
                f'line {number}: "Colors:" has {len(words)} numbers, and should have three a colour'
            )
        colours = [_rgb(number, words[k : k + 3], remarks) for k in range(0, len(words), 3)]
        return [(red, green, blue) for blue, green, red in colours]
    raise PaletteFileError('holds no colours: it has no line "Colors:"')


def _rgb(number: int, words: list[str], remarks: list[str]) -> Rgb:
    """Return the colour of three numbers on a line; 256, a common mistake, is taken as 255."""
    matches = [_VALUE.fullmatch(word) for word in words[:3]]
    values = [int(match[1]) if match[1] else int(match[2], 16) for match in matches if match]
    if len(values) < 3 or max(values) > 256:
        raise PaletteFileError(f'line {number}: "{shown(" ".join(words))}" {_WANTED}')
    if 256 in values:
        remarks.append(f"line {number}: 256 is taken as 255, the largest value")
    red, green, blue = (min(value, 255) for value in values)
    return red, green, blue
