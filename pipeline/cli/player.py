"""`player`: a page in which the zoom is scrubbed and zoomed by hand, offline."""

import time
from pathlib import Path

from pipeline.cli.opening import open_session
from pipeline.errors import UsageError
from pipeline.player.page import write_file, write_folder
from pipeline.player.pictures import count_missing, pictures_of
from pipeline.player.scene import Scene
from pipeline.system.terminal import say, show
from pipeline.units import duration, size

# A page of more samples, some 200 MB, would be more than a phone opens: it becomes a folder.
_MOST_SAMPLES_OF_A_FILE = 500_000_000


def player(path: Path, root: Path, name: str | None = None, folder: bool = False) -> None:
    """Write ``NAME-player.html``; or ``NAME-player/`` for a very deep zoom, or where asked to.

    Counts that are not stored are computed, and stored.

    Raises
    ------
    UsageError
        No part of the video can be drawn from bands.
    """
    start = time.monotonic()
    with open_session(path, root, name) as session:
        config, outputs = session.config, session.outputs
        outputs.check()
        scene = Scene.of(config, session.frames)
        if not scene.zooms:
            raise UsageError(
                f"{path}: the target lies too far off the picture for rings around it, all the time"
            )
        for leg in scene.left_out:
            say(
                f"{float(leg.start.time):g} to {float(leg.end.time):g} s are left out: the target "
                "lies too far off the picture for rings around it"
            )
        in_folder = folder or scene.samples > _MOST_SAMPLES_OF_A_FILE
        target = root / f"{config.name}-player{'' if in_folder else '.html'}"
        with outputs.locked(target):
            look = session.resolved.look
            count_missing(scene, session, look)
            pictures = pictures_of(scene, session, look)
            with outputs.making(target) as temporary:
                write = write_folder if in_folder else write_file
                write(temporary, config.title, scene.facts(), pictures)
        files = list(target.iterdir()) if in_folder else [target]
        page_bytes = sum(file.stat().st_size for file in files)
    show(f"{target} ({size(page_bytes)}) in {duration(time.monotonic() - start)}")
