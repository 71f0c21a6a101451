"""Keys and values of a location's file: which are used, refused, ignored or unknown."""

import contextlib
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from pipeline.config.kinds import MAX_MAXITER
from pipeline.config.locations.location import (
    angle_from,
    coordinate_from,
    number_from,
    refusal,
    shown,
    zoom_from,
)
from pipeline.errors import UsageError
from pipeline.geometry.point import Point

_NAMED = 8
# Keys that the program does not have are ignored, unless their names sound like these.
_SHAPE = re.compile(
    r"julia|seed|power|formula|fractal|hybrid|stretch|skew|shear|mirror|flip|reflect|rotat|perturb"
    r"|plane|expon|transform|invert",
    re.IGNORECASE,
)


class Facts:
    """Keys and values of a file; keys are case-insensitive."""

    def __init__(self, path: Path, pairs: Iterable[tuple[str, str]]) -> None:
        self.path = path
        self.remarks: list[str] = []
        self._typed: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._again: dict[str, str] = {}
        self._known: set[str] = set()
        for key, value in pairs:
            lower = key.lower()
            if lower not in self._values:
                self._typed[lower], self._values[lower] = key, value.strip()
            elif self._values[lower] != value.strip():
                self._again[lower] = value.strip()

    def has(self, key: str) -> bool:
        """Tell whether a key is there, with or without a value."""
        return key.lower() in self._values

    def text(self, key: str) -> str | None:
        """Return a key's value, and note the key as understood; None if it is missing.

        Raises
        ------
        UsageError
            It occurs twice, with different values.
        """
        lower = key.lower()
        self._known.add(lower)
        if lower in self._again:
            both = f'"{shown(self._values[lower])}" and "{shown(self._again[lower])}"'
            raise refusal(self.path, key, f"stands twice, as {both}; keep one of them")
        return self._values.get(lower)

    def required(self, key: str) -> str:
        """Return the value of a key that a view needs.

        Raises
        ------
        UsageError
            It is missing or empty.
        """
        value = self.text(key)
        if value is None:
            raise refusal(self.path, "", f"has no {key}")
        if not value:
            raise refusal(self.path, key, "has no value")
        return value

    def number(self, key: str, default: str = "0") -> Decimal:
        """Return a number, or the program's default if it is missing or empty."""
        return number_from(self.path, key, self.text(key) or default)

    def center(self, re_key: str, im_key: str) -> Point:
        """Return the centre from two keys."""
        re_text, im_text = self.required(re_key), self.required(im_key)
        return Point(
            coordinate_from(self.path, re_key, re_text),
            coordinate_from(self.path, im_key, im_text),
        )

    def zoom(self, key: str) -> Decimal:
        """Return a zoom of 4 / the view's height."""
        return zoom_from(self.path, key, self.required(key))

    def rotation(self, key: str, default: str = "0") -> Decimal:
        """Return an angle in degrees, between -180 and 180."""
        return angle_from(self.path, key, self.text(key) or default)

    def maxiter(self, key: str, default: int | None = None) -> int | None:
        """Return the maximum iterations; None, with a remark, if they exceed our limit."""
        value = self.text(key)
        if not value:
            return default
        number = number_from(self.path, key, value)
        if number < 1:
            raise refusal(self.path, key, f"{shown(value)} should be 1 or more")
        if number > MAX_MAXITER:
            self.remarks.append(
                f"{key}: {shown(value)} is over {MAX_MAXITER}, the limit here; maxiter: auto takes "
                "as many as the view needs"
            )
            return None
        return int(number)

    def choice(self, key: str, choices: int) -> int:
        """Return a whole number from 0 to `choices` - 1; 0 for anything else."""
        number = self.number(key)
        return int(number) if 0 <= number < choices else 0

    def only(self, key: str, *values: str, otherwise: str) -> None:
        """Refuse a key whose value makes another picture than the Mandelbrot set.

        Parameters
        ----------
        values
            Numbers are compared as such: "0" also stands for 0.000.
        otherwise
            What such a value makes of the picture, for the message.
        """
        value = self.text(key)
        if value is None or value.lower() in values:
            return
        with contextlib.suppress(UsageError):
            number = number_from(self.path, key, value)
            if any(number == Decimal(each) for each in values if each[-1].isdecimal()):
                return
        raise refusal(self.path, key, f'"{shown(value)}" {otherwise}')

    def at_least(self, key: str, least: int) -> None:
        """Refuse a bailout radius, or its square, that ends orbits which would come back."""
        if (value := self.text(key)) and number_from(self.path, key, value) < least:
            raise refusal(self.path, key, f"{shown(value)} is below {least}: orbits end too soon")

    def passed_over(self, *keys: str) -> None:
        """Note keys as understood that do not change the picture."""
        self._known.update(key.lower() for key in keys)

    def is_set(self, key: str) -> bool:
        """Tell whether an option is on."""
        value = self.text(key) or "0"
        return value.lower() not in ("0", "no", "off", "false", "#f")

    def without_like(self, *names: str) -> None:
        """Remark that the file uses colouring features that we lack."""
        if names:
            self.remarks.append(f"without a like here, left out: {', '.join(names)}")

    def check_rest(self) -> None:
        """Remark on keys that were not used.

        Raises
        ------
        UsageError
            One of them may change what is drawn, by its name.
        """
        rest = [self._typed[key] for key in self._values if key not in self._known]
        for key in rest:
            if _SHAPE.search(key):
                raise refusal(self.path, key, "is not understood, and may draw something else")
        if rest:
            more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
            names = ", ".join(shown(key) for key in rest[:_NAMED])
            self.remarks.append(f"not understood, left out: {names}{more}")


def pairs_of_lines(text: str) -> list[tuple[str, str]]:
    """Return the texts before and after the first colon or equals sign of each line."""
    pairs = []
    for line in text.split("\n"):
        ends = [at for at in (line.find(":"), line.find("=")) if at > 0]
        if ends:
            pairs.append((line[: min(ends)].strip(), line[min(ends) + 1 :].strip()))
    return pairs
