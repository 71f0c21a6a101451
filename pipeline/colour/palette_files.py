"""Palettes in files of other programs: read as lists of colours.

Notes
-----
Fractint `.map`: up to 256 lines of red, green, blue. Ultra Fractal `.ugr`: named gradients of
`index=` 0 to 399 and `color=` red + 256 green + 65536 blue, cyclic. Kalles Fraktaler `.kfp`, and
the same in a `.kfr`: a line `Colors:` of blue, green, red. GIMP `.gpl`: lines of red, green, blue;
`.ggr`: segments with two colours and a middle (GIMP's `gimpgradient-load.c` documents the columns).
"""

import colorsys
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.colour.look import Rgb

MOST_COLOURS = 1024
_MOST_BYTES = 1 << 22
_GGR_COLOURS = 256
_UGR_POSITIONS = 400


class PaletteFileError(Exception):
    """A palette file that cannot be read: what is wrong with it, and where."""


def is_palette_file(name: str) -> bool:
    """Tell whether a palette is named by a file."""
    return Path(name).suffix.lower() in _READERS


def colours_from_file(path: Path) -> tuple[Rgb, ...]:
    """Read a palette, the reader chosen by the file's ending.

    Returns
    -------
    tuple of Rgb
        2 to MOST_COLOURS colours.

    Raises
    ------
    PaletteFileError
        It is not there, or not what its ending says.
    """
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise PaletteFileError(f"has {size} bytes, and may have {_MOST_BYTES}")
        colours = _READERS[path.suffix.lower()](path)
    except OSError as error:
        raise PaletteFileError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(colours) < 2:
        raise PaletteFileError(f"{path} holds {len(colours)} colours; a palette has 2 or more")
    if len(colours) > MOST_COLOURS:
        chosen = np.linspace(0, len(colours) - 1, MOST_COLOURS).round().astype(int)
        colours = [colours[k] for k in chosen]
    return tuple(colours)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", errors="replace").splitlines()


def _rgb(path: Path, number: int, words: list[str]) -> Rgb:
    """Return the colour of a line of three numbers."""
    try:
        red, green, blue = (int(word) for word in words[:3])
    except ValueError:
        red = green = blue = -1
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        shown = " ".join(words)[:40]
        raise PaletteFileError(
            f'{path}, line {number}: "{shown}" should be red, green and blue from 0 to 255'
        )
    return red, green, blue


def _from_map(path: Path) -> list[Rgb]:
    rows = [(number, line.split()) for number, line in enumerate(_lines(path), 1)]
    return [
        _rgb(path, number, words)
        for number, words in rows
        if words and not words[0].startswith((";", "#"))
    ]


def _from_gpl(path: Path) -> list[Rgb]:
    lines = _lines(path)
    if not lines or lines[0].strip() != "GIMP Palette":
        raise PaletteFileError(f'{path}, line 1: should be "GIMP Palette"')
    return [
        _rgb(path, number, line.split())
        for number, line in enumerate(lines[1:], 2)
        if line.strip() and not line.startswith(("#", "Name:", "Columns:"))
    ]


def _from_kalles(path: Path) -> list[Rgb]:
    for number, line in enumerate(_lines(path), 1):
        if line.startswith("Colors:"):
            words = [word for word in re.split(r"[,\s]+", line.partition(":")[2]) if word]
            colours = [_rgb(path, number, words[at : at + 3]) for at in range(0, len(words) - 2, 3)]
            return [(red, green, blue) for blue, green, red in colours]
    raise PaletteFileError(f'{path}: has no line "Colors:"')


def _from_ugr(path: Path) -> list[Rgb]:
    text = "\n".join(_lines(path))
    first = re.search(r"gradient:(.*?)(?:opacity:|\})", text, re.DOTALL)
    if first is None:
        raise PaletteFileError(f'{path}: has no "gradient:" section')
    knots: dict[int, int] = {}
    for index, colour in re.findall(r"index\s*=\s*(-?\d+)\s+color\s*=\s*(\d+)", first[1]):
        knots[int(index) % _UGR_POSITIONS] = int(colour)
    if not knots:
        line = text[: first.start()].count("\n") + 1
        raise PaletteFileError(f'{path}, line {line}: its gradient has no "index=… color=…"')
    at = np.array(sorted(knots))
    packed = np.array([knots[k] for k in sorted(knots)])
    channels = [(packed >> shift) & 255 for shift in (0, 8, 16)]
    # Once round, so that it closes.
    ring = np.concatenate([[at[-1] - _UGR_POSITIONS], at, [at[0] + _UGR_POSITIONS]])
    places = np.arange(_UGR_POSITIONS)
    red, green, blue = (
        np.interp(places, ring, np.concatenate([[part[-1]], part, [part[0]]])).round().astype(int)
        for part in channels
    )
    return list(zip(red.tolist(), green.tolist(), blue.tolist(), strict=True))


def _from_ggr(path: Path) -> list[Rgb]:
    lines = _lines(path)
    if not lines or lines[0].strip() != "GIMP Gradient":
        raise PaletteFileError(f'{path}, line 1: should be "GIMP Gradient"')
    named = len(lines) > 1 and lines[1].startswith("Name:")
    segments = []
    for number, line in enumerate(lines[2 + named :], 3 + named):
        if not line.strip():
            continue
        try:
            values = [float(word) for word in line.split()[:13]]
        except ValueError:
            values = []
        if len(values) < 13 or not all(map(math.isfinite, values)):
            raise PaletteFileError(
                f"{path}, line {number}: a segment should have 13 numbers or more"
            )
        segments.append(values)
    if not segments:
        raise PaletteFileError(f"{path}: has no segments")
    forth = [_ggr_colour(segments, k / (_GGR_COLOURS - 1)) for k in range(_GGR_COLOURS)]
    apart = max(abs(a - b) for a, b in zip(forth[0], forth[-1], strict=True))
    # A list is closed from its end to its start: where these do not meet it goes back the same way.
    return forth if apart < 24 else forth + forth[-2:0:-1]


def _ggr_colour(segments: list[list[float]], place: float) -> Rgb:
    segment = next((each for each in segments if place <= each[2]), segments[-1])
    left, middle, right = segment[:3]
    start, end = segment[3:6], segment[7:10]
    blending, model = int(segment[11]), int(segment[12])
    span = max(right - left, 1e-9)
    half = min(max((middle - left) / span, 1e-9), 1 - 1e-9)
    at = min(max((place - left) / span, 0.0), 1.0)
    linear = 0.5 * at / half if at <= half else 0.5 + 0.5 * (at - half) / (1 - half)
    part = {
        1: at ** (math.log(0.5) / math.log(half)),
        2: (math.sin(-math.pi / 2 + math.pi * linear) + 1) / 2,
        3: math.sqrt(1 - (linear - 1) ** 2),
        4: 1 - math.sqrt(1 - linear**2),
        5: float(at >= half),
    }.get(blending, linear)
    if model in (1, 2):
        start, end = list(colorsys.rgb_to_hsv(*start)), list(colorsys.rgb_to_hsv(*end))
        if model == 1 and end[0] < start[0]:
            end[0] += 1
        if model == 2 and end[0] > start[0]:
            end[0] -= 1
    mixed = [a + part * (b - a) for a, b in zip(start, end, strict=True)]
    if model in (1, 2):
        mixed = list(colorsys.hsv_to_rgb(mixed[0] % 1.0, mixed[1], mixed[2]))
    red, green, blue = (round(255 * min(max(value, 0.0), 1.0)) for value in mixed)
    return red, green, blue


def _from_png(path: Path) -> list[Rgb]:
    import imageio.v3 as iio

    path.open("rb").close()
    try:
        picture = np.asarray(iio.imread(path, plugin="pillow", extension=".png"))
    except (OSError, ValueError, SyntaxError) as error:
        raise PaletteFileError(f"{path} is no PNG: {error}") from None
    if picture.dtype == np.uint16:
        picture = picture >> 8
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    row = picture[0, :, :3].astype(int)
    return [(int(red), int(green), int(blue)) for red, green, blue in row]


_READERS: dict[str, Callable[[Path], list[Rgb]]] = {
    ".map": _from_map,
    ".gpl": _from_gpl,
    ".ggr": _from_ggr,
    ".ugr": _from_ugr,
    ".kfp": _from_kalles,
    ".kfr": _from_kalles,
    ".png": _from_png,
}
FILE_ENDINGS = tuple(_READERS)
"""What the names of palette files end in."""
