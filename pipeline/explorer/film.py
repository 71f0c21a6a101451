"""A film on the page: keyframes as they are typed, and the config that they make."""

import bisect
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.config.load import Config, load_config
from pipeline.config.model import (
    MAX_KEYFRAMES,
    ColourSection,
    ConfigModel,
    KeyframeModel,
    Section,
    VideoSection,
)
from pipeline.config.names import name_fault
from pipeline.errors import UsageError
from pipeline.explorer.film_text import plain_from, text_of
from pipeline.explorer.wire import ViewAsked, told
from pipeline.geometry.decimals import context, difference
from pipeline.geometry.view import View
from pipeline.timeline.frames import FrameList
from pipeline.timeline.too_fast import too_fast

UNNAMED = "film"
"""Name of a film that has none yet."""
# In which a person writes the keys of a keyframe.
_KEYFRAME_ORDER = (
    "time", "speed", "center", "width", "zoom", "rotation", "maxiter", "ease", "hold",
)  # fmt: skip  # a list
# Pixels that lie farther off, or pictures that are so many times as large, are not worth moving.
_FARTHEST_PX = 100_000
# Points of the drawn speed of a leg, and of all legs.
_LEG_POINTS = 24
_MOST_POINTS = 2000


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Typed = str | int | float | list[str]


class KeyframeAsked(_Asked):
    """A keyframe as the page has it."""

    was: Annotated[int, Field(ge=0, lt=MAX_KEYFRAMES)] | None = None
    """Index of the keyframe of the opened file that it is; None for a new one."""
    values: dict[str, _Typed]
    """Values of its keys in a config, as texts."""


class FilmAsked(_Asked):
    """A film as the page has it."""

    name: Annotated[str, Field(max_length=1000)] = ""
    text: str = ""
    """Text of the opened file; empty for a new film."""
    keyframes: Annotated[list[KeyframeAsked], Field(max_length=MAX_KEYFRAMES)]
    video: dict[str, Any] | None = None
    """The section `video`; that of the opened file if None."""
    maxiter: str | int | None = None
    colour: dict[str, Any] | None = None
    """The section `colour`; that of the opened file if None."""


class MomentAsked(_Asked):
    """A moment of a film."""

    film: FilmAsked
    seconds: Annotated[float, Field(ge=0, le=1e6)]
    shown: ViewAsked | None = None
    """View that the page shows now; the answer tells how it moves to the moment's view."""


@dataclass(frozen=True, slots=True)
class Film:
    """A film whose config has no faults."""

    text: str
    config: Config
    frames: FrameList

    @staticmethod
    def of(asked: FilmAsked, folder: Path) -> "Film":
        """Return the film that a page asks for, as a config in a folder.

        Raises
        ------
        ConfigError
            It has faults, each with its place in the text.
        UsageError
            Its name cannot be used.
        """
        name = asked.name.strip() or UNNAMED
        if fault := name_fault(name):
            raise UsageError(f"the name: {fault}")
        text = text_from(asked)
        config = load_config(folder / f"{name}.yaml", text)
        return Film(text, config, FrameList(config))

    def view(self, seconds: Fraction) -> View:
        """Return the view at a time, or at the end."""
        frames = self.frames
        time = min(max(seconds, Fraction(0)), frames.seconds)
        leg = bisect.bisect_right(frames.legs, time, key=lambda each: each.start.time) - 1
        return frames.view(leg, time)

    def facts(self) -> dict[str, Any]:
        """Return what is known of it without computing a pixel."""
        frames, config = self.frames, self.config
        encoding = config.encoding
        warnings = [*config.warnings, *too_fast(frames)]
        return {
            "text": self.text,
            "seconds": float(frames.seconds),
            "frames": len(frames),
            "size": [encoding.columns, encoding.rows, float(encoding.fps)],
            "times": [float(keyframe.time) for keyframe in config.keyframes],
            "octaves": sum(leg.octaves for leg in frames.legs),
            "speeds": list(self._speeds()),
            "warnings": [{"key": fault.key, "text": fault.message} for fault in warnings],
        }

    def _speeds(self) -> Iterator[list[float]]:
        """Yield times, and the speed of the zoom there in octaves a second; below 0 outwards."""
        legs = [leg for leg in self.frames.legs if leg.seconds > 0]
        steps = max(2, min(_LEG_POINTS, _MOST_POINTS // max(len(legs), 1)))
        for leg in legs:
            sign = 1 if leg.deep is leg.end else -1
            for step in range(steps + 1):
                time = leg.leaves + leg.seconds * Fraction(step, steps)
                yield [round(float(time), 4), round(sign * leg.octaves_a_second(time), 4)]


def motion_between(shown: View, wanted: View) -> dict[str, float] | None:
    """Return where the pixels of a shown view lie in another, as `motion.js` has motions.

    None where they lie so far off that nothing of them is seen.

    Notes
    -----
    Pixel p, with rows downwards, goes to s·p + t: s grows by the ratio of the widths and turns by
    the difference of the rotations, clockwise as seen; t follows from where the middle goes.
    """
    numbers = context(20)
    factor = numbers.divide(shown.width, wanted.width)
    spacing = wanted.spacing()
    right, up = (
        numbers.divide(difference(here, there), spacing)
        for here, there in zip(shown.center, wanted.center, strict=True)
    )
    if max(abs(right), abs(up), factor) > _FARTHEST_PX or factor * _FARTHEST_PX < 1:
        return None
    angle = math.radians(float(wanted.rotation - shown.rotation))
    a, b = float(factor) * math.cos(angle), float(factor) * math.sin(angle)
    turn = math.radians(float(wanted.rotation))
    x = wanted.columns / 2 + float(right) * math.cos(turn) + float(up) * math.sin(turn)
    y = wanted.rows / 2 + float(right) * math.sin(turn) - float(up) * math.cos(turn)
    middle_x, middle_y = shown.columns / 2, shown.rows / 2
    return {
        "a": a, "b": b,
        "x": x - a * middle_x + b * middle_y, "y": y - b * middle_x - a * middle_y,
    }  # fmt: skip  # a complex number a line


def text_from(asked: FilmAsked) -> str:
    """Return the text of the config that a page asks for."""
    plain: dict[str, Any] = {}
    if asked.text.strip():
        before = plain_from(asked.text)
        if not isinstance(before, dict):
            raise UsageError("the file that was opened is no config any more")
        plain = before
    for name, section, model in (
        ("video", asked.video, VideoSection),
        ("colour", asked.colour, ColourSection),
    ):
        if section is not None:
            there = plain.get(name)
            plain[name] = _section(section, there if isinstance(there, dict) else {}, model)
            if not plain[name] and there is None:
                del plain[name]
    if asked.maxiter is not None:
        maxiter = typed(asked.maxiter)
        if "maxiter" in plain or not _is_default(ConfigModel, "maxiter", maxiter):
            plain["maxiter"] = maxiter
    stored = plain.get("keyframes")
    before_keyframes = stored if isinstance(stored, list) else []
    keyframes, kept = [], []
    for each in asked.keyframes:
        was = each.was if each.was is not None and each.was < len(before_keyframes) else None
        there = before_keyframes[was] if was is not None else {}
        keyframes.append(_section(each.values, there if isinstance(there, dict) else {},
                                  KeyframeModel))  # fmt: skip
        kept.append(was)
    plain["keyframes"] = keyframes
    return text_of(plain, asked.text, kept)


def opened_film(config: Config, text: str) -> dict[str, Any]:
    """Return a config as the page takes it: every value as it was typed."""
    plain = plain_from(text)
    size = config.encoding.columns, config.encoding.rows
    keyframes = []
    for index, (values, keyframe) in enumerate(
        zip(plain["keyframes"], config.keyframes, strict=True)
    ):
        view = View(keyframe.center, keyframe.width, keyframe.rotation, *size)
        keyframes.append({"was": index, "values": values, "view": told(view)})
    return {
        "name": os.fsencode(config.name).decode(errors="replace"),
        "text": text,
        "keyframes": keyframes,
        "video": plain.get("video", {}),
        "maxiter": plain.get("maxiter", typed(ConfigModel.model_fields["maxiter"].default)),
        "colour": plain.get("colour", {}),
    }


def typed(value: Any) -> Any:
    """Return a value of JSON as it is typed into a config: numbers as text."""
    if isinstance(value, dict):
        return {str(key): typed(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [typed(each) for each in value]
    if isinstance(value, float):
        # Numbers of JavaScript: 2.0 is 2.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value).strip()


def _section(
    wanted: Mapping[str, Any], there: Mapping[str, Any], model: type[Section]
) -> dict[str, Any]:
    """Return a section without what says the default; what a file says of it stays."""
    section = {}
    for key, value in typed(dict(wanted)).items():
        if value == "":
            continue
        if key in there and _says_the_same(model, key, value, there[key]):
            section[key] = there[key]
        elif not _is_default(model, key, value):
            section[key] = value
    own = _KEYFRAME_ORDER if model is KeyframeModel else tuple(model.model_fields)
    order: dict[str, int] = {}
    for key in (*there, *own):
        order.setdefault(key, len(order))
    return dict(sorted(section.items(), key=lambda entry: order.get(entry[0], len(order))))


def _says_the_same(model: type[BaseModel], key: str, one: Any, other: Any) -> bool:
    if one == other:
        return True
    read = _read(model, key, one)
    # Of numbers every digit is meant, and 0.50 says what 0.5 does.
    return read is not None and read == _read(model, key, other)


def _is_default(model: type[BaseModel], key: str, value: Any) -> bool:
    """Tell whether a value says what is so without it."""
    field = model.model_fields.get(key)
    if field is None or field.is_required():
        return False
    if value == [] == field.default:
        return True
    return bool(field.default is not None and _read(model, key, value) == field.default)


def _read(model: type[BaseModel], key: str, value: Any) -> Any:
    """Return a value as the config's model reads it; None if it is faulty, or a section."""
    field = model.model_fields.get(key)
    if field is None or any(_is_section(part) for part in (field.annotation, *get_args(
        field.annotation
    ))):  # fmt: skip
        return None
    annotation: Any = field.annotation
    for each in field.metadata:
        annotation = Annotated[annotation, each]
    try:
        return TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return None


def _is_section(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Section)
