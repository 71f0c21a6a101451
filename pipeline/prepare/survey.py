"""A survey: a few small pieces of the video, measured now, to estimate the cost of the whole."""

import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.config.load import Config
from pipeline.counts.orbits.tables import References
from pipeline.counts.sample_grid import SampleGrid
from pipeline.kernels.choice import band_arithmetic, planned_device
from pipeline.plan.estimate import Estimate, Survey, estimate
from pipeline.plan.work_plan import WorkPlan
from pipeline.prepare.probes import SurveyedFrame, SurveyedGrid, survey_frame, survey_grid
from pipeline.system.machine import children_cpu_s
from pipeline.system.temporary import run_folder
from pipeline.timeline.frames import Frame, FrameList
from pipeline.video.encoding import Encoding
from pipeline.video.ffmpeg import FrameWriter
from pipeline.workers.pool import SharedPool, Task

# Samples of a surveyed sample grid, and pixels of a picture: a few milliseconds of work each.
_SAMPLES = 20_000
# Sample grids in the order of computing; positions in the video, and consecutive frames at each:
# what an encoder saves depends on how alike they are.
_GRIDS = 16
_POSITIONS = 6
_RUN = 4
_BACK_AND_FORTH = 3
# Lower bound of the measured share of a core: less than this will not last.
_LEAST_SHARE = 0.1
# Cost of drawing a pixel from the bands, relative to colouring a sample: measured.
_LOOK_UP = 0.3


def survey(
    config: Config,
    frames: FrameList,
    grids: list[SampleGrid],
    pool: SharedPool,
    references: References,
) -> Survey:
    """Measure the cost of a few subsampled sample grids, and of a few small frames.

    Parameters
    ----------
    grids
        What is to be computed, in that order.
    """
    places = sorted({round(k * (len(grids) - 1) / (_GRIDS - 1))
                     for k in range(_GRIDS)}) if grids else []  # fmt: skip
    counted_too = {grid.key() for grid in grids if grid.tracing is None}
    starts = max(0, len(frames) - _RUN)
    indices = sorted(
        {
            min(round(place * starts / (_POSITIONS - 1)) + step, len(frames) - 1)
            for place in range(_POSITIONS)
            for step in range(_RUN)
        }
    )
    small = _small(config.encoding)
    tasks = [
        Task(
            "survey of what is to be computed",
            survey_grid,
            (
                grids[place].subsampled(_SAMPLES).with_references(references),
                grids[place].counted.key() in counted_too,
            ),
            ("grid", place),
        )
        for place in places
    ]
    for frame in map(frames.__getitem__, indices):
        grid = roughly(frame, small.columns, small.rows, config, references)
        arguments = (grid, config.look, frame.time, small)
        tasks.append(
            Task(f"survey of frame {frame.index}", survey_frame, arguments, ("frame", frame.index))
        )
    results: dict[tuple[str, int], Any] = {}
    for task, result in pool.results(tasks):
        results[task.tag] = result
    counted: list[SurveyedGrid] = [results["grid", place] for place in places]
    drawn: list[SurveyedFrame] = [results["frame", index] for index in indices]
    pictures = [picture.frame for picture in drawn]
    pixels = small.columns * small.rows
    # The difference of two runs leaves out the start of ffmpeg. Frames are played back and forth
    # at each position, so that encoding outweighs the start.
    runs = [pictures[k : k + _RUN] for k in range(0, len(pictures), _RUN)]
    longer = [picture for run in runs for picture in (run + run[::-1]) * _BACK_AND_FORTH]
    encoded = _encode(longer, small)
    start = _encode(pictures[:1], small) if len(pictures) > 1 else _Encoded(0.0, 0)
    encoded_pixels = pixels * max(1, len(longer) - 1)
    colour_s = sum(picture.colour_s for picture in drawn) / (len(drawn) * pixels)
    return Survey(
        positions=places,
        sample_s=[grid.count_s / grid.samples for grid in counted],
        sample_bytes=[grid.packed_bytes / grid.samples for grid in counted],
        colour_sample_s=colour_s,
        draw_pixel_s=colour_s * _LOOK_UP,
        planes_pixel_s=sum(picture.draw_s for picture in drawn) / (len(drawn) * pixels),
        encode_pixel_s=max(0.0, encoded.cpu_s - start.cpu_s) / encoded_pixels,
        encode_pixel_bytes=encoded.size / (len(longer) * pixels),
        core_fraction=_share(counted, drawn),
    )


def _share(counted: list[SurveyedGrid], drawn: list[SurveyedFrame]) -> float:
    """Return the share of a core that the workers had while they worked."""
    cpu_s = sum(each.count_s for each in counted)
    cpu_s += sum(each.colour_s + each.draw_s for each in drawn)
    wall_s = sum(each.wall_s for each in counted) + sum(each.wall_s for each in drawn)
    return min(1.0, max(_LEAST_SHARE, cpu_s / wall_s)) if wall_s > 0 else 1.0


def roughly(
    frame: Frame, columns: int, rows: int, config: Config, references: References
) -> SampleGrid:
    """Return a frame as a small sample grid, in the arithmetic that a band would have there."""
    return as_band(frame.sized(columns, rows, references), config)


def as_band(grid: SampleGrid, config: Config) -> SampleGrid:
    """Return a sample grid in the arithmetic that a band of its density would have."""
    arithmetic = band_arithmetic(
        grid.geometry.roundings_a_sample(),
        config.accuracy,
        planned_device(config.device, config.numbers),
    )
    return grid if arithmetic.needs_orbit else replace(grid, arithmetic=arithmetic, target=None)


def _small(encoding: Encoding) -> Encoding:
    """Return the same encoding at a size of about _SAMPLES."""
    factor = min(1.0, math.sqrt(_SAMPLES / (encoding.columns * encoding.rows)))
    columns, rows = (
        max(32, round(size * factor / 2) * 2) for size in (encoding.columns, encoding.rows)
    )
    return replace(encoding, columns=columns, rows=rows)


@dataclass(frozen=True, slots=True)
class _Encoded:
    cpu_s: float
    size: int


def _encode(pictures: list[NDArray[np.uint8]], encoding: Encoding) -> _Encoded:
    """Return the cost of encoding some pictures, with the start of ffmpeg."""
    with tempfile.TemporaryDirectory(prefix="survey-", dir=run_folder()) as folder:
        path = Path(folder) / "survey.mp4"
        cpu_s = children_cpu_s()
        writer = FrameWriter(path, encoding)
        for frame in pictures:
            writer.write(frame)
        writer.close()
        size = path.stat().st_size if path.exists() else 0
        return _Encoded(children_cpu_s() - cpu_s, size)


def estimated(
    work_plan: WorkPlan, pool: SharedPool, references: References, workers: int
) -> Estimate:
    """Estimate the cost of a plan, whose reference orbits are computed, by a survey."""
    measured = survey(work_plan.config, work_plan.frames, work_plan.grids, pool, references)
    return estimate(
        work_plan.config, measured, work_plan.frame_plans, work_plan.wanted,
        list(work_plan.missing.items()), work_plan.painted_samples, work_plan.spans(), workers,
        pool.remote_workers,
    )  # fmt: skip  # in signature order
