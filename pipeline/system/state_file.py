"""Small state files: results that one run stores and a later one uses again, after checks.

A file is a JSON object, one key per line; the first line holds the CRC-32 of the lines below it::

    {"crc32": "89abcdef",
    "key": "…",
    "knots": [["0", 1000], ["1", 2000]]}

Any JSON reader can read it. It is used only if every byte is what was written and every value is
possible.
"""

import json
import math
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import DamagedError, NotStoredError
from pipeline.system.atomic_files import write_durably

State = TypeVar("State")

_OPENING = b'{"crc32": "'
_CHECKSUM_DIGITS = 8
_AFTER_CHECKSUM = b'",\n'


def write_state(path: Path, facts: Mapping[str, Any]) -> None:
    """Write state durably, replacing what was there.

    Raises
    ------
    OSError
        The disk is full or failed; what was there stays.
    """
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items())
    rest = (",\n".join(lines) + "}\n").encode()
    write_durably(path, [_OPENING, _checksum(rest), _AFTER_CHECKSUM, rest])


def read_state(path: Path, parse: Callable[[Any], State]) -> State:
    """Return what `parse` makes of the JSON object in a file.

    `parse` gets the object without its checksum. Where a value is missing or impossible it raises
    whatever Python raises: a KeyError, TypeError, ValueError or the like.

    Raises
    ------
    NotStoredError
        There is no such file.
    DamagedError
        It is not what was written, or holds impossible values.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotStoredError(f"{path}: is not there") from None
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read: {error.strerror}") from None
    start = len(_OPENING) + _CHECKSUM_DIGITS + len(_AFTER_CHECKSUM)
    rest = data[start:]
    if data[:start] != _OPENING + _checksum(rest) + _AFTER_CHECKSUM:
        raise DamagedError(f"{path}: is not what was written")
    return parsed(path, data, parse)


def usable_state(
    path: Path,
    parse: Callable[[Any], State | None],
    say: Callable[[str], object],
    remedy: str,
) -> State | None:
    """Return what `parse` makes of the JSON object in a file; None where that is of no use.

    That is so where there is no file, where `parse` returns None, and where the file is damaged:
    then `say` is told, with the remedy.
    """
    try:
        return read_state(path, parse)
    except NotStoredError:
        return None
    except DamagedError as error:
        say(f"{error}; {remedy}")
        return None


def parsed(path: Path, data: bytes, parse: Callable[[Any], State]) -> State:
    """Return what `parse` makes of a JSON object, given as bytes of any content.

    Raises
    ------
    DamagedError
        They are not a JSON object, or it holds impossible values.
    """
    try:
        facts = json.loads(data.decode())
        facts.pop("crc32", None)
        return parse(facts)
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        raise DamagedError(f"{path}: holds impossible values") from None


def whole_number(value: object, least: int, most: int) -> int:
    """Return a value that is a whole number within bounds; raise ValueError for any other."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value!r} is not a number within bounds")
    return value


def finite_number(value: object, least: float = -math.inf, most: float = math.inf) -> float:
    """Return a value that is a finite number within bounds; raise ValueError for any other."""
    if type(value) not in (int, float) or not least <= value <= most:  # type: ignore[operator]
        raise ValueError(f"{value!r} is not a number within bounds")
    number = float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a number within bounds")
    return number


def _checksum(data: bytes) -> bytes:
    return f"{zlib.crc32(data):0{_CHECKSUM_DIGITS}x}".encode()
