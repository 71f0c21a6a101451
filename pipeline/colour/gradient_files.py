"""Gradients in files of other programs, drawn out into lists of colours.

Notes
-----
Ultra Fractal `.ugr`: named entries in braces, each with a section `gradient:` of `index=` 0 to 399
(or beyond, going round) and `color=` red + 256 green + 65536 blue, cyclic; `smooth=yes` joins them
by curves. `;` begins a remark, a backslash at a line's end continues it. A section `opacity:` is
left out, and so is `rotation=`, which tells how far the whole was turned already. GIMP `.ggr`:
segments with two colours and a middle (`gimpgradient-load.c` has the columns, `gimpgradient.c` what
is made of them).
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
_MOST_NAMED = 12
_APART = 24
# How far a segment may be off, for rounding: GIMP writes six digits.
_ROUNDING = 1e-4
_TOKEN = re.compile(
    r'"[^"\n]*"?'  # a text, which may hold anything but its end
    r"|;[^\n]*"
    r"|[{}]"
    r"|\b[A-Za-z]\w*+:"  # never given back, and begun at words alone: linear whatever it meets
    r'|\b[A-Za-z]\w*+\s*+=\s*+(?:"[^"\n]*"?|[^\s{}"]*)',
    re.ASCII,
)


def colours_from_ugr(text: str, name: str | None) -> list[Rgb]:
    """Read a gradient of an Ultra Fractal file: the one of that name, or the only one.

    Raises
    ------
    PaletteFileError
        There is none, none of that name, or more than one to choose from.
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
    return _round_of(knots, smooth)


def _ugr_entries(text: str) -> list[tuple[str, int, int]]:
    """Return each gradient's name, and from where to where its section reaches."""
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
        # Cut off: what there is of it.
        entries.append((title, start, len(text)))
    return entries


def _title(before: str) -> str:
    """Return the name in what stands before a brace: its last line that is no remark."""
    lines = [line.partition(";")[0].strip() for line in before.split("\n")]
    return next((line for line in reversed(lines) if line), "")


def _chosen(entries: list[tuple[str, int, int]], name: str | None) -> tuple[str, int, int]:
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


def _round_of(knots: dict[int, int], smooth: bool) -> list[Rgb]:
    """Return the colours of all positions, once round, so that the end meets the start."""
    at = sorted(knots)
    # Two knots more on either side than are needed: a curve looks at its neighbours.
    turns = [index + turn for turn in (-_UGR_POSITIONS, 0, _UGR_POSITIONS) for index in at]
    positions = np.array(turns, dtype=float)
    packed = np.array([knots[index] for index in at] * 3)
    places = np.arange(_UGR_POSITIONS, dtype=float)
    channels = [((packed >> shift) & 255).astype(float) for shift in (0, 8, 16)]
    join = _curve if smooth else np.interp
    red, green, blue = (
        np.clip(join(places, positions, part).round(), 0, 255).astype(int).tolist()
        for part in channels
    )
    return list(zip(red, green, blue, strict=True))


def _curve(
    places: NDArray[np.float64], positions: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Join values by a cubic that never overshoots.

    Notes
    -----
    Weighted harmonic mean of the neighbouring slopes: F. N. Fritsch and J. Butland, SIAM J. Sci.
    Stat. Comput. 5 (1984), 300.
    """
    widths = np.diff(positions)
    rises = np.diff(values) / widths
    slopes = np.zeros(len(values))
    before, after = rises[:-1], rises[1:]
    alike = before * after > 0
    wider = widths[:-1] + 2 * widths[1:], 2 * widths[:-1] + widths[1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (wider[0] + wider[1]) / (wider[0] / before + wider[1] / after)
    slopes[1:-1] = np.where(alike, mean, 0.0)
    k = np.clip(np.searchsorted(positions, places, "right") - 1, 0, len(widths) - 1)
    width = widths[k]
    t = (places - positions[k]) / width
    return np.asarray(
        values[k] * (1 + 2 * t) * (1 - t) ** 2
        + slopes[k] * width * t * (1 - t) ** 2
        + values[k + 1] * t**2 * (3 - 2 * t)
        + slopes[k + 1] * width * t**2 * (t - 1)
    )


def colours_from_ggr(text: str) -> list[Rgb]:
    """Read a GIMP gradient; where its ends do not meet, it goes back the same way."""
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


def _ggr_colour(segments: list[list[float]], ends: list[float], place: float) -> Rgb:
    segment = segments[min(bisect.bisect_left(ends, place), len(segments) - 1)]
    left, middle, right = segment[:3]
    start, end = segment[3:6], segment[7:10]
    blending, model = map(int, segment[11:13])
    span = max(right - left, 1e-9)
    half = min(max((middle - left) / span, 1e-9), 1 - 1e-9)
    at = min(max((place - left) / span, 0.0), 1.0)
    linear = 0.5 * at / half if at <= half else 0.5 + 0.5 * (at - half) / (1 - half)
    part = {
        1: at ** (math.log(0.5) / math.log(half)),
        2: (math.sin(-math.pi / 2 + math.pi * linear) + 1) / 2,
        3: math.sqrt(1 - (linear - 1) ** 2),
        4: 1 - math.sqrt(max(0.0, 1 - linear**2)),
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
