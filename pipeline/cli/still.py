"""`still`: one frame as a picture, and what was computed for it."""

import io
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np

from pipeline.cli.opening import open_session
from pipeline.config.load import Config
from pipeline.config.value import decimal_from
from pipeline.counts.compute import count_rows
from pipeline.counts.exr import write_exr
from pipeline.counts.row_blocks import RowCosts
from pipeline.errors import UsageError
from pipeline.geometry.decimals import canonical_text
from pipeline.geometry.projection import FLAT
from pipeline.geometry.view import View
from pipeline.kernels.results import Outcome
from pipeline.monitor.progress import followed
from pipeline.prepare.stored import read_traced
from pipeline.session import Session
from pipeline.system.atomic_files import make_folder
from pipeline.system.invocation import command_for
from pipeline.system.terminal import say, show
from pipeline.timeline.frames import Frame, FrameList
from pipeline.units import duration
from pipeline.workers.pool import Task

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
    device: str | None = None,
) -> None:
    """Draw one frame of a config's video.

    Parameters
    ----------
    number, seconds
        The frame, by its number or its time; the last if both are None.
    raw, exr
        Files for the counts of its pixels: NumPy's .npz and OpenEXR.
    to
        Where the picture goes, if not to the output folder.
    device
        Name of the device that counts, if not as the config says.

    Raises
    ------
    UsageError
        The video has no such frame or time, its pixels are not computed each for itself, or the
        picture's ending is unknown.
    """
    start = time.monotonic()
    if to is not None and to.suffix not in _PICTURES:
        raise UsageError(f"--to {to}: its ending should be one of {', '.join(_PICTURES)}")
    with open_session(path, root, name, device=device) as session:
        outputs = session.outputs
        projection = session.config.encoding.projection
        if (raw or exr) and projection != FLAT:
            raise UsageError(
                f"{path}: --raw and --exr hold what was computed for each pixel, and the pixels of "
                f"video.projection: {projection} are drawn from bands; take projection: flat, or "
                f"{command_for('export', path)}"
            )
        named = [file for file in (to, raw, exr) if file is not None]
        outputs.claim(*named)
        frames = session.frames
        frame = _chosen(frames, session.config, number, seconds)
        target = to or outputs.still(frame.index if len(frames) > 1 else None)
        outputs.check(target)
        config = session.resolved
        make_folder(outputs.store.folder)
        if raw is not None:
            outputs.write(raw, [_raw(frame, session)])
            show(str(raw))
        if exr is not None:
            with outputs.making(exr) as temporary:
                _write_exr(temporary, frame, session)
            show(str(exr))
        picture = session.picture(frame, config, f"frame {frame.index}")
    outputs.write(target, [_encoded(picture, target.suffix)])
    show(f"{target} in {duration(time.monotonic() - start)}")


def _chosen(frames: FrameList, config: Config, number: int | None, seconds: str | None) -> Frame:
    if seconds is not None:
        try:
            return frames.at(Fraction(decimal_from(seconds)))
        except ValueError:
            last = float(frames.seconds)
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


def _raw(frame: Frame, session: Session) -> bytes:
    """Return n, smooth and outcome of a frame's own pixels, and the view as text, for a file."""
    pool = session.pool
    orbits = session.compute_orbits([frame.grid(1)])
    pool.start()
    grid = frame.grid(1, session.references)
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
        Task(
            f"frame {frame.index}, rows {rows[0]} to {rows[1]}",
            count_rows,
            (grid, *rows),
            rows,
            counts_grid=True,
        )
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
        reference_cpu_s=np.float64(sum(orbit.cpu_s for orbit in orbits.values())),
        kernel=np.array(frame.arithmetic.name),
        **_view_as_text(frame.view),
    )
    return buffer.getvalue()


def _write_exr(path: Path, frame: Frame, session: Session) -> None:
    """Write counts and distances of a frame's own pixels; they are stored too."""
    session.compute_orbits([frame.grid(1)])
    grid = frame.grid(1, session.references)
    samples = read_traced(grid, f"frame {frame.index}", session.outputs.store, session.pool)
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
