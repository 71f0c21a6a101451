"""Palettes: from a name or a list of colours to a closed turn of colours in linear light."""

import difflib
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Mixed, Rgb
from pipeline.colour.oklab import linear_from_oklab, linear_from_srgb, oklab_from_linear
from pipeline.colour.own_palettes import OWN_PALETTES, own_palette
from pipeline.colour.palette_files import FILE_ENDINGS
from pipeline.colour.palette_text import shown

TURN = 4096
"""Number of entries of one turn of a palette."""

# A map whose ends are closer than this in Oklab is cyclic; any other is mirrored.
_CLOSED = 0.08

# The share of a palette, from its darkest colour on, that its seam is mixed of.
_DARK = 0.25

_CMOCEAN = "cmo."


def known_palettes() -> list[str]:
    """Return the names of all palettes: ours, matplotlib's, colorcet's and cmocean's."""
    return sorted({*OWN_PALETTES, *_matplotlib_names(), *_colorcet_colours(), *_cmocean_files()})


def palette_fault(name: str) -> str | None:
    """Return what is wrong with a palette's name, and what would be right; None if it is known."""
    if name in OWN_PALETTES or name in _matplotlib_names() or name in _colorcet_colours():
        return None
    if name in _cmocean_files():
        return None
    near = difflib.get_close_matches(name[:60].lower(), known_palettes(), n=1, cutoff=0.6)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    return (
        f'"{shown(name)}" is not a palette{hint}; take one of {", ".join(OWN_PALETTES)}, a name of '
        "matplotlib's, colorcet's or cmocean's (cmo.thermal), a file "
        f"({', '.join(FILE_ENDINGS)}; of several gradients all.ugr#NAME), or a list of colours"
    )


def mixed_palettes(
    make: Callable[[str | tuple[Rgb, ...]], NDArray[np.float64]],
    palette: str | tuple[Rgb, ...] | Mixed,
) -> NDArray[np.float64]:
    """Return what `make` makes of a palette; of a mixed one, of both ends, mixed in Oklab."""
    if not isinstance(palette, Mixed):
        return make(palette)
    start, end = (oklab_from_linear(make(each)) for each in (palette.start, palette.end))
    return linear_from_oklab(start + palette.part * (end - start))


def ramp_from_palette(palette: str | tuple[Rgb, ...]) -> NDArray[np.float64]:
    """Return a palette from its first colour to its last in linear light, shape (TURN, 3).

    Colours are interpolated in Oklab: of our own palettes with even steps, of others by a cubic
    without overshoot.
    """
    if isinstance(palette, str) and palette in OWN_PALETTES:
        return own_palette(palette, TURN, closed=False)
    lab = oklab_from_linear(linear_from_srgb(_srgb_colours(palette)))
    # The last interval of the closed cubic leads back to the first colour, and is left out.
    position = np.arange(TURN) * ((len(lab) - 1) / (TURN - 1))
    position = np.minimum(position, len(lab) - 1 - 1e-9)
    return linear_from_oklab(_closed_cubic(lab, position))


def turn_from_palette(palette: str | tuple[Rgb, ...]) -> NDArray[np.float64]:
    """Return one closed turn of a palette in linear light, shape (TURN, 3), values 0 to 1.

    Colours are interpolated as in a ramp. A list of colours, or a map whose ends meet, goes on from
    its last colour to its first; any other map is mirrored.
    """
    if isinstance(palette, str) and palette in OWN_PALETTES:
        return own_palette(palette, TURN, closed=True)
    colours = _srgb_colours(palette)
    if isinstance(palette, tuple):
        return _turn(colours)
    ends = oklab_from_linear(linear_from_srgb(colours[[0, -1]]))
    if np.linalg.norm(ends[0] - ends[1]) < _CLOSED:
        return _turn(colours[:-1])
    return _turn(np.concatenate([colours, colours[-2:0:-1]]))


def seam_of(palette: str | tuple[Rgb, ...] | Mixed) -> NDArray[np.float64]:
    """Return the tone of the finest detail that goes with a palette: its dark colours, mixed."""
    turn = mixed_palettes(turn_from_palette, palette)
    lightness = oklab_from_linear(turn)[:, 0]
    dark = turn[lightness <= np.quantile(lightness, _DARK)]
    return np.asarray(dark.mean(axis=0))


def _srgb_colours(palette: str | tuple[Rgb, ...]) -> NDArray[np.float64]:
    """Return the colours of a palette not our own, sRGB, shape (colours, 3), values 0 to 1."""
    if isinstance(palette, tuple):
        return np.array(palette) / 255.0
    if palette in _colorcet_colours():
        return _rgb_from_hex(_colorcet_colours()[palette])
    if palette in _cmocean_files():
        return np.loadtxt(_cmocean_files()[palette])
    import matplotlib

    return np.asarray(matplotlib.colormaps[palette](np.linspace(0, 1, 256))[:, :3])


def _rgb_from_hex(colours: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([tuple(bytes.fromhex(colour[1:])) for colour in colours]) / 255.0


def _turn(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    lab = oklab_from_linear(linear_from_srgb(srgb))
    position = np.arange(TURN) * (len(lab) / TURN)
    return linear_from_oklab(_closed_cubic(lab, position))


def _closed_cubic(
    values: NDArray[np.float64], position: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Interpolate a closed ring of values, one unit apart, without overshoot.

    Notes
    -----
    Cubic Hermite with the harmonic mean of the two neighbouring differences as slope, 0 at an
    extremum: F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17 (1980), 238.
    """
    ahead = np.roll(values, -1, axis=0) - values
    behind = np.roll(ahead, 1, axis=0)
    product = ahead * behind
    total = ahead + behind
    slope = np.where(product > 0, 2 * product / np.where(total == 0, 1, total), 0.0)
    left = position.astype(int) % len(values)
    right = (left + 1) % len(values)
    t = (position - np.floor(position))[:, None]
    return np.asarray(
        values[left] * (1 + 2 * t) * (1 - t) ** 2
        + slope[left] * t * (1 - t) ** 2
        + values[right] * t**2 * (3 - 2 * t)
        + slope[right] * t**2 * (t - 1)
    )


@lru_cache(maxsize=1)
def _matplotlib_names() -> frozenset[str]:
    import matplotlib

    return frozenset(matplotlib.colormaps)


@lru_cache(maxsize=1)
def _colorcet_colours() -> dict[str, tuple[str, ...]]:
    import colorcet

    return {name: tuple(colours) for name, colours in colorcet.palette.items()}


@lru_cache(maxsize=1)
def _cmocean_files() -> dict[str, Path]:
    """Return the files of cmocean's maps by name.

    The files are read without cmocean's own code: importing it makes all maps, in a way that
    matplotlib has deprecated.
    """
    package = find_spec("cmocean")
    folders = package.submodule_search_locations if package else None
    return {
        _CMOCEAN + file.name.removesuffix("-rgb.txt"): file
        for folder in folders or ()
        for file in (Path(folder) / "rgb").glob("*-rgb.txt")
    }
