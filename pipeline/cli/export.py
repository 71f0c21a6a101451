"""`export`: a zoom's bands as OpenEXR files, the exponential map that zoomasm assembles."""

import time
from pathlib import Path

from pipeline.cli.opening import opened
from pipeline.cli.storing import read_traced
from pipeline.counts.exr import write_exr
from pipeline.errors import UsageError
from pipeline.plan.frame_plan import FramePlans
from pipeline.plan.outputs import Outputs
from pipeline.prepare.auto_maxiter import resolve_frames
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.system.machine import usable_cores
from pipeline.system.terminal import say, show
from pipeline.units import duration
from pipeline.workers.processes import ProcessPool


def export(path: Path, root: Path, name: str | None = None) -> None:
    """Write ``NAME-exr/000.exr`` and so on, an octave each from the outermost inwards.

    A row is a ring, a column an angle, counterclockwise from the real axis. What is not stored is
    computed, and stored.

    Raises
    ------
    UsageError
        No part of the video is made of bands.
    """
    start = time.monotonic()
    config = opened(path, name)
    outputs = Outputs.of(config, root)
    outputs.check()
    frames = resolve_frames(config, outputs)
    zooms = FramePlans(config, frames).zooms
    if not zooms:
        raise UsageError(f"{path}: its frames have their own grids; render.reuse: bands has bands")
    folder = root / f"{config.name}-exr"
    files = [folder / f"{n:03}.exr" for n in range(sum(len(zoom.bands) for zoom in zooms))]
    with (
        outputs.locked(*files),
        ProcessPool(config.workers or usable_cores(), tracing=True) as pool,
        outputs.references() as references,
    ):
        bands = [band.with_references(references) for zoom in zooms for band in zoom.bands]
        compute_orbits(steps_wanted(bands), references, pool)
        say(f"{len(bands)} bands")
        for number, (band, file) in enumerate(zip(bands, files, strict=True)):
            samples = read_traced(band, f"band {number}", outputs.store, pool)
            assert samples.traces is not None
            with outputs.making(file) as temporary:
                write_exr(temporary, samples.smooth, samples.traces, 0.0)
    show(f"{folder}: {len(files)} bands in {duration(time.monotonic() - start)}")
