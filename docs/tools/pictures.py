"""Make the pictures of README and docs: ``.venv/bin/python docs/tools/pictures.py [NAME …]``.

Without names it makes them all, which renders `configs/seahorse.yaml` and some frames of
`configs/deep-1e50.yaml` where that is not done. `make gallery` makes those of the gallery.
"""

import math
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

import pipeline as mz
from pipeline.cli.main import main
from pipeline.colour.oklab import srgb_from_linear
from pipeline.colour.own_palettes import OWN_PALETTES, own_palette
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.config.load import load_config
from pipeline.drawing.picture import rgb8_from_light
from pipeline.plan.outputs import Outputs
from pipeline.session import Session

PICTURES = Path(__file__).parent.parent / "pictures"
OUTPUT = Path("output/docs")
CONFIG = "configs/seahorse.yaml"
SHOWN = (0, 55, 85, 110, 140, 180, 225, 262, 300, 345, 410, 520)
DEEP_CONFIG = "configs/deep-1e50.yaml"
DEEP_SHOWN = (0, 195, 380, 595, 742, 887, 1389, 1653, 1770, 2250, 2414, 2540)
FIRST_CONFIG = "configs/first-zoom.yaml"
FIRST_SHOWN = (0, 60, 95, 130, 170, 240)
COLUMNS = 4
SMALLER = 3

Picture = NDArray[np.uint8]

PROPERTIES = (
    "palette: dusk",
    'by: distance, period: 3, palette: ["#0c0f14", "#3d4a5c", "#c9b79c", "#f7f4ec", "#f7f4ec"]',
    'by: stripes, palette: ["#11151f", "#5b6b7f", "#e9dfc9", "#fbf7ee"]',
    'by: trap, palette: ["#02101f", "#1aa6a0", "#f6fbe9"]',
    'by: decomposition, palette: ["#14213d", "#fdf6e3"]',
    "palette: dusk, light: {azimuth: 135, elevation: 35, strength: 0.9}",
)
"""Properties in the order of the page "Colours"; the last is the count, lit."""
FINISHES = "bloom: 0", "bloom: 0.2", "fog: {}", "grain: 0.1"
"""Finishes in the order of the page "Colours"."""
FINISH_VIEW = """\
video: {width: 640, height: 360}
maxiter: 5000
render: {quality: best}
keyframes: [{time: 0, center: [-0.748, 0.0985], width: 0.012}]
"""
SEAM_VIEWS = (("-0.7463", "0.1102"), "0.005"), (("-0.743643887", "0.131825904"), "1e-6")
SEAM_TILES: tuple[tuple[int, Literal["auto", "none"]], ...] = (2, "none"), (2, "auto"), (8, "none")
"""Samples along each side of a pixel, and the tone of the finest detail."""
SEAM_COLUMNS = 320
PROPERTY_VIEW = """\
video: {width: 640, height: 360}
maxiter: 3000
render: {quality: best}
keyframes: [{time: 0, center: [-0.1592, 1.0317], width: 0.09}]
"""
PALETTE_VIEW = """\
video: {width: 640, height: 360}
maxiter: 5000
render: {quality: best}
keyframes:
  - time: 0
    center: ["-0.743643887037158704752191506114774", "0.131825904205311970493132056385139"]
    width: 3e-9
"""
STRIP_ROWS = 36
PROJECTED_VIEW = """\
video: {{{}}}
maxiter: 10000
keyframes:
  - time: 0
    center: ["-0.743643887037158704752191506114774", "0.131825904205311970493132056385139"]
    width: {}
"""
PROJECTED = {
    "equirectangular": ("width: 1280, height: 640, projection: equirectangular", "1.2e-5"),
    "fisheye": ("width: 800, height: 800, projection: fisheye", "9e-6"),
    "tunnel": ("width: 1280, height: 720, projection: tunnel", "2.5e-5"),
}
"""The size and the width of the view in each projection."""


def frames_of_video() -> list[Picture]:
    """Return some frames of the seahorse video."""
    reader = imageio_ffmpeg.read_frames(f"output/{Path(CONFIG).stem}.mp4")
    width, height = next(reader)["size"]
    return [
        np.frombuffer(data, np.uint8).reshape(height, width, 3)
        for index, data in enumerate(reader)
        if index in SHOWN
    ]


def stills(config: str, frames: tuple[int, ...]) -> list[Picture]:
    """Return some frames of a video, each made as a still."""
    pictures = []
    for index in frames:
        assert main(["still", config, "--frame", str(index)]) == 0
        pictures.append(iio.imread(f"output/{Path(config).stem}-{index:06}.png"))
    return pictures


def contact_sheet(frames: list[Picture], columns: int = COLUMNS, smaller: int = SMALLER) -> Picture:
    """Return frames side by side and smaller, each pixel the mean of `smaller`²."""
    tiles = []
    for whole in frames:
        height, width = whole.shape[:2]
        frame = whole[: height // smaller * smaller, : width // smaller * smaller]
        shape = (height // smaller, smaller, width // smaller, smaller, 3)
        tiles.append(frame.reshape(shape).mean(axis=(1, 3)).astype(np.uint8))
    rows = [np.hstack(tiles[first : first + columns]) for first in range(0, len(tiles), columns)]
    return np.vstack(rows)


def seahorse() -> Picture:
    """Return one frame of the seahorse video."""
    assert main(["still", CONFIG, "--frame", "207"]) == 0
    return iio.imread("output/seahorse-000207.png")


def seahorse_zoom() -> Picture:
    """Return twelve frames of the seahorse video."""
    assert main(["zoom", CONFIG]) == 0
    return contact_sheet(frames_of_video())


def properties() -> Picture:
    """Return one view by each property that a palette can show."""
    pictures = [
        coloured(f"property-{number}", colour, PROPERTY_VIEW)
        for number, colour in enumerate(PROPERTIES)
    ]
    return contact_sheet(pictures, columns=3, smaller=1)


def finish() -> Picture:
    """Return one view as it is, with bloom, with fog, and with grain."""
    pictures = [
        coloured(f"finish-{number}", f"palette: dusk, {more}", FINISH_VIEW)
        for number, more in enumerate(FINISHES)
    ]
    return contact_sheet(pictures, columns=2, smaller=1)


def seam() -> Picture:
    """Return two views with the palette's mean, with the seam, and in 8 × 8 samples a pixel."""
    config = load_config(Path(CONFIG))
    with Session(Outputs.of(config, OUTPUT), config) as session:
        look = session.resolved.look
    tiles = []
    with mz.Session(OUTPUT / "cache") as cache:
        for center, width in SEAM_VIEWS:
            for side, tone in SEAM_TILES:
                size = SEAM_COLUMNS * side, SEAM_COLUMNS * side * 9 // 16
                view = mz.View(center, width, size=size)
                smooth = np.asarray(cache.counts(view, maxiter=8000).smooth)
                shader = Shader(replace(look, seam=tone))
                light = shader.pixels(Samples(smooth, log2_px=-math.log2(side)), side)
                tiles.append(rgb8_from_light(light.transpose(0, 2, 1), 0))
    return contact_sheet(tiles, columns=len(SEAM_TILES), smaller=1)


def palettes() -> Picture:
    """Return one view by each of our own palettes, each over its turn from left to right."""
    pictures = []
    for name in OWN_PALETTES:
        picture = coloured(f"palette-{name}", f"palette: {name}", PALETTE_VIEW)
        turn = srgb_from_linear(own_palette(name, picture.shape[1], closed=True))
        strip = np.rint(255 * turn).astype(np.uint8)
        pictures.append(np.vstack([picture, np.tile(strip, (STRIP_ROWS, 1, 1))]))
    return contact_sheet(pictures, smaller=2)


def coloured(name: str, colour: str, view: str) -> Picture:
    """Return a view by the contents of a config's section `colour`."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    config = OUTPUT / f"{name}.yaml"
    config.write_text(f"colour: {{{colour}}}\n{view}", encoding="utf-8")
    assert main(["still", str(config), "--output", str(OUTPUT)]) == 0
    return iio.imread(OUTPUT / f"{name}.png")


def projected(name: str) -> Picture:
    """Return a view in a projection."""
    view = PROJECTED_VIEW.format(*PROJECTED[name])
    return contact_sheet([coloured(f"projection-{name}", "palette: dusk", view)], smaller=2)


MAKERS: dict[str, Callable[[], Picture]] = {
    "seahorse": seahorse,
    "seahorse-zoom": seahorse_zoom,
    "deep-zoom": lambda: contact_sheet(stills(DEEP_CONFIG, DEEP_SHOWN)),
    "first-zoom": lambda: contact_sheet(stills(FIRST_CONFIG, FIRST_SHOWN), columns=3, smaller=2),
    "properties": properties,
    "palettes": palettes,
    "finish": finish,
    "seam": seam,
    **{f"projection-{name}": partial(projected, name) for name in PROJECTED},
}


if __name__ == "__main__":
    for name in sys.argv[1:] or MAKERS:
        iio.imwrite(PICTURES / f"{name}.jpg", MAKERS[name](), quality=88)
