"""Our own palettes: closed turns drawn for Mandelbrot zooms, with equal steps in Oklab."""

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.oklab import linear_from_oklab, linear_from_srgb, oklab_from_linear

# Control colours of a ring, from the darkest on. Dark and light ones come in pairs, so that the
# turn rounds its darkest and its lightest tone rather than turns back there.
OWN_PALETTES: dict[str, tuple[str, ...]] = {
    name: tuple(colours.split())
    for name, colours in {
        # The hour after sunset: navy and blue, ice, cream, amber, rust, plum.
        "dusk": "#030119 #0e1a64 #1a5ab3 #49a7e8 #c8f0fd #fffae8 "
        "#ffcf77 #ef861b #ab3511 #4a0b2e #0f0013",
        # Warm water: abyss, teal and turquoise, foam, coral, a dark red.
        "lagoon": "#010410 #002a4e #006683 #00afaf #7becd4 #edfdf5 "
        "#fff1de #ffb695 #eb6553 #9c252e #4c021f #0d0111",
        # Fire and its smoke: blood red, orange, pale flame, lilac, violet.
        "ember": "#080001 #530309 #aa1004 #e55a00 #fcaa2b #fff18f "
        "#fff7ed #f9e9f1 #d7a4d1 #8f5a9b #411d54 #09010d",
        # Pen and paper: Prussian blue, paper, sepia. The quietest.
        "ink": "#010107 #152855 #4b74a5 #a1c3db #f0fbfd #fef8ea #d8c198 #9b7045 #4f260f #0a0101",
        # Woods in autumn: pine, fern, pale sun, gold, bronze, bark.
        "grove": "#000305 #003432 #007258 #35b276 #9ae989 #fbffc9 "
        "#fff1a2 #f5b430 #b86a00 #602700 #100201",
        # City lights at night: violet, lavender, peach, coral, wine.
        "nocturne": "#050012 #2d0465 #652dbb #a177e8 #d9c2f6 #fdf6fc "
        "#ffecd8 #ffb589 #f55e67 #ab0753 #4e012f #0b010a",
        # Northern lights, of two waves: teal, green, ice, blue; then magenta, rose, lilac, violet.
        "aurora": "#01020a #002938 #0a7a67 #46cc6f #c8ff9e #ecfffd #a6d2ff #4b6bd4 "
        "#1f0a54 #730c5b #d93382 #ff9cba #fbdef0 #cf9ffa #7039c1 #19014b",
        # Spring: wine, rose, pale pink, lime, leaf green.
        "blossom": "#08000e #4a023d #a90959 #e7649a #fabcd8 #fff8f7 "
        "#edf7a8 #b2d046 #5c8e1b #1f4504 #020801",
    }.items()
}

# Points of the curve for each entry wanted; on them its length is measured.
_FINER = 8


def own_palette(name: str, entries: int, closed: bool) -> NDArray[np.float64]:
    """Return an own palette in linear light, shape (entries, 3).

    `closed` goes on from its last colour to its first; otherwise it ends at its last.
    """
    colours = [tuple(bytes.fromhex(colour[1:])) for colour in OWN_PALETTES[name]]
    controls = oklab_from_linear(linear_from_srgb(np.array(colours) / 255.0))
    return linear_from_oklab(_even_curve(controls, entries, closed))


def _even_curve(controls: NDArray[np.float64], entries: int, closed: bool) -> NDArray[np.float64]:
    """Return points at equal steps along a smooth curve that passes near its control points.

    Notes
    -----
    Uniform cubic B-spline: its curvature has no jumps, and it never leaves the convex hull of its
    control points. C. de Boor, A Practical Guide to Splines, 1978. The points are then spaced by
    arc length.
    """
    intervals = len(controls) if closed else len(controls) - 1
    position = np.linspace(0, intervals, _FINER * entries + 1)
    first = np.floor(position).astype(int)
    t = (position - first)[:, None]
    before, here, after, beyond = (controls[(first + k) % len(controls)] for k in range(-1, 3))
    curve = (
        before * (1 - t) ** 3
        + here * (4 - 6 * t**2 + 3 * t**3)
        + after * (1 + 3 * t + 3 * t**2 - 3 * t**3)
        + beyond * t**3
    ) / 6
    travelled = np.cumsum(np.linalg.norm(np.diff(curve, axis=0, prepend=curve[:1]), axis=1))
    wanted = np.linspace(0, travelled[-1], entries, endpoint=not closed)
    return np.stack([np.interp(wanted, travelled, values) for values in curve.T], axis=1)
