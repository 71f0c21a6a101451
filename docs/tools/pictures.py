"""Make the README's pictures anew: ``.venv/bin/python docs/make_pictures.py``.

It renders `configs/seahorse.yaml` where that is not done, and some frames of
`configs/deep-1e50.yaml`, and writes JPEG files beside itself.
"""

from pathlib import Path

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

from pipeline.cli.main import main

HERE = Path(__file__).parent
CONFIG = "configs/seahorse.yaml"
SHOWN = (0, 45, 75, 105, 130, 160, 180, 205, 235, 285, 325, 360)
DEEP_CONFIG = "configs/deep-1e50.yaml"
DEEP_SHOWN = (0, 290, 430, 560, 640, 715, 960, 1090, 1150, 1440, 1590, 1800)
COLUMNS = 4
SMALLER = 3


def frames_of_video() -> list[np.ndarray]:
    """Return some frames of the seahorse video."""
    reader = imageio_ffmpeg.read_frames(f"output/{Path(CONFIG).stem}.mp4")
    width, height = next(reader)["size"]
    return [
        np.frombuffer(data, np.uint8).reshape(height, width, 3)
        for index, data in enumerate(reader)
        if index in SHOWN
    ]


def deep_stills() -> list[np.ndarray]:
    """Return some frames of the deep zoom, each made as a still."""
    pictures = []
    for index in DEEP_SHOWN:
        assert main(["still", DEEP_CONFIG, "--frame", str(index)]) == 0
        pictures.append(iio.imread(f"output/{Path(DEEP_CONFIG).stem}-{index:06}.png"))
    return pictures


def contact_sheet(frames: list[np.ndarray]) -> np.ndarray:
    """Return frames side by side, a third of their size, each pixel the mean of nine."""
    tiles = []
    for whole in frames:
        height, width = whole.shape[:2]
        frame = whole[: height // SMALLER * SMALLER, : width // SMALLER * SMALLER]
        shape = (height // SMALLER, SMALLER, width // SMALLER, SMALLER, 3)
        tiles.append(frame.reshape(shape).mean(axis=(1, 3)).astype(np.uint8))
    rows = [np.hstack(tiles[first : first + COLUMNS]) for first in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


if __name__ == "__main__":
    assert main(["zoom", CONFIG]) == 0
    assert main(["still", CONFIG, "--frame", "165"]) == 0
    iio.imwrite(HERE / "seahorse-zoom.jpg", contact_sheet(frames_of_video()), quality=88)
    iio.imwrite(HERE / "seahorse.jpg", iio.imread("output/seahorse-000165.png"), quality=90)
    iio.imwrite(HERE / "deep-zoom.jpg", contact_sheet(deep_stills()), quality=88)
