"""Locations as other programs keep them: read from their files, digits and all.

Notes
-----
Kalles Fraktaler `.kfr`: lines `Re:`, `Im:`, `Zoom:` (4 / height), `Iterations:`, `RotateAngle:`.
rust-fractal `.toml`: `real`, `imag`, `zoom`, `iterations`, `rotate`. DeepDrill `.ini`: the same
under `[location]`, with `depth` for the iterations. Imagina `.im` as text: `Re:`, `Im:`, `HalfH:`
(half the height) and `Iterations:`. XaoS `.xpf`: commands such as `(view -0.75 0 2.5 2.5)`, the
centre and the rectangle that is seen whole, its imaginary axis pointing down (held against XaoS
4.2.1), `(maxiter 170)`, `(angle 0)`.
"""

import configparser
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pipeline.decimals import context
from pipeline.errors import UsageError

_MOST_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class Location:
    """A view of another program, its numbers as they were written."""

    re: str
    im: str
    height: Decimal
    """Of the view; where only its width is known, of one as high as wide."""
    maxiter: int | None
    rotation: str


def location_from_file(path: Path) -> Location:
    """Read a location, the reader chosen by the file's ending.

    Raises
    ------
    UsageError
        It is not there, of no known kind, or lacks what a view needs.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise UsageError(f"{path}: its ending should be one of {', '.join(_READERS)}")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path}: larger than {_MOST_BYTES} bytes, which no location is")
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    return reader(path, text)


def _value(path: Path, facts: Mapping[str, str], *names: str) -> str:
    for name in names:
        if facts.get(name, "").strip():
            return facts[name].strip()
    raise UsageError(f"{path}: has no {' or '.join(names)}")


def _number(path: Path, name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise UsageError(f'{path}: {name}: "{text[:40]}" is not a number')
    return number


def _positive(path: Path, name: str, text: str) -> Decimal:
    number = _number(path, name, text)
    if number <= 0:
        raise UsageError(f"{path}: {name}: {text[:40]} should be above 0")
    return number


def _location(path: Path, facts: Mapping[str, str], height: Decimal) -> Location:
    re_text, im_text = _value(path, facts, "re", "real"), _value(path, facts, "im", "imag")
    for name, text in (("re", re_text), ("im", im_text)):
        _number(path, name, text)
    maxiter = None
    for name in ("iterations", "maxiter", "depth"):
        if facts.get(name, "").strip():
            maxiter = int(_positive(path, name, facts[name].strip()))
            break
    rotation = "0"
    for name in ("rotateangle", "rotate", "angle"):
        if facts.get(name, "").strip():
            rotation = facts[name].strip()
            _number(path, name, rotation)
            break
    return Location(re_text, im_text, height, maxiter, rotation)


def _height_of_zoom(path: Path, zoom: str) -> Decimal:
    number = _positive(path, "zoom", zoom)
    return context(len(number.as_tuple().digits) + 20).divide(Decimal(4), number)


def _lines(text: str) -> dict[str, str]:
    """Return what stands after each line's first colon, by what stands before it."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


def _from_kfr(path: Path, text: str) -> Location:
    facts = _lines(text)
    return _location(path, facts, _height_of_zoom(path, _value(path, facts, "zoom")))


def _from_im(path: Path, text: str) -> Location:
    facts = _lines(text)
    if "zoom" in facts:
        return _location(path, facts, _height_of_zoom(path, facts["zoom"]))
    half = _positive(path, "HalfH", _value(path, facts, "halfh", "halfheight"))
    return _location(path, facts, 2 * half)


def _from_toml(path: Path, text: str) -> Location:
    try:
        # Numbers keep their digits.
        table = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    facts = {name.lower(): str(value) for name, value in table.items()}
    return _location(path, facts, _height_of_zoom(path, _value(path, facts, "zoom")))


def _from_ini(path: Path, text: str) -> Location:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        raise UsageError(str(error).replace("\n", " ")) from None
    if not parser.has_section("location"):
        raise UsageError(f"{path}: has no section [location]")
    facts = dict(parser["location"])
    return _location(path, facts, _height_of_zoom(path, _value(path, facts, "zoom")))


def _negated(number: str) -> str:
    return number[1:] if number.startswith("-") else f"-{number.removeprefix('+')}"


def _from_xpf(path: Path, text: str) -> Location:
    commands = {words[0]: words[1:] for words in map(str.split, re.findall(r"\(([^()]*)\)", text))
                if words}  # fmt: skip  # the last of each counts
    if len(commands.get("view", ())) < 4:
        raise UsageError(f"{path}: has no (view …) of four numbers")
    formula = (commands.get("formula") or ["'mandel"])[0].lstrip("'")
    if formula != "mandel":
        raise UsageError(f"{path}: its formula is {formula}, and should be mandel")
    re_text, im_text, across, down = commands["view"][:4]
    sides = [abs(_number(path, "view", side)) for side in (across, down)]
    if not max(sides):
        raise UsageError(f"{path}: view: its sides should be above 0")
    facts = {"re": re_text, "im": _negated(im_text)}
    for name in ("maxiter", "angle"):
        if commands.get(name):
            facts[name] = commands[name][0]
    return _location(path, facts, max(sides))


_READERS: dict[str, Callable[[Path, str], Location]] = {
    ".kfr": _from_kfr,
    ".toml": _from_toml,
    ".ini": _from_ini,
    ".im": _from_im,
    ".xpf": _from_xpf,
}
