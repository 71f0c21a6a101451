"""Sheets and curves of whole films: 24 frames each, and what the eye gets in them, over time.

``.venv/bin/python docs/tools/films.py configs/seahorse.yaml …`` writes ``docs/pictures/films/``:
``NAME.jpg``, the frames, and ``NAME.png``, the curves; and prints what ends too flat or too dark.
"""

import re
import sys
from fractions import Fraction
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from pipeline.colour.oklab import linear_from_srgb, oklab_from_linear
from pipeline.config.load import load_config
from pipeline.geometry.decimals import log2
from pipeline.plan.outputs import Outputs
from pipeline.session import Session
from pipeline.system.atomic_files import make_folder
from pipeline.system.terminal import show
from pipeline.timeline.frames import FrameList

matplotlib.use("Agg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).parent.parent
FRAMES, ACROSS = 24, 4
COLUMNS, ROWS = 256, 144
# Levels of 255 that are black but for the dither; and Oklab's chroma below which there is no hue.
BLACK, GREY = 3, 0.04
HUES = 24
STEP = Fraction(1, 20)


def figures(picture: np.ndarray) -> dict[str, float]:
    """Return what the eye gets of a picture, 8-bit sRGB of shape (rows, columns, 3)."""
    lab = oklab_from_linear(linear_from_srgb(picture.reshape(-1, 3) / 255.0))
    low, high = np.quantile(lab, [0.1, 0.9], axis=0)
    coloured = lab[np.hypot(lab[:, 1], lab[:, 2]) > GREY]
    turns = np.arctan2(coloured[:, 2], coloured[:, 1]) / (2 * np.pi) % 1
    often = np.bincount((turns * HUES).astype(int), minlength=HUES) / len(lab)
    return {
        "black share": float(np.mean(picture.max(axis=2) <= BLACK)),
        "lightness": float(lab[:, 0].mean()),
        "span of colours": float(np.linalg.norm(high - low)),
        "hues": float((often > 0.02).sum()),
    }


def film(path: Path, scratch: Path) -> None:
    """Write the sheet and the curves of one config."""
    size = f"video: {{width: {COLUMNS}, height: {ROWS}, fps: 30}}"
    small = scratch / path.name
    text = path.read_text(encoding="utf-8")
    small.write_text(re.sub("^video:.*$", size, text, flags=re.MULTILINE), encoding="utf-8")
    config = load_config(small)
    outputs = Outputs.of(config, scratch / "output")
    pictures, rows = [], []
    with Session(outputs, config) as session:
        outputs.claim()
        make_folder(outputs.store.folder)
        frames = session.frames
        for number in range(FRAMES):
            time = frames.seconds * Fraction(number, FRAMES - 1)
            picture = session.picture(frames.at(time), session.resolved, f"{float(time):.1f} s")
            pictures.append(picture)
            speed = {"octaves a second": octaves_a_second(frames, time)}
            rows.append({"time": float(time), **speed, **figures(picture)})
    folder = ROOT / "pictures" / "films"
    folder.mkdir(exist_ok=True)
    down = [np.concatenate(pictures[k : k + ACROSS], axis=1) for k in range(0, FRAMES, ACROSS)]
    Image.fromarray(np.concatenate(down)).save(folder / f"{path.stem}.jpg", quality=82)
    curves(rows, folder / f"{path.stem}.png")
    spans = [row["span of colours"] for row in rows]
    show(
        f"{path.stem}: at most {max(row['black share'] for row in rows):.0%} black; colours span "
        f"{min(spans):.2f} to {max(spans):.2f}, {min(spans) / np.mean(spans[:3]):.2f} of the first "
        f"frames' at least; {max(row['octaves a second'] for row in rows):.2f} octaves a second"
    )


def octaves_a_second(frames: FrameList, time: Fraction) -> float:
    """Return how fast the zoom goes at a time, in or out."""
    before, after = max(time - STEP, Fraction(0)), min(time + STEP, frames.seconds)
    first, last = (log2(frames.at(moment).view.width) for moment in (before, after))
    return abs(first - last) / float(after - before)


def curves(rows: list[dict[str, float]], target: Path) -> None:
    """Plot each figure over time."""
    names = [name for name in rows[0] if name != "time"]
    figure, axes = plt.subplots(len(names), 1, figsize=(7, 7), sharex=True)
    for axis, name in zip(axes, names, strict=True):
        axis.plot([row["time"] for row in rows], [row[name] for row in rows], color="#2f7fc4")
        axis.set_ylabel(name, fontsize=8)
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("seconds")
    figure.tight_layout()
    figure.savefig(target, dpi=90)
    plt.close(figure)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:]:
            film(Path(name), Path(folder))
