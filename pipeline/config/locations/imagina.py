"""Locations of Imagina, its text files `.imt` (and `.im`).

Notes
-----
By its source, File.cpp (SaveImtFile, LoadImtFile), PixelManager.cpp and Render.cpp (GitHub:
5E-324/Imagina): `Formula: Mandelbrot`, and indented under `Location:` the lines `Re`, `Im` and
`Size` in hexadecimal, after an @ a power of 16 in decimal, and `Iterations` in decimal. Size is
half the view's height; the imaginary axis points up; a turn is not stored. Its binary `.im` begins
with the eight bytes of `IMMagicNumber`.
"""

import math
import re
from decimal import Decimal
from pathlib import Path

from pipeline.config.locations.facts import Facts
from pipeline.config.locations.location import (
    Location,
    checked_coordinate,
    refusal,
    shown,
    zoom_of_height,
)
from pipeline.geometry.decimals import MAX_DIGITS, MAX_EXPONENT, context

_MAGIC = (0x000A0D56504D49FF).to_bytes(8, "little")
_HEXADECIMAL = re.compile(
    r"([+-]?)([0-9a-f]*)(?:\.([0-9a-f]*))?(?:@([+-]?[0-9]{1,6}))?", re.IGNORECASE
)
_DIGITS_A_HEX = math.log10(16)
_BLOCK = "Location"


def is_binary(data: bytes) -> bool:
    """Tell whether a file is one of Imagina's binary ones."""
    return data.startswith(_MAGIC)


def location_from(path: Path, text: str) -> Location:
    """Return the location of a text file.

    Raises
    ------
    UsageError
        It lacks what a view needs, or shows anything but the Mandelbrot set.
    """
    pairs, block = [], ""
    for line in text.split("\n"):
        key, colon, value = line.partition(":")
        if not colon:
            continue
        if not line[:1].isspace():
            block = f"{key.strip()}."
            pairs.append((key.strip(), value.strip()))
        else:
            pairs.append((f"{block}{key.strip()}", value.strip()))
    facts = Facts(path, pairs)
    facts.only("Formula", "mandelbrot", "z^2 + c", "z^2+c", otherwise="draws another fractal")
    if not facts.has(_BLOCK):
        raise refusal(path, "", f"has no block {_BLOCK}: with Re, Im and Size, as Imagina writes")
    facts.passed_over(_BLOCK)
    center = (_coordinate(facts, f"{_BLOCK}.Re"), _coordinate(facts, f"{_BLOCK}.Im"))
    size = f"{_BLOCK}.Size"
    zoom = zoom_of_height(path, size, 2 * _number(path, size, facts.required(size), 25))
    maxiter = facts.maxiter(f"{_BLOCK}.Iterations")
    facts.check_rest()
    return Location(center, zoom, maxiter, Decimal(0), None, tuple(facts.remarks))


def _coordinate(facts: Facts, key: str) -> Decimal:
    text = facts.required(key)
    # As many decimal digits as the hexadecimal ones are worth.
    digits = math.ceil(len(text.partition(".")[2]) * _DIGITS_A_HEX) + 5
    return checked_coordinate(facts.path, key, _number(facts.path, key, text, digits))


def _number(path: Path, key: str, text: str, digits: int) -> Decimal:
    """Return a hexadecimal number, rounded to some decimal digits."""
    if len(text) > MAX_DIGITS / _DIGITS_A_HEX:
        raise refusal(path, key, f"has more than {MAX_DIGITS} digits, which is the limit")
    plain = "".join(text.split()).replace("\u2212", "-")
    match = _HEXADECIMAL.fullmatch(plain)
    whole, part = (match[2], match[3] or "") if match else ("", "")
    if match is None or not whole + part:
        raise refusal(path, key, f'"{shown(text)}" is not a number in hexadecimal')
    power = int(match[4] or "0") - len(part)
    if abs(power) * _DIGITS_A_HEX > MAX_EXPONENT:
        raise refusal(path, key, f"{shown(text)} is outside 1e-{MAX_EXPONENT} to 1e{MAX_EXPONENT}")
    exact = context(max(digits, 25) + 10)
    number = exact.multiply(Decimal(int(whole + part, 16)), exact.power(Decimal(16), power))
    number = context(max(digits, 25)).plus(number)
    return number.copy_negate() if match[1] == "-" and number else number
