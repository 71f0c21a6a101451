"""Validators of a config's values: from the typed text to a checked Python value.

A validator raises `PydanticCustomError` whose message says what is wrong and what would be right.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from pipeline.colour.look import Rgb
from pipeline.config.fault import nearest, shortened
from pipeline.geometry.decimals import MAX_DIGITS, MAX_EXPONENT, decimal_exponent, short_text

MAX_DECIMALS = 50
"""Most digits after the point, but for coordinates, widths and zooms."""

_NUMBER = re.compile(r"[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d{1,9})?", re.ASCII)
_FRACTION = re.compile(r"(\d{1,9})\s*/\s*(\d{1,9})", re.ASCII)
_HEX_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})", re.ASCII)


# The minus sign of web pages and word processors, taken for a minus.
_MINUS_SIGN = "\u2212"
# Dashes that only look like a minus.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\ufe58\ufe63\uff0d"


# The JSON Schema's pattern of numbers as text, whose range it cannot check.
NUMBER_TEXT = (
    r"^\s*[+\-\u2212]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][+\-\u2212]?[0-9]{1,9})?\s*$"
)
COLOUR_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {
            "type": "string",
            "pattern": r"^\s*(#?[0-9a-fA-F]{6}|[bB][lL][aA][cC][kK]|[wW][hH][iI][tT][eE])\s*$",
        },
        # Unquoted digits are a number to other readers of YAML.
        {"type": "integer", "minimum": 0, "maximum": 999999},
        {
            "type": "array",
            "items": {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": 255},
                    {"type": "string", "pattern": NUMBER_TEXT},
                ]
            },
            "minItems": 3,
            "maxItems": 3,
        },
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads(BeforeValidator):
    """A validator that reads a value as it is typed, and knows what may be typed."""

    wanted: str = ""
    """Description of the values that it accepts, for messages."""
    schema: Mapping[str, Any] = field(compare=False)
    """The JSON Schema of what may be typed."""
    adds: bool = False
    """Whether the schema adds to that of the value's type, or replaces it."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Return the schema; pydantic asks for it."""
        return {**handler(core), **self.schema} if self.adds else dict(self.schema)


def wrong(message: str) -> PydanticCustomError:
    """Return the error for a validator to raise."""
    # Braces would be read as a format.
    return PydanticCustomError("config", message.replace("{", "(").replace("}", ")"))


def text_of(value: Any, wanted: str) -> str:
    """Return the text of a single value; refuse lists, mappings and empty text."""
    if isinstance(value, list):
        raise wrong(f"is a list, and should be {wanted}")
    if isinstance(value, dict):
        raise wrong(f"is a mapping, and should be {wanted}")
    text = str(value).strip()
    if not text:
        raise wrong(f"is empty, and should be {wanted}")
    return text


def decimal_from(value: Any, wanted: str = "a number such as 0.25 or 1e-10") -> Decimal:
    """Read a decimal number exactly, within the limits on digits and exponent."""
    if isinstance(value, Decimal):
        return value
    text = text_of(value, wanted).replace(_MINUS_SIGN, "-")
    if not _NUMBER.fullmatch(text):
        raise wrong(f'"{shortened(text)}" is not a number, and should be {wanted}{_typed(text)}')
    number = Decimal(text.replace("_", ""))
    if not number and abs(int(number.as_tuple().exponent)) > MAX_EXPONENT:
        # Sums with 0e-999999999 would have a billion digits.
        return Decimal(0)
    if len(number.as_tuple().digits) > MAX_DIGITS:
        raise wrong(f"has more than {MAX_DIGITS} digits, which is the limit")
    if abs(decimal_exponent(number)) > MAX_EXPONENT:
        raise wrong(f"{shortened(text)} is outside 1e-{MAX_EXPONENT} to 1e{MAX_EXPONENT}")
    return number


def _typed(text: str) -> str:
    """Return a hint at what to type instead of characters that only look like a number's."""
    plain = "".join(
        "-" if letter in _DASHES
        else str(unicodedata.digit(letter, letter))
        for letter in unicodedata.normalize("NFKC", text)
        if letter not in " \u200b\ufeff"
    )  # fmt: skip  # one choice
    if not _NUMBER.fullmatch(plain):
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        return ""
    letter = next((each for each in text if not each.isascii()), "")
    name = unicodedata.name(letter, f"U+{ord(letter):04X}").lower() if letter else ""
    reason = f"the {name} in it is another character; " if name else ""
    return f"; {reason}did you mean {shortened(plain)}?"


def number(low: str, high: str, wanted: str, deep: bool = False) -> Reads:
    """Return the validator of a decimal number from `low` to `high`, both included.

    Only `deep` numbers may have more than MAX_DECIMALS digits after the point.
    """

    def validate(value: Any) -> Decimal:
        read = decimal_from(value, wanted)
        if not deep:
            _check_decimals(read, wanted)
        if not Decimal(low) <= read <= Decimal(high):
            raise wrong(f"{short_text(read)} is out of range, and should be {wanted}")
        return read

    # To other readers 1e-400 is 0, and 1e400 too large for a number.
    limits = {"minimum": _limit(low, floor=True), "maximum": _limit(high)}
    typed = {key: limit for key, limit in limits.items() if limit is not None}
    schema = _number_or_text({"type": "number", **typed})
    return Reads(validate, wanted=wanted, schema=schema)


def _limit(text: str, floor: bool = False) -> int | float | None:
    limit = float(text)
    if floor and 0 < Decimal(text) < Decimal("1e-300"):
        return 0
    if abs(limit) > 1e300:
        return None
    return int(limit) if limit == int(limit) else limit


def _number_or_text(number: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [dict(number), {"type": "string", "pattern": NUMBER_TEXT}]}


def _check_decimals(number: Decimal, wanted: str) -> None:
    if -int(number.as_tuple().exponent) > MAX_DECIMALS:
        raise wrong(
            f"{short_text(number)} has more than {MAX_DECIMALS} digits after the point, and should "
            f"be {wanted}"
        )


def whole(low: int, high: int, even: bool = False) -> Reads:
    """Return the validator of a whole number from `low` to `high`, both included."""
    wanted = f"{'an even' if even else 'a'} whole number from {low} to {high}"

    def validate(value: Any) -> int:
        read = decimal_from(value, wanted)
        if not low <= read <= high:
            raise wrong(f"{short_text(read)} is out of range, and should be {wanted}")
        integer = int(read)
        if integer != read:
            raise wrong(f"{short_text(read)} is not whole, and should be {wanted}")
        if even and integer % 2:
            raise wrong(
                f"{integer} is odd, which video codecs cannot encode, and should be "
                f"{integer - 1} or {integer + 1}"
            )
        return integer

    steps = {"multipleOf": 2} if even else {}
    typed = {"type": "integer", "minimum": low, "maximum": high, **steps}
    return Reads(validate, wanted=wanted, schema=_number_or_text(typed))


def whole_or_auto(low: int, high: int) -> Reads:
    """Return the validator of a whole number, or `auto`."""
    number = whole(low, high)
    validate = number.func

    def validate_either(value: Any) -> Any:
        if isinstance(value, str) and value.strip().isalpha():
            if value.strip() != "auto":
                raise wrong(
                    f'"{shortened(value)}" is not known, and should be auto, or a whole number '
                    f"from {low} to {high}"
                )
            return "auto"
        return validate(value)  # type: ignore[call-arg]  # pydantic knows validators of two kinds

    either = {"anyOf": [{"const": "auto"}, *number.schema["anyOf"]]}
    return Reads(validate_either, wanted=f"auto, or {number.wanted}", schema=either)


def word(*words: str) -> Reads:
    """Return the validator of one of some words."""

    def validate(value: Any) -> str:
        text = text_of(value, f"one of {', '.join(words)}")
        if text not in words:
            raise wrong(
                f'"{shortened(text)}" is not known, and should be one of '
                f"{', '.join(words)}{nearest(text, words)}"
            )
        return text

    wanted = f"one of {', '.join(words)}"
    return Reads(validate, wanted=wanted, schema={"enum": list(words)})


def frame_rate_from(value: Any) -> Fraction:
    """Read a frame rate: a number or, as broadcasters write it, a fraction (30000/1001)."""
    wanted = "a number of frames a second from 0.1 to 240, such as 30 or 30000/1001"
    text = text_of(value, wanted)
    if match := _FRACTION.fullmatch(text):
        if int(match[2]) == 0:
            raise wrong(f"{shortened(text)} divides by zero, and should be {wanted}")
        rate = Fraction(int(match[1]), int(match[2]))
    else:
        number = decimal_from(text, wanted)
        if not Decimal("0.1") <= number <= 240:
            raise wrong(f"{short_text(number)} is out of range, and should be {wanted}")
        _check_decimals(number, wanted)
        rate = Fraction(number)
    if not Fraction(1, 10) <= rate <= 240:
        raise wrong(f"{shortened(text)} is out of range, and should be {wanted}")
    return rate.limit_denominator(100_000)


FRAME_RATE = Reads(
    frame_rate_from,
    wanted="a number of frames a second from 0.1 to 240, such as 30 or 30000/1001",
    schema={
        "anyOf": [
            {"type": "number", "minimum": 0.1, "maximum": 240},
            {"type": "string", "pattern": NUMBER_TEXT},
            {"type": "string", "pattern": r"^\s*[0-9]{1,9}\s*/\s*[0-9]{0,8}[1-9][0-9]{0,8}\s*$"},
        ]
    },
)


def colour_from(value: Any) -> Rgb:
    """Read a colour: "#rrggbb", or red, green and blue from 0 to 255 in a list."""
    wanted = 'a colour such as "#1a2b3c" (quoted) or [26, 43, 60]'
    if isinstance(value, list):
        if len(value) != 3:
            raise wrong(f"has {len(value)} values, and should be {wanted}")
        parts = [decimal_from(part, wanted) for part in value]
        # The range first: int(1e99999) is slow.
        if any(not 0 <= part <= 255 or part != int(part) for part in parts):
            raise wrong(f"has a value that is not a whole number up to 255, and should be {wanted}")
        return int(parts[0]), int(parts[1]), int(parts[2])
    text = text_of(value, wanted)
    if text.lower() in ("black", "white"):
        return (0, 0, 0) if text.lower() == "black" else (255, 255, 255)
    if not (match := _HEX_COLOUR.fullmatch(text)):
        raise wrong(f'"{shortened(text)}" is not a colour, and should be {wanted}')
    red, green, blue = bytes.fromhex(match[1])
    return red, green, blue
