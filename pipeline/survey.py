"""A survey: a few small frames of the video, measured here and now, to say what the whole costs."""

import bisect
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.canvas import Canvas
from pipeline.config.load import Config
from pipeline.frames import Frame, FrameList
from pipeline.kernels.choice import band_kernel_for
from pipeline.machine import children_cpu_s
from pipeline.pool.shared import SharedPool, Task
from pipeline.references import References
from pipeline.temporary import run_folder
from pipeline.video.encoding import Encoding
from pipeline.video.ffmpeg import FrameWriter
from pipeline.worker import SurveyedCanvas, SurveyedFrame, survey_canvas, survey_frame

# Samples of a surveyed canvas and pixels of a picture: some milliseconds each, and typical.
SURVEY_SAMPLES = 20_000
# Places in the order of computing, places in the video, and neighbouring frames at each of these:
# an encoder lives on their likeness.
SURVEY_CANVASES = 16
SURVEY_PLACES = 6
SURVEY_RUN = 4
_BACK_AND_FORTH = 3
# With less of a core than this the machine is at something that will not last.
_LEAST_SHARE = 0.1
# What a look-up of a pixel in the bands costs, in colourings of a sample: measured.
_LOOK_UP = 0.3


@dataclass(frozen=True, slots=True)
class Survey:
    """What was measured, and what it says of any canvas and any frame."""

    places: list[int]
    """The surveyed canvases, by their place in the order of computing."""
    sample_s: list[float]
    """CPU seconds to count a sample, at each of them."""
    sample_bytes: list[float]
    """Stored bytes of a sample, at each of them."""
    colour_sample_s: float
    """CPU seconds to colour a sample."""
    draw_pixel_s: float
    """CPU seconds to draw a pixel from bands."""
    planes_pixel_s: float
    """CPU seconds to turn a pixel's light into what the encoder takes."""
    encode_pixel_s: float
    """CPU seconds to encode a pixel."""
    encode_pixel_bytes: float
    share: float
    """Share of a core that a worker had while others were at work on this machine; 1 alone."""

    def compute_s(self, place: int, samples: int) -> float:
        """Return the CPU seconds to count so many samples of a canvas."""
        return samples * _between(self.places, self.sample_s, place)

    def stored_bytes(self, place: int, samples: int) -> float:
        """Return the bytes that so many samples of a canvas take on disk."""
        return samples * _between(self.places, self.sample_bytes, place)


def survey(
    config: Config,
    frames: FrameList,
    canvases: list[Canvas],
    pool: SharedPool,
    references: References,
) -> Survey:
    """Measure a few of the canvases, thinned, and a few frames, small, through kernel and encoder.

    Parameters
    ----------
    canvases : list of Canvas
        What is to be computed, in that order.
    """
    places = sorted({round(k * (len(canvases) - 1) / (SURVEY_CANVASES - 1))
                     for k in range(SURVEY_CANVASES)}) if canvases else []  # fmt: skip
    starts = max(0, len(frames) - SURVEY_RUN)
    indices = sorted(
        {
            min(round(place * starts / (SURVEY_PLACES - 1)) + step, len(frames) - 1)
            for place in range(SURVEY_PLACES)
            for step in range(SURVEY_RUN)
        }
    )
    small = _small(config.encoding)
    tasks = [
        Task(
            "survey of what is to be computed",
            survey_canvas,
            (canvases[place].thinned(SURVEY_SAMPLES).against(references),),
            ("canvas", place),
        )
        for place in places
    ]
    for frame in map(frames.__getitem__, indices):
        canvas = roughly(frame, small.columns, small.rows, config, references)
        arguments = (canvas, config.look, frame.time, small)
        tasks.append(
            Task(f"survey of frame {frame.index}", survey_frame, arguments, ("frame", frame.index))
        )
    results: dict[tuple[str, int], Any] = {}
    for task, result in pool.results(tasks):
        results[task.tag] = result
    counted: list[SurveyedCanvas] = [results["canvas", place] for place in places]
    drawn: list[SurveyedFrame] = [results["frame", index] for index in indices]
    pictures = [picture.frame for picture in drawn]
    pixels = small.columns * small.rows
    # The difference of two runs leaves ffmpeg's start out; a still is all start. Back and forth in
    # each place: what encoding takes is not lost in what starting takes.
    runs = [pictures[k : k + SURVEY_RUN] for k in range(0, len(pictures), SURVEY_RUN)]
    longer = [picture for run in runs for picture in (run + run[::-1]) * _BACK_AND_FORTH]
    encoded = _encode(longer, small)
    start = _encode(pictures[:1], small) if len(pictures) > 1 else _Encoded(0.0, 0)
    encoded_pixels = pixels * max(1, len(longer) - 1)
    colour_s = sum(picture.colour_s for picture in drawn) / (len(drawn) * pixels)
    return Survey(
        places=places,
        sample_s=[canvas.count_s / canvas.samples for canvas in counted],
        sample_bytes=[canvas.packed_bytes / canvas.samples for canvas in counted],
        colour_sample_s=colour_s,
        draw_pixel_s=colour_s * _LOOK_UP,
        planes_pixel_s=sum(picture.draw_s for picture in drawn) / (len(drawn) * pixels),
        encode_pixel_s=max(0.0, encoded.cpu_s - start.cpu_s) / encoded_pixels,
        encode_pixel_bytes=encoded.size / (len(longer) * pixels),
        share=_share(counted, drawn),
    )


def _share(counted: list[SurveyedCanvas], drawn: list[SurveyedFrame]) -> float:
    """Return how much of the time that the workers were at work they had a core."""
    cpu_s = sum(each.count_s for each in counted)
    cpu_s += sum(each.colour_s + each.draw_s for each in drawn)
    wall_s = sum(each.wall_s for each in counted) + sum(each.wall_s for each in drawn)
    return min(1.0, max(_LEAST_SHARE, cpu_s / wall_s)) if wall_s > 0 else 1.0


def roughly(
    frame: Frame, columns: int, rows: int, config: Config, references: References
) -> Canvas:
    """Return a frame as a small canvas, by the kernel that would serve it in a band."""
    canvas = frame.sized(columns, rows, references)
    kernel = band_kernel_for(canvas.grid.roundings_a_sample(), config.accuracy)
    return canvas if kernel.deep else replace(canvas, kernel=kernel, target=None)


def _small(encoding: Encoding) -> Encoding:
    """Return the same encoding at a size of about SURVEY_SAMPLES."""
    factor = min(1.0, math.sqrt(SURVEY_SAMPLES / (encoding.columns * encoding.rows)))
    columns, rows = (
        max(32, round(size * factor / 2) * 2) for size in (encoding.columns, encoding.rows)
    )
    return replace(encoding, columns=columns, rows=rows)


@dataclass(frozen=True, slots=True)
class _Encoded:
    cpu_s: float
    size: int


def _encode(pictures: list[NDArray[np.uint8]], encoding: Encoding) -> _Encoded:
    """Return what encoding some pictures takes, ffmpeg's start included."""
    with tempfile.TemporaryDirectory(prefix="survey-", dir=run_folder()) as folder:
        path = Path(folder) / "survey.mp4"
        cpu_s = children_cpu_s()
        writer = FrameWriter(path, encoding)
        for frame in pictures:
            writer.write(frame)
        writer.close()
        size = path.stat().st_size if path.exists() else 0
        return _Encoded(children_cpu_s() - cpu_s, size)


def _between(places: list[int], values: list[float], place: int) -> float:
    """Interpolate linearly; constant beyond either end."""
    right = bisect.bisect_left(places, place)
    if right == 0:
        return values[0]
    if right == len(places):
        return values[-1]
    part = (place - places[right - 1]) / (places[right] - places[right - 1])
    return values[right - 1] + part * (values[right] - values[right - 1])
