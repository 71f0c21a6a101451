"""Strips of the places: ``.venv/bin/python docs/tools/places.py [configs/places/NAME.yaml …]``.

Writes ``docs/places/NAME.jpg``, eight frames of each zoom, evenly in depth; of all places without
names.
"""

import re
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.config.load import load_config
from pipeline.geometry.decimals import log2
from pipeline.plan.outputs import Outputs
from pipeline.session import Session
from pipeline.system.atomic_files import make_folder
from pipeline.timeline.frames import FrameList

DOCS = Path(__file__).parent.parent
FRAMES, COLUMNS, ROWS = 8, 192, 108


def strip(path: Path, scratch: Path) -> None:
    """Write the strip of one config."""
    size = f"video: {{width: {COLUMNS}, height: {ROWS}, fps: 30}}"
    small = scratch / path.name
    text = path.read_text(encoding="utf-8")
    small.write_text(re.sub("^video:.*$", size, text, flags=re.MULTILINE), encoding="utf-8")
    config = load_config(small)
    outputs = Outputs.of(config, scratch / "output")
    with Session(outputs, config) as session:
        outputs.claim()
        make_folder(outputs.store.folder)
        frames = session.frames
        pictures = [
            session.picture(
                frames.at(time_at(frames, Fraction(k, FRAMES - 1))), session.resolved, f"{k}"
            )
            for k in range(FRAMES)
        ]
    target = DOCS / "places" / f"{path.stem}.jpg"
    Image.fromarray(np.concatenate(pictures, axis=1)).save(target, quality=85)


def time_at(frames: FrameList, part: Fraction) -> Fraction:
    """Return when a film has gone a part of its octaves, in seconds."""
    first, last = (log2(frames.at(time).view.width) for time in (Fraction(0), frames.seconds))
    wanted = first + float(part) * (last - first)
    low, high = Fraction(0), frames.seconds
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if log2(frames.at(middle).view.width) > wanted else (low, middle)
    return low if part < 1 else frames.seconds


if __name__ == "__main__":
    chosen = [Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        for config_path in chosen or sorted(Path("configs/places").glob("*.yaml")):
            strip(config_path, Path(folder))
