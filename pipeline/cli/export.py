"""`export`: the bands of a zoom as OpenEXR files, the exponential map that zoomasm assembles."""

import time
from pathlib import Path

from pipeline.cli.opening import open_session
from pipeline.counts.exr import write_exr
from pipeline.errors import UsageError
from pipeline.plan.frame_plan import FramePlans
from pipeline.prepare.stored import read_traced
from pipeline.system.terminal import say, show
from pipeline.units import duration


def export(path: Path, root: Path, name: str | None = None) -> None:
    """Write ``NAME-exr/000.exr`` and so on, one octave per file, from the outermost inwards.

    A row is a ring, a column an angle, counterclockwise from the real axis. Counts that are not
    stored are computed, and stored.

    Raises
    ------
    UsageError
        No frame of the video is drawn from bands.
    """
    start = time.monotonic()
    with open_session(path, root, name) as session:
        config, outputs = session.config, session.outputs
        outputs.check()
        zooms = FramePlans(config, session.frames).zooms
        if not zooms:
            raise UsageError(
                f"{path}: its frames have their own grids; render.reuse: bands has bands"
            )
        folder = root / f"{config.name}-exr"
        files = [folder / f"{n:03}.exr" for n in range(sum(len(zoom.bands) for zoom in zooms))]
        with outputs.locked(*files):
            bands = [band for zoom in zooms for band in zoom.bands]
            session.compute_orbits(bands)
            say(f"{len(bands)} bands")
            for number, (band, file) in enumerate(zip(bands, files, strict=True)):
                grid = band.with_references(session.references)
                samples = read_traced(grid, f"band {number}", outputs.store, session.pool)
                assert samples.traces is not None
                with outputs.making(file) as temporary:
                    write_exr(temporary, samples.smooth, samples.traces, 0.0)
    show(f"{folder}: {len(files)} bands in {duration(time.monotonic() - start)}")
