"""`still`: one frame as PNG, and what was computed for it."""

import io
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np

from pipeline.cli.opening import opened
from pipeline.cli.storing import read_stored, read_traced
from pipeline.config.load import Config
from pipeline.config.value import decimal_from
from pipeline.counts.compute import count_rows
from pipeline.counts.exr import write_exr
from pipeline.counts.orbits.tables import References
from pipeline.counts.row_blocks import RowCosts
from pipeline.counts.store import Store
from pipeline.drawing.frame import draw_rgb
from pipeline.errors import UsageError
from pipeline.geometry.decimals import canonical_text
from pipeline.geometry.view import View
from pipeline.kernels.results import Outcome
from pipeline.monitor.progress import followed
from pipeline.plan.outputs import Outputs
from pipeline.prepare.auto_maxiter import resolve_frames
from pipeline.prepare.histogram import with_histogram
from pipeline.prepare.reference_orbits import compute_orbits, steps_wanted
from pipeline.system.atomic_files import make_folder
from pipeline.system.machine import usable_cores
from pipeline.system.terminal import say, show
from pipeline.timeline.frames import Frame, FrameList
from pipeline.units import duration
from pipeline.workers.pool import SharedPool, Task
from pipeline.workers.processes import ProcessPool

_PICTURES = (".png", ".jpg", ".jpeg")
_JPEG_QUALITY = 90


def still(
    path: Path,
    root: Path,
    name: str | None,
    number: int | None,
    seconds: str | None,
    raw: Path | None,
    exr: Path | None,
    to: Path | None,
) -> None:
    """Write one frame as PNG, or to a file; `raw` and `exr` are for what is computed at its pixels.

    Raises
    ------
    UsageError
        The video has no such frame or time.
    """
    start = time.monotonic()
    if to is not None and to.suffix not in _PICTURES:
        raise UsageError(f"--to {to}: its ending should be one of {', '.join(_PICTURES)}")
    config = opened(path, name)
    outputs = Outputs.of(config, root)
    named = [file for file in (to, raw, exr) if file is not None]
    outputs.claim(*named)
    frames = resolve_frames(config, outputs)
    frame = _chosen(frames, config, number, seconds)
    target = to or outputs.still(frame.index if len(frames) > 1 else None)
    outputs.check(target)
    config = with_histogram(config, frames, outputs)
    make_folder(outputs.store.folder)
    workers = config.workers or usable_cores()
    tracing = exr is not None or config.look.tracing is not None
    with ProcessPool(workers, tracing=tracing) as pool, outputs.references() as references:
        orbits = compute_orbits(steps_wanted([frame.grid(1)]), references, pool)
        if raw is not None:
            reference_cpu_s = sum(orbit.cpu_s for orbit in orbits.values())
            outputs.write(raw, [_raw(frame, pool, references, reference_cpu_s)])
            show(str(raw))
        if exr is not None:
            with outputs.making(exr) as temporary:
                _write_exr(temporary, frame, outputs.store, pool, references)
            show(str(exr))
        picture = _drawn(frame, config, outputs, pool, references)
    outputs.write(target, [_encoded(picture, target.suffix)])
    show(f"{target} in {duration(time.monotonic() - start)}")


def _chosen(frames: FrameList, config: Config, number: int | None, seconds: str | None) -> Frame:
    if seconds is not None:
        try:
            return frames.at(Fraction(decimal_from(seconds)))
        except ValueError:
            last = float(config.keyframes[-1].time)
            raise UsageError(
                f"--time {seconds}: {config.path} runs from 0 to {last:g} seconds"
            ) from None
    if number is None:
        return frames[len(frames) - 1]
    try:
        return frames[number]
    except IndexError:
        raise UsageError(
            f"--frame {number}: {config.path} has frames 0 to {len(frames) - 1}"
        ) from None


def _drawn(
    frame: Frame, config: Config, outputs: Outputs, pool: SharedPool, references: References
) -> np.ndarray:
    """Return a frame's picture; its counts are stored, and computed where they are not."""
    supersample = config.quality.supersample
    grid = frame.grid(supersample, references)
    tracing = config.look.tracing
    grids = [grid] if tracing is None else [grid, grid.traced(tracing)]
    store = outputs.store
    return read_stored(
        grids,
        f"frame {frame.index}",
        store,
        pool,
        lambda: draw_rgb(store, grid, supersample, config.look, frame.time),
    )


def _raw(frame: Frame, pool: SharedPool, references: References, reference_cpu_s: float) -> bytes:
    """Return n, smooth and outcome of a frame's own pixels, and the view as text, for a file."""
    grid = frame.grid(1, references)
    shape = grid.rows, grid.columns
    n = np.empty(shape, np.int64)
    smooth = np.empty(shape, np.float64)
    outcome = np.empty(shape, np.uint8)
    blocks = [
        (grid.chunk_bounds(first)[0], grid.chunk_bounds(last - 1)[1])
        for first, last in RowCosts().blocks(grid, pool.row_workers, pool.block_s)
    ]
    iterations = 0
    compute_cpu_s = 0.0
    tasks = (
        Task(f"frame {frame.index}, rows {rows[0]} to {rows[1]}", count_rows, (grid, *rows), rows)
        for rows in blocks
    )
    say(f"counting the pixels of frame {frame.index}")
    for task, (counts, cpu_s) in followed(pool.results(tasks), len(blocks), "row blocks"):
        rows = slice(*task.tag)
        n[rows] = counts.n.reshape(-1, grid.columns)
        smooth[rows] = counts.smooth.reshape(-1, grid.columns)
        outcome[rows] = counts.outcome.reshape(-1, grid.columns)
        iterations += counts.iterations
        compute_cpu_s += cpu_s
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        n=n,
        smooth=smooth,
        outcome=outcome,
        outcome_names=np.array([name.name.lower() for name in Outcome]),
        maxiter=np.int64(frame.maxiter),
        iterations=np.int64(iterations),
        compute_cpu_s=np.float64(compute_cpu_s),
        reference_cpu_s=np.float64(reference_cpu_s),
        kernel=np.array(frame.arithmetic.name),
        **_view_as_text(frame.view),
    )
    return buffer.getvalue()


def _write_exr(
    path: Path, frame: Frame, store: Store, pool: SharedPool, references: References
) -> None:
    """Write counts and distances of a frame's own pixels; they are stored too."""
    grid = frame.grid(1, references)
    samples = read_traced(grid, f"frame {frame.index}", store, pool)
    assert samples.traces is not None
    write_exr(path, samples.smooth, samples.traces, float(frame.view.rotation))


def _view_as_text(view: View) -> dict[str, Any]:
    return {
        "center_re": np.array(canonical_text(view.center[0])),
        "center_im": np.array(canonical_text(view.center[1])),
        "width": np.array(canonical_text(view.width)),
        "rotation": np.array(canonical_text(view.rotation)),
    }


def _encoded(picture: np.ndarray, ending: str) -> bytes:
    """Return a picture as the bytes of a file with this ending."""
    quality: dict[str, Any] = {} if ending == ".png" else {"quality": _JPEG_QUALITY}
    data: bytes = iio.imwrite("<bytes>", picture, plugin="pillow", extension=ending, **quality)
    return data
