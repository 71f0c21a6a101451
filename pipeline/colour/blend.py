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


def shaded(light: Floats, traces: Traces, row: int, lamp: Light) -> Floats:
    """Return a row of light as it looks on the relief of the distance estimate.

    Notes
    -----
    The relief rises towards the set by as much as it goes on, so that its normal leans 45 degrees
    along the direction of the estimate; it is lit as a matt surface is (Lambert), relative to a
    flat one. Nearer to the set than a sample there is no direction any more, and no shade. The
    highlight is that of a viewer right above, relative to its brightest: J. F. Blinn, "Models of
    light reflection for computer synthesized pictures", SIGGRAPH 1977, p. 192.
    """
    azimuth, elevation = math.radians(lamp.azimuth), math.radians(lamp.elevation)
    angle = traces.direction[row] * np.float32(2 * math.pi) - np.float32(azimuth)
    slanted = math.cos(elevation) * np.cos(angle) + math.sin(elevation)
    against_flat = slanted / (math.sqrt(2.0) * max(math.sin(elevation), 0.05))
    distance = np.exp2(np.clip(traces.log2_distance[row], -30, 30))
    seen = distance**2 / (1 + distance**2)
    shade = 1 + lamp.strength * seen * (np.maximum(against_flat, 0) - 1)
    shade = np.asarray(shade, np.float32)
    # What is brighter than flat goes towards white, and never beyond.
    dark = light * np.minimum(shade, _ONE)
    lit = dark + (_ONE - light) * (_ONE - _ONE / np.maximum(shade, _ONE)) * light**_HALF
    if lamp.highlight:
        upright, leaning = 1 + math.sin(elevation), math.cos(elevation)
        facing = np.maximum(leaning * np.cos(angle) + upright, 0) / np.float32(leaning + upright)
        shine = np.float32(lamp.highlight) * seen * facing ** np.float32(lamp.shininess)
        lit = lit + (_ONE - lit) * np.asarray(shine, np.float32)
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
