"""Scores of routes: how much there is to see along the whole way, by small views of it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.tones import adapted

Floats = NDArray[np.float64]

# Shades of a palette that are told apart, and sides of the squares over which details are averaged.
_SHADES = 16
_SCALES = (1, 3, 9)
# Parts of a picture that may be black, and the entropy below which it is flat, of at most 1.
_DARK = 0.6
_FLAT = 0.3
# Weight of symmetry, and the price of a dull view.
_SYMMETRY = 0.25
_DULL = 2.0
# A route with so many dull views after each other has a dead stretch.
_DEAD_STRETCH = 2


@dataclass(frozen=True, slots=True)
class Score:
    """Score of a route, and the figures behind it."""

    value: float
    """The larger the better; 1 is very good."""
    dead: bool
    """Whether there is a stretch with nothing to see."""
    darkest: float
    """Largest part of a view that is black."""
    least: float
    """Least entropy of a view's colours, of at most 1."""


def score_of(views: list[Floats]) -> Score:
    """Return the score of a route by the smooth counts of views along it, NaN where none escaped.

    All views have one shape; the first is the whole set.

    Notes
    -----
    The entropy is that of the shades in which the palette would show the counts, as a part of the
    largest there can be, averaged over pictures at several scales: noise has much of it in the
    finest alone. Symmetry is the correlation of a picture with itself turned by half a turn.
    """
    tones = adapted([view.ravel() for view in views])
    each = [_seen(tones.positions_of(view)) for view in views]
    dark = np.array([np.isnan(view).mean() for view in views])
    entropy, symmetry = map(np.array, zip(*each, strict=True))
    # The whole set, to begin with, is what it is.
    dull = ((dark > _DARK) | (entropy < _FLAT))[2:]
    value = float(entropy.mean() + _SYMMETRY * symmetry.mean() - _DULL * dull.mean())
    dead = "1" * _DEAD_STRETCH in "".join(str(int(flag)) for flag in dull) or bool(dull[-1])
    return Score(value, dead, float(dark[2:].max()), float(entropy[2:].min()))


def _seen(positions: Floats) -> tuple[float, float]:
    """Return the entropy of a picture's shades, and its symmetry, both at most 1."""
    inside = np.isnan(positions)
    turns = np.where(inside, 0.0, positions % 1.0)
    # As points of a circle, so that the end of the palette is next to its beginning.
    light = np.where(inside, 0, np.exp(2j * np.pi * turns))
    entropy = np.mean([_entropy(_averaged(light, side)) for side in _SCALES])
    coarse = _averaged(light, _SCALES[1])
    coarse = coarse - coarse.mean()
    power = float(np.vdot(coarse, coarse).real)
    turned = float(np.vdot(coarse, coarse[::-1, ::-1]).real)
    return float(entropy), max(0.0, turned / power) if power > 0 else 0.0


def _averaged(light: NDArray[np.complex128], side: int) -> NDArray[np.complex128]:
    rows, columns = (size // side * side for size in light.shape)
    blocks = light[:rows, :columns].reshape(rows // side, side, columns // side, side)
    return np.asarray(blocks.mean(axis=(1, 3)))


def _entropy(light: NDArray[np.complex128]) -> float:
    """Return the entropy of the shades of a picture; grey and black are one of them."""
    shade = np.floor(np.angle(light) / (2 * np.pi) % 1.0 * _SHADES).astype(int)
    shade[np.abs(light) < 0.3] = _SHADES
    parts = np.bincount(shade.ravel(), minlength=_SHADES + 1) / shade.size
    parts = parts[parts > 0]
    return float(-(parts * np.log2(parts)).sum() / math.log2(_SHADES + 1))
