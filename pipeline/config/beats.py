"""Times of keyframes: in seconds, or in beats of the music."""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic_core import PydanticCustomError

from pipeline.config.value import NUMBER_TEXT, Reads, decimal_from, number

MAX_SECONDS = 86_400
MAX_BEATS = 1_000_000
_SECONDS_WANTED = f"seconds from 0 to {MAX_SECONDS}"
_WANTED = f"{_SECONDS_WANTED}, or beats, such as 16 beats"
SECONDS = number("0", str(MAX_SECONDS), _SECONDS_WANTED)
BPM = number("1", "1000", "beats a minute, from 1 to 1000")
_TIME = number("0", str(MAX_SECONDS), _WANTED)
_COUNT = number("0", str(MAX_BEATS), f"beats from 0 to {MAX_BEATS}, such as 16 beats")
_BEATS = re.compile(r"(.*?)\s*beats?", re.DOTALL)
_FRACTION = re.compile(r"(\d{1,9})\s*/\s*0*([1-9]\d{0,8})", re.ASCII)
_BEATS_TEXT = (
    r"^\s*([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*|[0-9]{1,9}\s*/\s*0*[1-9][0-9]{0,8})\s*beats?\s*$"
)


@dataclass(frozen=True, slots=True)
class Beats:
    """A time in beats; 0 is the first beat."""

    count: Fraction


Time = Decimal | Beats


@dataclass(frozen=True, slots=True)
class Tempo:
    """The beats of the music, in the video's time."""

    bpm: Fraction
    """Beats per minute."""
    first_beat: Fraction
    """Time of beat 0, in seconds."""

    def seconds(self, time: Beats) -> Fraction:
        """Return the time of a beat in seconds, exactly."""
        return self.first_beat + time.count * 60 / self.bpm

    @staticmethod
    def of(bpm: Any, first_beat: Any) -> "Tempo | None":
        """Return the tempo of two values of any kind; None if they are none."""
        try:
            rate, first = BPM.func(bpm), SECONDS.func(first_beat)  # type: ignore[call-arg]
        except PydanticCustomError:
            return None
        return Tempo(Fraction(rate), Fraction(first))


def time_from(value: Any) -> Time:
    """Read a time: seconds, or a number or fraction of beats."""
    if isinstance(value, Beats):
        return value
    match = _BEATS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return _TIME.func(value)  # type: ignore[call-arg, no-any-return]
    if fraction := _FRACTION.fullmatch(match[1]):
        count = Fraction(int(fraction[1]), int(fraction[2]))
        _COUNT.func(decimal_from(str(int(count))))  # type: ignore[call-arg]
        return Beats(count)
    return Beats(Fraction(_COUNT.func(match[1])))  # type: ignore[call-arg]


def seconds_from(time: Time, tempo: Tempo | None) -> Fraction | None:
    """Return a time in seconds, exactly; None for beats without a tempo."""
    if isinstance(time, Decimal):
        return Fraction(time)
    return None if tempo is None else tempo.seconds(time)


TIME = Reads(
    time_from,
    wanted=_WANTED,
    schema={
        "anyOf": [
            {"type": "number", "minimum": 0, "maximum": MAX_SECONDS},
            {"type": "string", "pattern": NUMBER_TEXT},
            {"type": "string", "pattern": _BEATS_TEXT},
        ]
    },
)
