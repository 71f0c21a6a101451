"""Arguments of the Python interface, read and refused as the values of a config are."""

import numbers
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def path_text(value: object, name: str) -> str:
    """Return a path as text.

    Raises
    ------
    TypeError
        It is none; the message begins with the argument's name.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"{name}: {shown(value)} should be a path")
    return os.fspath(value)


def pair_of(value: object, name: str, wanted: str) -> tuple[Any, Any]:
    """Return the two values of a tuple or list.

    Raises
    ------
    TypeError
        It has not two; the message says what is wanted.
    """
    if isinstance(value, tuple | list) and len(value) == 2:
        return value[0], value[1]
    raise TypeError(f"{name}: {shown(value)} should be {wanted}")


def checked(value: object, name: str, validator: BeforeValidator) -> Any:
    """Return an argument as the config's validator reads it, which takes text and decimals.

    Raises
    ------
    TypeError
        It is no number and no text.
    ValueError
        The validator refuses it.
    """
    if isinstance(value, bool) or not isinstance(value, str | Decimal | numbers.Real):
        raise TypeError(f"{name}: {shown(value)} should be a number or its text")
    if isinstance(value, numbers.Real) and not isinstance(value, Decimal):
        # The shortest text that gives this float: 0.1 is meant as 0.1.
        value = repr(int(value)) if isinstance(value, numbers.Integral) else repr(float(value))
    check: Callable[[object], Any] = validator.func  # type: ignore[assignment]  # of one argument
    try:
        return check(value)
    except PydanticCustomError as error:
        raise ValueError(f"{name}: {error.message()}") from None


def shown(value: object) -> str:
    """Return a value as a message quotes it: at most 40 letters."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}…"
