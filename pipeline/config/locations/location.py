"""A location of another program, in our conventions, and the limits of its numbers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError, printable_name
from pipeline.geometry.decimals import MAX_DIGITS, MAX_EXPONENT, context, decimal_exponent

PICTURE = (1280, 720)
"""Columns and rows of the video that is made of a location."""
VIEW_HEIGHT = 4
"""Height of the view at zoom 1, as Kalles Fraktaler and most others count it."""
LEAST_ZOOM, MOST_ZOOM = Decimal("1e-3"), Decimal(f"1e{MAX_EXPONENT}")
FARTHEST = 1000
"""Largest coordinate that a config may have."""
MOST_DEGREES = 1_000_000

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST_CHARACTERS = MAX_DIGITS + 1000
_QUOTED = 40
# Other spellings of minus and of "times ten to the".
_WRITTEN_AS = (("\u2212", "-"), ("\u2013", "-"), ("*^", "e"), ("×10^", "e"), ("*10^", "e"))


@dataclass(frozen=True, slots=True)
class Location:
    """A view of another program, in our conventions: the imaginary axis points up."""

    center: tuple[Decimal, Decimal]
    """Real and imaginary part, every digit that was typed."""
    zoom: Decimal
    """4 / the view's height."""
    maxiter: int | None
    """Maximum iterations per pixel; None if the file has none that can be used."""
    rotation: Decimal
    """Degrees by which the view is turned, counterclockwise; more than -180, at most 180."""
    colour: Mapping[str, Any] | None
    """Colour section of a config that comes close; None if the file has no colours."""
    remarks: tuple[str, ...]
    """Remarks on what was left out or changed, a line each."""


def shown(text: object) -> str:
    """Return text as it may be quoted: printable, at most 40 characters."""
    flat = printable_name(" ".join(str(text)[:200].split()))
    return flat if len(flat) <= _QUOTED else f"{flat[: _QUOTED - 1]}…"


def refusal(path: Path, key: str, message: str) -> UsageError:
    """Return the error that names the file, the key in it, and what is wrong."""
    place = printable_name(str(path))
    return UsageError(f"{place}: {shown(key)}: {message}" if key else f"{place}: {message}")


def number_from(path: Path, key: str, text: str) -> Decimal:
    """Read a decimal number in any of the usual spellings, within a config's limits.

    Raises
    ------
    UsageError
        It is not a number, or exceeds a config's limits on digits or exponent.
    """
    if len(text) > _MOST_CHARACTERS:
        raise refusal(path, key, f"has more than {MAX_DIGITS} digits, which is the limit")
    plain = "".join(text.strip("\"' \t").split())
    for written, meant in _WRITTEN_AS:
        plain = plain.replace(written, meant)
    if plain.count(",") == 1 and "." not in plain:
        plain = _with_point(path, key, plain)
    if not _NUMBER.fullmatch(plain):
        raise refusal(path, key, f'"{shown(text)}" is not a number, such as -0.75 or 1.5e-10')
    exponent = plain.lower().partition("e")[2].lstrip("+-").lstrip("0")
    if len(exponent) <= len(str(MAX_EXPONENT)) + 1:
        number = Decimal(plain)
        if len(number.as_tuple().digits) > MAX_DIGITS:
            raise refusal(path, key, f"has more than {MAX_DIGITS} digits, which is the limit")
        if abs(decimal_exponent(number)) <= MAX_EXPONENT:
            return number
    raise refusal(path, key, f"{shown(text)} is outside 1e-{MAX_EXPONENT} to 1e{MAX_EXPONENT}")


def _with_point(path: Path, key: str, text: str) -> str:
    """Return a number with a point for its decimal comma, unless that may separate thousands."""
    before, after = text.split(",")
    if len(after) == 3 and before.lstrip("+-0") and after.isdecimal():
        raise refusal(path, key, f"{shown(text)} has a comma that may mean two things; use a point")
    return f"{before}.{after}"


def coordinate_from(path: Path, key: str, text: str) -> Decimal:
    """Read a coordinate of the centre."""
    return checked_coordinate(path, key, number_from(path, key, text))


def checked_coordinate(path: Path, key: str, number: Decimal) -> Decimal:
    """Return a coordinate of the centre, if a config may have it."""
    if number.copy_abs() > FARTHEST:
        raise refusal(path, key, f"is out of range, and should be from -{FARTHEST} to {FARTHEST}")
    return number


def zoom_from(path: Path, key: str, text: str) -> Decimal:
    """Read a zoom of 4 / the view's height."""
    return checked_zoom(path, key, number_from(path, key, text))


def zoom_of_height(path: Path, key: str, height: Decimal) -> Decimal:
    """Return the zoom of a view's height, with a few digits more than the height has."""
    if height <= 0:
        raise refusal(path, key, "should be above 0")
    digits = max(len(height.as_tuple().digits) + 3, 12)
    return checked_zoom(path, key, context(digits).divide(Decimal(VIEW_HEIGHT), height))


def checked_zoom(path: Path, key: str, zoom: Decimal) -> Decimal:
    """Return a zoom, if a config may have it."""
    if zoom <= 0:
        raise refusal(path, key, "should be above 0")
    if not LEAST_ZOOM <= zoom <= MOST_ZOOM:
        wanted = f"a view from 4e-{MAX_EXPONENT} to {VIEW_HEIGHT / LEAST_ZOOM:.0f} high"
        raise refusal(path, key, f"is out of range; it should make {wanted}")
    return zoom


def upside_down(center: tuple[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
    """Return a centre whose imaginary axis points the other way."""
    re_part, im_part = center
    return re_part, im_part.copy_negate() if im_part else im_part


def angle_from(path: Path, key: str, text: str) -> Decimal:
    """Read degrees, brought between -180, excluded, and 180."""
    degrees = number_from(path, key, text)
    if degrees.copy_abs() > MOST_DEGREES:
        raise refusal(path, key, f"is out of range, and should be from -{MOST_DEGREES} to that")
    exact = context(MAX_DIGITS + 10)
    rest = exact.remainder(degrees, Decimal(360))
    if rest > 180:
        rest = exact.subtract(rest, Decimal(360))
    elif rest <= -180:
        rest = exact.add(rest, Decimal(360))
    return rest if rest else Decimal(0)


def mirrored(degrees: Decimal) -> Decimal:
    """Return an angle measured in the other direction."""
    return degrees if degrees in (0, 180) else degrees.copy_negate()
