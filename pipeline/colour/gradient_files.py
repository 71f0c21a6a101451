"""Gradients in files of other programs, sampled as lists of colours.

Notes
-----
Ultra Fractal `.ugr`: named entries in braces, each with a section `gradient:` of `index=` 0 to 399
(others wrap around) and `color=` red + 256 green + 65536 blue, cyclic; with `smooth=yes` curves
interpolate between them. `;` begins a comment, a backslash at a line's end continues the line. The
section `opacity:` is ignored, and so is `rotation=`, which says how far the indices have been
rotated already. GIMP `.ggr`: segments with two colours and a midpoint (`gimpgradient-load.c` has
the columns, `gimpgradient.c` the interpolation).
"""

import bisect
import colorsys
import difflib
import math
import re
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Rgb
from pipeline.colour.palette_text import PaletteFileError, shown

_GGR_COLOURS = 256
_UGR_POSITIONS = 400
# Gradients that a message names.
_MOST_NAMED = 12
# Ends of a gradient meet if no channel, 0 to 255, differs by this much.
_APART = 24
# Tolerance of the ends of segments: GIMP writes six digits.
_ROUNDING = 1e-4
_TOKEN = re.compile(
    r'"[^"\n]*"?'  # a string, which may hold anything but its end
    r"|;[^\n]*"
    r"|[{}]"
    r"|\b[A-Za-z]\w*+:"  # possessive, and begun at words alone: linear time on any text
    r'|\b[A-Za-z]\w*+\s*+=\s*+(?:"[^"\n]*"?|[^\s{}"]*)',
    re.ASCII,
)


def colours_from_ugr(text: str, name: str | None) -> list[Rgb]:
    """Read a gradient of an Ultra Fractal file: the one with this name, or the only one.

    Raises
    ------
    PaletteFileError
        There is none, none with this name, or more than one but no name.
    """
    text = text.replace("\\\n", "")
    entries = _ugr_entries(text)
    if not entries:
        raise PaletteFileError('has no "gradient:" section')
    title, start, end = _chosen(entries, name)
    facts = [
        (key.strip().lower(), value.strip())
        for key, equals, value in (word.partition("=") for word in _TOKEN.findall(text, start, end))
        if equals
    ]
    smooth = ("smooth", "yes") in facts
    knots: dict[int, int] = {}
    for (key, index), (follower, colour) in pairwise(facts):
        if key != "index" or follower != "color":
            continue
        if not re.fullmatch(r"[+-]?\d{1,6}", index, re.ASCII):
            raise PaletteFileError(f'"{shown(title)}": index={shown(index)} should be 0 to 399')
        if not re.fullmatch(r"\d{1,10}", colour, re.ASCII):
            raise PaletteFileError(
                f'"{shown(title)}": color={shown(colour)} should be 0 to 16777215'
            )
        knots[int(index) % _UGR_POSITIONS] = int(colour)
    if not knots:
        line = text[:start].count("\n") + 1
        raise PaletteFileError(f'line {line}: its gradient has no "index=… color=…"')
    return _cyclic_colours(knots, smooth)


def _ugr_entries(text: str) -> list[tuple[str, int, int]]:
    """Return each gradient's name, and the offsets where its section begins and ends."""
    entries: list[tuple[str, int, int]] = []
    depth = 0
    title = ""
    start = outside = 0
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word == "{":
            if depth == 0:
                title = _title(text[max(outside, token.start() - 200) : token.start()])
            depth += 1
        elif word.endswith(":") and not word.startswith((";", '"')) and "=" not in word:
            if start:
                entries.append((title, start, token.start()))
            start = token.end() if depth and word.lower() == "gradient:" else 0
        elif word == "}":
            if start:
                entries.append((title, start, token.start()))
            start = 0
            depth = max(0, depth - 1)
            outside = token.end()
    if start:
        # The file is cut off within a section.
        entries.append((title, start, len(text)))
    return entries


def _title(before: str) -> str:
    """Return the name in the text before a brace: its last line that is not a comment."""
    lines = [line.partition(";")[0].strip() for line in before.split("\n")]
    return next((line for line in reversed(lines) if line), "")


def _chosen(entries: list[tuple[str, int, int]], name: str | None) -> tuple[str, int, int]:
    """Return the entry with this name, exactly or in another case; if None, the only one."""
    titles = list(dict.fromkeys(title for title, _, _ in entries))
    listed = ", ".join(shown(title) for title in titles[:_MOST_NAMED])
    if len(titles) > _MOST_NAMED:
        listed += f" and {len(titles) - _MOST_NAMED} more"
    if name is None:
        if len(entries) > 1:
            raise PaletteFileError(
                f"holds {len(entries)} gradients; name one of them, FILE#NAME: {listed}"
            )
        return entries[0]
    for same in (str, str.lower):
        for entry in entries:
            if same(entry[0]) == same(name):
                return entry
    near = difflib.get_close_matches(name[:60], titles[:1000], n=1, cutoff=0.6)
    hint = f'; did you mean "{shown(near[0])}"?' if near else ""
    raise PaletteFileError(f'has no gradient "{shown(name)}"{hint}; it holds {listed}')


def _cyclic_colours(knots: dict[int, int], smooth: bool) -> list[Rgb]:
    """Return the colours of all positions of a cyclic gradient, from packed colours by index."""
    indices = sorted(knots)
    # A whole turn more on either side: a curve depends on the knots beyond its interval.
    turns = [index + turn for turn in (-_UGR_POSITIONS, 0, _UGR_POSITIONS) for index in indices]
    positions = np.array(turns, dtype=float)
    packed = np.array([knots[index] for index in indices] * 3)
    points = np.arange(_UGR_POSITIONS, dtype=float)
    channels = [((packed >> shift) & 255).astype(float) for shift in (0, 8, 16)]
    interpolate = _curve if smooth else np.interp
    red, green, blue = (
        np.clip(interpolate(points, positions, channel).round(), 0, 255).astype(int).tolist()
        for channel in channels
    )
    return list(zip(red, green, blue, strict=True))


def _curve(
    points: NDArray[np.float64], positions: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return values at points, interpolated by a cubic without overshoot.

    Notes
    -----
    Weighted harmonic mean of the neighbouring slopes: F. N. Fritsch and J. Butland, SIAM J. Sci.
    Stat. Comput. 5 (1984), 300.
    """
    widths = np.diff(positions)
    rises = np.diff(values) / widths
    slopes = np.zeros(len(values))
    before, after = rises[:-1], rises[1:]
    same_sign = before * after > 0
    weights = widths[:-1] + 2 * widths[1:], 2 * widths[:-1] + widths[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weights[0] + weights[1]) / (weights[0] / before + weights[1] / after)
    slopes[1:-1] = np.where(same_sign, mean, 0.0)
    k = np.clip(np.searchsorted(positions, points, "right") - 1, 0, len(widths) - 1)
    width = widths[k]
    t = (points - positions[k]) / width
    return np.asarray(
        values[k] * (1 + 2 * t) * (1 - t) ** 2
        + slopes[k] * width * t * (1 - t) ** 2
        + values[k + 1] * t**2 * (3 - 2 * t)
        + slopes[k + 1] * width * t**2 * (t - 1)
    )


def colours_from_ggr(text: str) -> list[Rgb]:
    """Read a GIMP gradient; one whose ends do not meet is mirrored."""
    lines = text.split("\n")
    if not lines[0].startswith("GIMP Gradient"):
        raise PaletteFileError('line 1: should be "GIMP Gradient"')
    named = len(lines) > 1 and lines[1].startswith("Name:")
    segments: list[list[float]] = []
    for number, line in enumerate(lines[2 + named :], 3 + named):
        if line.strip():
            segments.append(_segment(number, line, segments[-1][2] if segments else 0.0))
    if not segments:
        raise PaletteFileError("has no segments")
    ends = [segment[2] for segment in segments]
    forth = [_ggr_colour(segments, ends, k / (_GGR_COLOURS - 1)) for k in range(_GGR_COLOURS)]
    apart = max(abs(a - b) for a, b in zip(forth[0], forth[-1], strict=True))
    return forth if apart < _APART else forth + forth[-2:0:-1]


def _segment(number: int, line: str, begin: float) -> list[float]:
    """Return the 13 numbers of a segment, which begins where the one before it ends."""
    try:
        values = [float(word) for word in line.split()[:13]]
    except ValueError:
        values = []
    if len(values) < 13 or not all(map(math.isfinite, values)):
        raise PaletteFileError(f"line {number}: a segment should have 13 numbers or more")
    left, middle, right = values[:3]
    if not (
        begin - _ROUNDING <= left <= middle + _ROUNDING
        and middle <= right + _ROUNDING
        and right <= 1 + _ROUNDING
    ):
        raise PaletteFileError(
            f"line {number}: a segment's left, middle and right should rise, from the one before "
            "it up to 1"
        )
    colours = [min(max(value, 0.0), 1.0) for value in values[3:11]]
    return [left, middle, right, *colours, *values[11:]]


def _ggr_colour(segments: list[list[float]], ends: list[float], position: float) -> Rgb:
    """Return the colour at a position, 0 to 1, in the way of GIMP's blending and colour model."""
    segment = segments[min(bisect.bisect_left(ends, position), len(segments) - 1)]
    left, middle, right = segment[:3]
    start, end = segment[3:6], segment[7:10]
    blending, model = map(int, segment[11:13])
    span = max(right - left, 1e-9)
    half = min(max((middle - left) / span, 1e-9), 1 - 1e-9)
    x = min(max((position - left) / span, 0.0), 1.0)
    linear = 0.5 * x / half if x <= half else 0.5 + 0.5 * (x - half) / (1 - half)
    weight = {
        1: x ** (math.log(0.5) / math.log(half)),
        2: (math.sin(-math.pi / 2 + math.pi * linear) + 1) / 2,
        3: math.sqrt(1 - (linear - 1) ** 2),
        4: 1 - math.sqrt(max(0.0, 1 - linear**2)),
        5: float(x >= half),
    }.get(blending, linear)
    if model in (1, 2):
        start, end = list(colorsys.rgb_to_hsv(*start)), list(colorsys.rgb_to_hsv(*end))
        if model == 1 and end[0] < start[0]:
            end[0] += 1
        if model == 2 and end[0] > start[0]:
            end[0] -= 1
    mixed = [a + weight * (b - a) for a, b in zip(start, end, strict=True)]
    if model in (1, 2):
        mixed = list(colorsys.hsv_to_rgb(mixed[0] % 1.0, mixed[1], mixed[2]))
    red, green, blue = (round(255 * min(max(value, 0.0), 1.0)) for value in mixed)
    return red, green, blue
