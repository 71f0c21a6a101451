"""Draw the diagrams of "How it works": ``.venv/bin/python docs/tools/diagrams.py``.

It takes half a minute, and writes into `docs/pictures`.
"""

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from pipeline.colour.own_palettes import OWN_PALETTES

PICTURES = Path(__file__).parent.parent / "pictures"
DUSK = OWN_PALETTES["dusk"]
COLOURS = LinearSegmentedColormap.from_list("dusk", [*DUSK, DUSK[0]])
TARGET = -0.743643887037158704752191506114774 + 0.131825904205311970493132056385139j
WIDTH = 0.014
"""Width of the outer frame on the real axis."""
ASPECT = 9 / 16
OCTAVES = 6
ZOOMED = 2
"""Octaves from the outer frame to the inner."""
OUTER, INNER = "#ffd23f", "#ff5d8f"
MAXITER = 3000
BAILOUT = 1e3


def smooth_counts(points: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Return the smooth count of each point; NaN where none escapes."""
    c = points.reshape(-1)
    nu = np.full(c.shape, np.nan)
    left = np.arange(c.size)
    z = np.zeros_like(c)
    for n in range(MAXITER):
        z = z * z + c[left]
        size = np.abs(z)
        out = size > BAILOUT
        nu[left[out]] = n + 2 - np.log2(np.log2(size[out]))
        left, z = left[~out], z[~out]
    return nu.reshape(points.shape)


def coloured(points: NDArray[np.complex128], samples: int = 2) -> NDArray[np.float64]:
    """Return the picture of a grid of points, each pixel the mean of `samples`² of them."""
    rgb = COLOURS((np.sqrt(smooth_counts(points)) / 8 + 0.05) % 1)[..., :3]
    rgb[np.isnan(rgb).any(axis=-1)] = 0
    rows, columns = (size // samples for size in points.shape)
    tiles = rgb[: rows * samples, : columns * samples]
    return tiles.reshape(rows, samples, columns, samples, 3).mean(axis=(1, 3))


def corner() -> float:
    """Return the radius at which a point leaves the outer frame by a corner."""
    return WIDTH / 2 * float(np.hypot(1, ASPECT))


def frame_outline() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return angle and radius along the outer frame's border."""
    angles = np.linspace(0, 2 * np.pi, 2001)
    across = WIDTH / 2 / np.maximum(np.abs(np.cos(angles)), 1e-12)
    up = WIDTH / 2 * ASPECT / np.maximum(np.abs(np.sin(angles)), 1e-12)
    return angles, np.minimum(across, up)


def draw_frame(axes: Axes) -> None:
    """Draw the frame, the rings around its middle, and the frame two octaves deeper."""
    columns = 1440
    rows = round(columns * ASPECT)
    x = (np.arange(columns) + 0.5) / columns - 0.5
    y = (0.5 - (np.arange(rows) + 0.5) / rows) * ASPECT
    picture = coloured(TARGET + WIDTH * (x[None, :] + 1j * y[:, None]))
    axes.imshow(picture, extent=(-0.5, 0.5, -ASPECT / 2, ASPECT / 2))
    for octave in range(OCTAVES):
        radius = corner() / WIDTH / 2**octave
        axes.add_patch(plt.Circle((0, 0), radius, fill=False, color="white", lw=1.1))
    angles, radii = frame_outline()
    for scale, colour in ((1.0, OUTER), (0.5**ZOOMED, INNER)):
        r = radii / WIDTH * scale * 0.997
        axes.plot(r * np.cos(angles), r * np.sin(angles), color=colour, lw=3)
    axes.set_xlim(-0.5, 0.5)
    axes.set_ylim(-ASPECT / 2, ASPECT / 2)
    axes.set_title("A frame, and rings around the zoom's target")


def draw_strip(axes: Axes) -> None:
    """Draw the same points unrolled: a turn across, an octave of radius to each band."""
    columns, rows = 1600, 250 * OCTAVES
    angles = (np.arange(columns) + 0.5) / columns * 2 * np.pi
    octaves = (np.arange(rows) + 0.5) / rows * OCTAVES
    radii = corner() * 2.0**-octaves
    picture = coloured(TARGET + radii[:, None] * np.exp(1j * angles)[None, :])
    axes.imshow(picture, extent=(0, 360, OCTAVES, 0), aspect="auto")
    for octave in range(1, OCTAVES):
        axes.axhline(octave, color="white", lw=1.1)
    outline, reach = frame_outline()
    for deeper, colour in ((0, OUTER), (ZOOMED, INNER)):
        depth = np.log2(corner() / reach) + deeper
        axes.plot(np.degrees(outline), np.maximum(depth, 0.02), color=colour, lw=3)
    axes.set_xticks(range(0, 361, 90), ["0°", "90°", "180°", "270°", "360°"])
    axes.set_yticks(
        [octave + 0.5 for octave in range(OCTAVES)],
        [f"band {octave + 1}" for octave in range(OCTAVES)],
    )
    axes.tick_params(axis="y", length=0)
    axes.set_title("The same points as bands: angle across, log radius down")


def bands() -> Figure:
    """Return the diagram of a frame and its bands."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(14, 5.2), width_ratios=(1.35, 1), layout="constrained"
    )
    draw_frame(left)
    left.set_axis_off()
    draw_strip(right)
    return figure


def perturbed(offset: complex) -> tuple[list[float], list[float], list[int]]:
    """Return |z| and |d| at each step of a pixel so far from the target, and where it rebases."""
    reference = [0j]
    while abs(reference[-1]) < BAILOUT and len(reference) < MAXITER:
        reference.append(reference[-1] ** 2 + TARGET)
    sizes, deltas, rebases = [], [], []
    d, index = 0j, 0
    while len(sizes) < MAXITER:
        d = (2 * reference[index] + d) * d + offset
        index += 1
        z = reference[index] + d
        sizes.append(abs(z))
        deltas.append(abs(d))
        if abs(z) > 2:
            break
        if abs(z) < abs(d):
            d, index = z, 0
            rebases.append(len(sizes))
    return sizes, deltas, rebases


def orbits() -> Figure:
    """Return the diagram of a pixel's orbit as its difference from the reference's."""
    sizes, deltas, rebases = perturbed(2.3e-10 * np.exp(2.6j))
    n = np.arange(1, len(sizes) + 1)
    figure, axes = plt.subplots(figsize=(10, 3.9), layout="constrained")
    axes.axhline(2, color="#999999", lw=1, ls="--")
    axes.semilogy(n, sizes, color="#8fb7e3", lw=0.6, label="|z|, the pixel's orbit")
    axes.semilogy(n, deltas, color="#b8431c", lw=1.6, label="|d|, what is iterated")
    at = np.array(rebases) - 1
    axes.plot(n[at], np.array(deltas)[at], "o", color="#3a0d2e", ms=6, label="rebase: |z| < |d|")
    axes.set_xlabel("step")
    axes.set_xlim(0, n[-1] + 20)
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save_jpeg(figure: Figure, name: str) -> None:
    """Write a figure as a JPEG, small enough for a page."""
    bytes_ = io.BytesIO()
    figure.savefig(bytes_, dpi=110, format="png")
    Image.open(bytes_).convert("RGB").save(PICTURES / name, quality=86, optimize=True)


if __name__ == "__main__":
    mpl.rcParams.update({"font.size": 12, "axes.titlesize": 13})
    save_jpeg(bands(), "bands.jpg")
    orbits().savefig(PICTURES / "orbits.png", dpi=110)
