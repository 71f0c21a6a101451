"""Questions and answers of the page: views as JSON with numbers as text, pictures as records."""

import json
import struct
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.config.kinds import COORDINATE, MAX_MAXITER, POSITIVE
from pipeline.errors import UsageError
from pipeline.explorer.hand import Move
from pipeline.geometry.point import Point
from pipeline.geometry.view import View

# Of a record: the length of its facts in JSON, and of the bytes behind them.
_LENGTHS = struct.Struct("<II")
_MOST_SIDE = 4096
_MOST_PIXELS = 3840 * 2160


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ViewAsked(_Asked):
    """A view as the page knows it: numbers as text, with every digit."""

    re: Annotated[Decimal, COORDINATE]
    im: Annotated[Decimal, COORDINATE]
    width: Annotated[Decimal, POSITIVE]
    rotation: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0
    columns: Annotated[int, Field(ge=16, le=_MOST_SIDE)]
    rows: Annotated[int, Field(ge=16, le=_MOST_SIDE)]

    def view(self) -> View:
        """Return the view."""
        if self.columns * self.rows > _MOST_PIXELS:
            raise UsageError(f"a picture has at most {_MOST_PIXELS} pixels")
        rotation = Decimal(repr(self.rotation))
        return View(Point(self.re, self.im), self.width, rotation, self.columns, self.rows)


Asked = TypeVar("Asked", bound=BaseModel)
_Px = Annotated[float, Field(ge=-1e6, le=1e6)]


class MoveAsked(_Asked):
    """Move of the hand since that view, in pixels."""

    right_px: _Px = 0.0
    down_px: _Px = 0.0
    factor: Annotated[float, Field(ge=1e-6, le=1e6)] = 1.0
    turn: Annotated[float, Field(ge=-3600, le=3600)] = 0.0
    at_x: _Px = 0.0
    at_y: _Px = 0.0

    def move(self) -> Move:
        """Return the move."""
        return Move(**self.model_dump())


_MaxIter = Annotated[int, Field(ge=1, le=MAX_MAXITER)]


class PageAsked(_Asked):
    """A question of a page about a view."""

    page: Annotated[str, Field(max_length=64)]
    """The page that asks: its earlier question of the kind is no longer wanted."""
    view: ViewAsked


class PictureAsked(PageAsked):
    """A picture of a view, after a move."""

    move: MoveAsked = MoveAsked()
    maxiter: _MaxIter | Literal["auto"] = "auto"
    look: dict[str, Any] = {}
    """The section `colour` of a config."""
    shown_step: float | None = None
    """Step down to which the page shows what is known of the view before a plain shift."""


class PointAsked(PageAsked):
    """The point under a pixel of a view."""

    x: _Px
    y: _Px
    maxiter: _MaxIter = 1000


class JuliaAsked(PageAsked):
    """The Julia set of the point under a pixel of a view."""

    x: _Px
    y: _Px
    look: dict[str, Any] = {}


class PlaceAsked(PageAsked):
    """The place of a view that stands out."""

    kind: Literal["nucleus", "spiral"]


class LooksAsked(PageAsked):
    """A view in all looks that are ready."""

    maxiter: _MaxIter


def told(view: View) -> dict[str, Any]:
    """Return a view as the page is told of it."""
    return {
        "re": plain_text(view.center.re),
        "im": plain_text(view.center.im),
        "width": width_text(view.width),
        "rotation": float(view.rotation),
        "columns": view.columns,
        "rows": view.rows,
    }


def plain_text(number: Decimal) -> str:
    """Return a coordinate as a person writes it: all digits, without an exponent if not tiny."""
    if number and number.adjusted() < -6:
        return _scientific(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def width_text(width: Decimal) -> str:
    """Return a width as a person writes it, with all digits."""
    return _scientific(width) if not -4 < width.adjusted() < 7 else plain_text(width)


def _scientific(number: Decimal) -> str:
    mantissa, _, exponent = f"{number:e}".partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def record(facts: dict[str, Any], data: bytes = b"") -> bytes:
    """Return facts, and what belongs to them, as bytes of a stream."""
    text = json.dumps(facts).encode()
    return _LENGTHS.pack(len(text), len(data)) + text + data


def read(kind: type["Asked"], body: bytes) -> "Asked":
    """Return what a page asks for.

    Raises
    ------
    UsageError
        It is not of that kind; the message says where.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"{where}: {first['msg']}") from None
