"""TOML as flat keys and texts, within limits."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pipeline.config.locations.location import refusal

# Each dot or line may create a table, which takes a kilobyte.
_MOST_DOTS = _MOST_LINES = 20_000
_DEEPEST = 3
_MOST_BITS = 1000
_PLACE = re.compile(r"line [0-9]+, column [0-9]+")


def table_from(path: Path, text: str) -> dict[str, Any]:
    """Return the table of a TOML text, with numbers as text of all their digits.

    Raises
    ------
    UsageError
        It is no TOML, or larger or deeper than any location.
    """
    if text.count(".") > _MOST_DOTS or text.count("\n") > _MOST_LINES:
        raise refusal(path, "", "has more lines or dots than a location")
    try:
        return tomllib.loads(text, parse_float=str)
    except RecursionError:
        raise refusal(path, "", "is nested deeper than a location") from None
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        where = f": {place[0]}" if place else ""
        raise refusal(path, "", f"is not TOML{where}") from None
    except ValueError:
        # Python refuses whole numbers of over 4300 digits.
        raise refusal(path, "", "has a whole number of over 4300 digits") from None


def pairs_of_table(table: dict[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Return dotted keys and their values as text; lists and deeper tables are empty."""
    pairs = []
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and name.count(".") < _DEEPEST:
            pairs += pairs_of_table(value, f"{name}.")
        else:
            pairs.append((name, _text(value)))
    return pairs


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return ""
    # Python writes no whole number of over 4300 digits, but reads it in hexadecimal.
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"a whole number of {value.bit_length()} bits"
    return str(value)
