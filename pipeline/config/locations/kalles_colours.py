"""Colours of Kalles Fraktaler as a config's colour section, as near as it comes.

Notes
-----
By its source, CFraktalSFT::SetColor and ApplyColors in fraktal_sft/fraktal_sft.cpp (repositories:
see `kalles_fraktaler`). The smooth count, or what ColorMethod makes of it, is divided by IterDiv;
ColorOffset is added; 1024 of that are one turn of the palette, whose key colours stand evenly on
it, blue before red. Methods of the distance take the change of the smooth count from pixel to
pixel, in pixels of a picture 640 wide, times 2√2 (Differences 0: about 3.6 on average; 7: the
reciprocal of the distance estimate itself); they are laid along our distance by a palette made for
it. Slopes are lit from 180° - SlopeAngle, SlopeRatio per cent strong.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.palette_files import MOST_COLOURS
from pipeline.config.locations.facts import Facts
from pipeline.config.locations.location import PICTURE, refusal, shown

_TURN = 1024
_METHODS = (
    "Standard", "SquareRoot", "CubicRoot", "Logarithm", "Stretched", "DistanceLinear",
    "DEPlusStandard", "DistanceLog", "DistanceSqrt", "LogLog", "ATan", "FourthRoot",
)  # fmt: skip
_OF_COUNTS = {0: ("linear", 1.0), 1: ("sqrt", 1.0), 3: ("log", 1 / math.log(2))}
"""Our scale for each of their colour methods, and its unit in theirs."""
_OF_DISTANCE: dict[int, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    5: np.positive,
    7: np.log1p,
    8: np.sqrt,
}
_LEAST_PERIOD, _MOST_PERIOD = 1e-6, 1e9
# A distance palette: its number of colours, and the distance in pixels that shows its middle.
_RAMP, _MIDDLE = 256, 8
_WIDTH = 640
_FARTHEST_CHANGE = 1024
# Features that we lack, each with the value at which it changes nothing.
_WITHOUT_LIKE = (
    ("Flat", "0"), ("InvTransition", "0"), ("MultiColor", "0"), ("BlendMC", "0"),
    ("TextureEnabled", "0"), ("ColorPhaseStrength", "0"), ("TriangleInequalityAverage", "0"),
    ("UseOpenGL", "0"), ("BailoutNormPreset", "1"), ("real", "1"), ("imag", "1"),
)  # fmt: skip
_WITH_THOSE = (
    "MultiColors", "TextureMerge", "TexturePower", "TextureRatio", "TextureFile", "TextureResize",
    "GLSL", "BailoutNormCustom", "Differences", "Smooth", "Seed",
)  # fmt: skip
# Values of missing keys: CFraktalSFT::ResetParameters.
_ANGLE, _RATIO = "45", "20"


def colour_from(facts: Facts) -> dict[str, Any] | None:
    """Return the colour section; None, with a remark, if the file has no colours.

    Raises
    ------
    UsageError
        Its colours are no numbers from 0 to 255.
    """
    facts.passed_over(
        "Colors", "InteriorColor", "IterDiv", "ColorMethod", "ColorOffset",
        "Slopes", "SlopePower", "SlopeRatio", "SlopeAngle", *_WITH_THOSE,
        *(key for key, _ in _WITHOUT_LIKE),
    )  # fmt: skip
    keys = _colours(facts, "Colors")
    if not keys:
        facts.remarks.append("has no colours of its own")
        return None
    section = _palette(facts, np.array(keys[:MOST_COLOURS]))
    if interior := _colours(facts, "InteriorColor"):
        section["interior"] = _hex(interior[0])
    if facts.is_set("Slopes"):
        section["light"] = _light(facts)
    facts.without_like(
        *(
            key
            for key, nothing in _WITHOUT_LIKE
            if facts.has(key) and facts.number(key, nothing) != Decimal(nothing)
        )
    )
    return section


def _palette(facts: Facts, keys: NDArray[np.int_]) -> dict[str, Any]:
    """Return the keys that map counts to the key colours."""
    plain = [_hex(key) for key in keys.tolist()] if len(keys) > 1 else [_hex(keys[0].tolist())] * 2
    method = facts.choice("ColorMethod", len(_METHODS))
    division = float(facts.number("IterDiv", "1"))
    offset = float(facts.number("ColorOffset"))
    # Values out of range count as missing, as in the program.
    offset = offset / _TURN if 0 <= offset < _TURN else 0.0
    period = _TURN * division
    if method in _OF_COUNTS:
        scale, unit = _OF_COUNTS[method]
        if _LEAST_PERIOD <= period * unit <= _MOST_PERIOD:
            placed = {"scale": scale, "period": _short(period * unit)}
            return {"palette": plain, **placed, **({"offset": _short(offset)} if offset else {})}
        facts.remarks.append(f"IterDiv: {shown(facts.text('IterDiv'))} is out of range, left out")
    elif method in _OF_DISTANCE and _LEAST_PERIOD <= period <= _MOST_PERIOD:
        ramp = _ramp(facts, keys, method, period, offset)
        return {"by": "distance", "palette": ramp, "period": _MIDDLE}
    else:
        facts.remarks.append(
            f"ColorMethod: {method} ({_METHODS[method]}) has no like here; its palette is laid "
            "along the counts so that all colours appear equally often"
        )
    return {"palette": plain, "scale": "histogram"}


def _ramp(
    facts: Facts, keys: NDArray[np.int_], method: int, period: float, offset: float
) -> list[str]:
    """Return the colours at the distances of our palette's entries.

    Notes
    -----
    Ours shows the part d / (d + middle) of a palette at a distance of d pixels. The smooth count
    changes by 1 / (d ln 2) a pixel.
    """
    differences = facts.choice("Differences", 8)
    weight = {0: 1.414 * 8 / math.pi, 7: math.log(2)}.get(differences, 2 * math.sqrt(2))
    part = (np.arange(_RAMP) + 0.5) / _RAMP
    # In pixels of their picture.
    distance = _MIDDLE * part / (1 - part) * (_WIDTH / PICTURE[0])
    change = np.minimum(weight / math.log(2) / distance, _FARTHEST_CHANGE)
    place = (_OF_DISTANCE[method](change) / period + offset) % 1.0 * len(keys)
    left = place.astype(int) % len(keys)
    # Key colours are joined by half a sine wave, as in the program.
    mixed = (0.5 - 0.5 * np.cos(np.pi * (place - np.floor(place))))[:, None]
    colours = keys[left] * (1 - mixed) + keys[(left + 1) % len(keys)] * mixed
    return [_hex(colour) for colour in colours.round().astype(int).tolist()]


def _light(facts: Facts) -> dict[str, Any]:
    angle = facts.rotation("SlopeAngle", _ANGLE)
    strength = min(max(float(facts.number("SlopeRatio", _RATIO)) / 100, 0.0), 1.0)
    facts.remarks.append("SlopePower has no like here: the relief is equally steep everywhere")
    return {"azimuth": _short(float(180 - angle)), "strength": _short(strength)}


def _colours(facts: Facts, key: str) -> list[list[int]]:
    """Return a list of colours as triples of red, green and blue."""
    words = [word for word in (facts.text(key) or "").replace(" ", "").split(",") if word]
    values = []
    for word in words[: 3 * _TURN]:
        if not (word.isascii() and word.isdecimal() and len(word) <= 3 and int(word) <= 255):
            raise refusal(facts.path, key, f'"{shown(word)}" should be a number from 0 to 255')
        values.append(int(word))
    return [values[at : at + 3][::-1] for at in range(0, len(values) - 2, 3)]


def _hex(colour: list[int]) -> str:
    return f"#{bytes(colour).hex()}"


def _short(number: float) -> float | int:
    """Return a number as short text."""
    rounded = float(f"{number:.8g}")
    return int(rounded) if rounded == int(rounded) else rounded
