"""Layers laid over each other, and the light that falls on them; on light as it adds up.

Blend modes work on the square roots of light, where a half is about the grey that looks like one.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Blend, Fog, Light
from pipeline.colour.oklab import linear_from_srgb
from pipeline.kernels.results import Traces

Floats = NDArray[np.float32]

_ONE = np.float32(1)
_HALF = np.float32(0.5)
_TWO = np.float32(2)
# Distance from the set at which the relief is half as steep as beside it, in pixels.
_GENTLE_PX = 24.0


def _overlay(under: Floats, over: Floats) -> Floats:
    dark = _TWO * under * over
    bright = _ONE - _TWO * (_ONE - under) * (_ONE - over)
    return np.where(under < _HALF, dark, bright)


def _soft_light(under: Floats, over: Floats) -> Floats:
    # W3C, Compositing and Blending Level 1, 10.2, with the root of the backdrop for its curve.
    dark = under - (_ONE - _TWO * over) * under * (_ONE - under)
    bright = under + (_TWO * over - _ONE) * (np.sqrt(under) - under)
    return np.where(over < _HALF, dark, bright)


_BLENDS: dict[Blend, Callable[[Floats, Floats], Floats]] = {
    "normal": lambda _, over: over,
    "multiply": lambda under, over: under * over,
    "screen": lambda under, over: under + over - under * over,
    "overlay": _overlay,
    "soft-light": _soft_light,
    "add": lambda under, over: np.minimum(under + over, _ONE),
}


def blended(under: Floats, over: Floats, blend: Blend, opacity: Floats | float) -> Floats:
    """Return a row of light with another laid over it; float32 of shape (3, columns)."""
    below = np.sqrt(under)
    mixed = _BLENDS[blend](below, np.sqrt(over))
    # `normal` mixes light itself, as two colours seen through each other do.
    if blend == "normal":
        return np.asarray(under + np.float32(1) * opacity * (over - under), np.float32)
    root = below + opacity * (mixed - below)
    return np.asarray(np.clip(root, 0, 1) ** 2, np.float32)


def shaded(light: Floats, traces: Traces, row: int, lamp: Light, log2_px: float = 0.0) -> Floats:
    """Return a row of light as it looks on the relief of the distance estimate.

    `log2_px` is log2 of the distance of samples in pixels.

    Notes
    -----
    The relief rises towards the set, ever steeper: its slope, along the direction of the estimate,
    is 1 beside the set and 1/2 at `_GENTLE_PX` pixels, so that calm ground lies flat and stays as
    it is. It is lit as a matt surface is (Lambert), relative to a flat one. Nearer to the set than
    a sample there is no direction any more, and no shade. The highlight is that of a viewer right
    above on a slope of 1, and fades with the square of the slope: J. F. Blinn, "Models of light
    reflection for computer synthesized pictures", SIGGRAPH 1977, p. 192.
    """
    azimuth, elevation = math.radians(lamp.azimuth), math.radians(lamp.elevation)
    towards = np.cos(traces.direction[row] * np.float32(2 * math.pi) - np.float32(azimuth))
    distance = np.exp2(np.clip(traces.log2_distance[row], -30, 30))
    seen = distance**2 / (1 + distance**2)
    slope = np.float32(_GENTLE_PX) / (np.float32(_GENTLE_PX) + distance * np.float32(2.0**log2_px))
    upright = 1 / np.sqrt(1 + slope**2)
    leaning = slope * towards
    flat = max(math.sin(elevation), 0.05)
    against_flat = upright * (math.cos(elevation) * leaning + math.sin(elevation)) / flat
    shade = 1 + lamp.strength * seen * (np.maximum(against_flat, 0) - 1)
    shade = np.asarray(shade, np.float32)
    # What is brighter than flat keeps its hue, and never goes beyond white.
    lit = light * shade / (1 + light * np.maximum(shade - 1, 0))
    if lamp.highlight:
        upward, across = 1 + math.sin(elevation), math.cos(elevation)
        facing = np.maximum(across * towards + upward, 0) / np.float32(across + upward)
        shine = np.float32(lamp.highlight) * seen * slope**2 * facing ** np.float32(lamp.shininess)
        lit += (_ONE - lit) * np.asarray(shine, np.float32)
    return np.asarray(lit, np.float32)


def fogged(
    light: Floats, traces: Traces, row: int, fog: Fog, outside: Floats, log2_px: float
) -> Floats:
    """Return a row of light seen through fog; what is not `outside` the set stays as it is.

    Notes
    -----
    Exponential fog, mixed in linear light; its depth is the distance from the set, since the relief
    rises towards the set.
    """
    distance = np.exp2(np.clip(traces.log2_distance[row] + np.float32(log2_px), -30, 30))
    part = np.float32(fog.strength) * (_ONE - np.exp(distance / np.float32(-fog.distance)))
    own = linear_from_srgb(np.array(fog.colour) / 255.0).astype(np.float32)[:, None]
    return np.asarray(light + outside * part * (own - light), np.float32)
