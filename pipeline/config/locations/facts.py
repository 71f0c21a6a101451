"""The keys of a location's file and their values: what is used, refused, passed over or unknown."""

import contextlib
import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from pipeline.config.locations.location import (
    angle_from,
    coordinate_from,
    number_from,
    refusal,
    shown,
    zoom_from,
)
from pipeline.config.model import MAX_MAXITER
from pipeline.errors import UsageError
from pipeline.geometry.point import Point

_NAMED = 8
# A key that its program's source does not have is passed over, unless it sounds like these.
_SHAPE = re.compile(
    r"julia|seed|power|formula|fractal|hybrid|stretch|skew|shear|mirror|flip|reflect|rotat|perturb"
    r"|plane|expon|transform|invert",
    re.IGNORECASE,
)


class Facts:
    """A file's statements, key by key; capitals are not told apart."""

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
        """Tell whether a key is there, with a value or without."""
        return key.lower() in self._values

    def text(self, key: str) -> str | None:
        """Return a key's value, and count it as understood; None where it is not there.

        Raises
        ------
        UsageError
            It stands there twice, with different values.
        """
        lower = key.lower()
        self._known.add(lower)
        if lower in self._again:
            both = f'"{shown(self._values[lower])}" and "{shown(self._again[lower])}"'
            raise refusal(self.path, key, f"stands twice, as {both}; keep one of them")
        return self._values.get(lower)

    def required(self, key: str) -> str:
        """Return a value that a view needs.

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
        """Return a number, or what its program takes where it is missing or empty."""
        return number_from(self.path, key, self.text(key) or default)

    def center(self, re_key: str, im_key: str) -> Point:
        """Return the centre as it stands there."""
        re_text, im_text = self.required(re_key), self.required(im_key)
        return Point(
            coordinate_from(self.path, re_key, re_text),
            coordinate_from(self.path, im_key, im_text),
        )

    def zoom(self, key: str) -> Decimal:
        """Return a zoom that is 4 / the view's height."""
        return zoom_from(self.path, key, self.required(key))

    def rotation(self, key: str, default: str = "0") -> Decimal:
        """Return an angle in degrees, the nearest way round."""
        return angle_from(self.path, key, self.text(key) or default)

    def maxiter(self, key: str, default: int | None = None) -> int | None:
        """Return the limit of iterations; None, with a remark, where it is over ours."""
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
        """Return one of the first whole numbers; 0 for what is none of them."""
        number = self.number(key)
        return int(number) if 0 <= number < choices else 0

    def only(self, key: str, *values: str, otherwise: str) -> None:
        """Refuse a key whose value is none of those of the Mandelbrot set as we draw it.

        Parameters
        ----------
        values
            Numbers are compared as such: "0" also stands for 0.000.
        otherwise
            What the key makes of the picture, to be told.
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
        """Refuse a radius, or its square, at which orbits end that would come back."""
        if (value := self.text(key)) and number_from(self.path, key, value) < least:
            raise refusal(self.path, key, f"{shown(value)} is below {least}: orbits end too soon")

    def passed_over(self, *keys: str) -> None:
        """Count keys as understood that change nothing we draw."""
        self._known.update(key.lower() for key in keys)

    def is_set(self, key: str) -> bool:
        """Tell whether a switch is on."""
        value = self.text(key) or "0"
        return value.lower() not in ("0", "no", "off", "false", "#f")

    def without_like(self, *names: str) -> None:
        """Remark that some of the file's looks have no like here."""
        if names:
            self.remarks.append(f"without a like here, left out: {', '.join(names)}")

    def check_rest(self) -> None:
        """Remark on keys that nobody asked for.

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
    """Return what stands before and after each line's first colon or equals sign."""
    pairs = []
    for line in text.split("\n"):
        ends = [at for at in (line.find(":"), line.find("=")) if at > 0]
        if ends:
            pairs.append((line[: min(ends)].strip(), line[min(ends) + 1 :].strip()))
    return pairs
