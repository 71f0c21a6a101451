"""A film's player, the work of a `FilmProcess`: its bands, counted and coloured at low quality."""

import math
import sys
from dataclasses import replace
from pathlib import Path

from pipeline.config.coarse import coarse
from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.explorer.film_process import answered
from pipeline.plan.outputs import Outputs
from pipeline.player.page import write_file
from pipeline.player.pictures import count_missing, pictures_of
from pipeline.player.scene import Scene
from pipeline.session import Session
from pipeline.system.atomic_files import make_folder
from pipeline.system.temporary import run_folder
from pipeline.timeline.frames import FrameList

# The larger side of a film's pictures, in pixels, by its octaves at most: seconds are waited for,
# minutes only far down.
_SIDES = (60.0, 320), (120.0, 160), (math.inf, 96)


def player_page(path: Path, text: str, _root: Path) -> bytes:
    """Return the page that plays a config's film from coarse bands; nothing of it is stored.

    Raises
    ------
    ConfigError, UsageError
        The config has faults, or no part of it can be drawn from bands.
    """
    config = load_config(path, text)
    octaves = sum(leg.octaves for leg in FrameList(config).legs)
    side = next(side for most, side in _SIDES if octaves <= most)
    largest = max(config.encoding.columns, config.encoding.rows)
    small = coarse(config, max(1.0, largest / side))
    folder = run_folder() / "player"
    # The config's own name may be longer than a file's with this ending.
    outputs = replace(Outputs.of(small, folder), name="film")
    with Session(outputs, small, cluster=False, say=lambda _: None) as session:
        scene = Scene.of(small, session.frames)
        if not scene.zooms:
            raise UsageError("the target lies too far off the picture for rings around it")
        outputs.claim()
        make_folder(outputs.store.folder)
        look = session.resolved.look
        count_missing(scene, session, look)
        page = folder / "film.html"
        write_file(page, config.title, scene.facts(), pictures_of(scene, session, look))
    return page.read_bytes()


if __name__ == "__main__":
    sys.exit(answered(player_page))
