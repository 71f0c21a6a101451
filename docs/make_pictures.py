"""Make the README's pictures anew: ``.venv/bin/python docs/make_pictures.py``.

It renders `configs/seahorse.yaml` where that is not done, and writes JPEG files beside itself.
"""

from pathlib import Path

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np

from pipeline.cli import main

HERE = Path(__file__).parent
CONFIG = "configs/seahorse.yaml"
SHOWN = (0, 45, 75, 105, 130, 160, 180, 205, 235, 285, 325, 360)
COLUMNS = 4
SMALLER = 3


def contact_sheet() -> np.ndarray:
    """Return frames from the whole zoom, a third of their size, each pixel the mean of nine."""
    reader = imageio_ffmpeg.read_frames(f"output/{Path(CONFIG).stem}.mp4")
    width, height = next(reader)["size"]
    tiles = []
    for index, data in enumerate(reader):
        if index in SHOWN:
            frame = np.frombuffer(data, np.uint8).reshape(height, width, 3)
            frame = frame[: height // SMALLER * SMALLER, : width // SMALLER * SMALLER]
            shape = (height // SMALLER, SMALLER, width // SMALLER, SMALLER, 3)
            tiles.append(frame.reshape(shape).mean(axis=(1, 3)).astype(np.uint8))
    rows = [np.hstack(tiles[first : first + COLUMNS]) for first in range(0, len(tiles), COLUMNS)]
    return np.vstack(rows)


if __name__ == "__main__":
    assert main(["zoom", CONFIG]) == 0
    assert main(["still", CONFIG, "--frame", "165"]) == 0
    iio.imwrite(HERE / "seahorse-zoom.jpg", contact_sheet(), quality=88)
    iio.imwrite(HERE / "seahorse.jpg", iio.imread("output/seahorse-000165.png"), quality=90)
