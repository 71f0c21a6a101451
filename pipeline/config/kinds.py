"""Kinds of values that several keys of the config take, each with its range."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pipeline.colour.look import Rgb
from pipeline.colour.own_palettes import OWN_PALETTES
from pipeline.colour.palette_files import MOST_COLOURS
from pipeline.config.value import (
    COLOUR_SCHEMA,
    Reads,
    colour_from,
    number,
    text_of,
    whole_or_auto,
    wrong,
)

MAX_MAXITER = 2_000_000_000


def _palette_from(value: Any) -> str | tuple[Rgb, ...]:
    """Read a palette: a name, checked with the other faults later, or a list of colours."""
    if not isinstance(value, list):
        return text_of(value, "the name of a palette, or a list of colours")
    if not 2 <= len(value) <= MOST_COLOURS:
        raise wrong(
            f"has {len(value)} colours, and should have 2 to {MOST_COLOURS}, "
            'such as ["#000764", "#ffffff", "#ffaa00"]'
        )
    return tuple(colour_from(colour) for colour in value)


def listed(what: str, items: str, most: int, least: int = 0) -> Reads:
    """Return the validator of a list of sections, up to so many of them."""

    def validate(value: Any) -> Any:
        if not isinstance(value, list) or len(value) < least:
            raise wrong(f"should be a list of {items}")
        if len(value) > most:
            raise wrong(f"has {len(value)} {what}, and may have {most}")
        return value

    return Reads(validate, schema={"minItems": least, "maxItems": most}, adds=True)


def _two_numbers_from(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise wrong("should be two numbers, [real, imaginary], such as [-0.75, 0]")
    return value


def some_text(wanted: str) -> Reads:
    """Return the validator of any text that is not empty."""
    schema = {"type": ["string", "number"]}
    return Reads(lambda value: text_of(value, wanted), wanted=wanted, schema=schema)


COORDINATE = number("-1000", "1000", "a number from -1000 to 1000", deep=True)
COLOUR = Reads(
    colour_from,
    wanted='a colour such as "#1a2b3c", black, white or [26, 43, 60]',
    schema=COLOUR_SCHEMA,
)
SEAM = Reads(
    lambda value: value if value in ("auto", "none") else colour_from(value),
    wanted='auto, none, or a colour such as "#1a2b3c"',
    schema={"anyOf": [{"enum": ["auto", "none"]}, *COLOUR_SCHEMA["anyOf"]]},
)
PALETTE = Reads(
    _palette_from,
    wanted=f"a palette's name, the file of a palette, or a list of 2 to {MOST_COLOURS} colours",
    schema={
        "anyOf": [
            {"type": "string", "minLength": 1, "examples": list(OWN_PALETTES)},
            {
                "type": "array",
                "items": COLOUR_SCHEMA,
                "minItems": 2,
                "maxItems": MOST_COLOURS,
            },
        ]
    },
)
POINT = Reads(
    _two_numbers_from,
    wanted="two numbers from -1000 to 1000, real and imaginary",
    schema={"type": "array", "items": COORDINATE.schema, "minItems": 2, "maxItems": 2},
)
POSITIVE = number("1e-100000", "1000", "a number above 0 and up to 1000", deep=True)
FRACTION = number("0", "1", "a number from 0 to 1")
PERIOD = number("1e-6", "1e9", "a number from 1e-6 to 1e9")
TURNS = number("-1e6", "1e6", "turns, from -1e6 to 1e6")

Coordinate = Annotated[Decimal, COORDINATE]
Palette = str | tuple[Rgb, ...]
MaxIter = Annotated[int | Literal["auto"], whole_or_auto(1, MAX_MAXITER)]
