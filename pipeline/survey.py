"""A survey: a few small frames of the video, measured here and now, to say what the whole costs."""

import bisect
import math
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.config.load import Config
from pipeline.frames import FrameList
from pipeline.machine import children_cpu_s
from pipeline.pool import SharedPool, Task
from pipeline.references import References
from pipeline.video.encoding import Encoding
from pipeline.video.ffmpeg import FrameWriter
from pipeline.worker import SurveyedFrame, survey_frame

# Pixels of a surveyed frame: some milliseconds each, and enough that they are typical.
SURVEY_PIXELS = 20_000
# Places in the video, and neighbouring frames at each: an encoder lives on their likeness.
SURVEY_PLACES = 12
SURVEY_RUN = 5


@dataclass(frozen=True, slots=True)
class Survey:
    """What was measured, and what it says of any frame."""

    indices: list[int]
    """The surveyed frames."""
    sample_s: list[float]
    """CPU seconds to count a sample, at each of them."""
    sample_bytes: list[float]
    """Stored bytes of a sample, at each of them."""
    draw_pixel_s: float
    """CPU seconds to draw a pixel."""
    encode_pixel_s: float
    """CPU seconds to encode a pixel."""
    encode_pixel_bytes: float

    def compute_s(self, index: int, samples: int) -> float:
        """Return the CPU seconds to count a frame of so many samples."""
        return samples * _between(self.indices, self.sample_s, index)

    def stored_bytes(self, index: int, samples: int) -> float:
        """Return the bytes that a frame's counts take on disk."""
        return samples * _between(self.indices, self.sample_bytes, index)


def survey(config: Config, frames: FrameList, pool: SharedPool, references: References) -> Survey:
    """Measure a few frames spread over the video, small, through the real kernel and encoder."""
    starts = max(0, len(frames) - SURVEY_RUN)
    indices = sorted(
        {
            min(round(place * starts / (SURVEY_PLACES - 1)) + step, len(frames) - 1)
            for place in range(SURVEY_PLACES)
            for step in range(SURVEY_RUN)
        }
    )
    small = _small(config.encoding)
    surveyed: dict[int, SurveyedFrame] = {}
    tasks = (
        Task(
            f"survey of frame {frame.index}",
            survey_frame,
            (
                frame.sized(
                    small.columns * config.supersample, small.rows * config.supersample, references
                ),
                config.supersample,
                config.look,
                frame.time,
                small,
            ),
            frame.index,
        )
        for frame in map(frames.__getitem__, indices)
    )
    for task, result in pool.results(tasks):
        surveyed[task.tag] = result
    results = [surveyed[index] for index in indices]
    pictures = [result.planes for result in results]
    pixels = small.columns * small.rows
    # The difference of two runs leaves ffmpeg's start out; a still is all start.
    encoded = _encode(pictures, small)
    start = _encode(pictures[:1], small) if len(pictures) > 1 else _Encoded(0.0, 0)
    encoded_pixels = pixels * max(1, len(pictures) - 1)
    return Survey(
        indices=indices,
        sample_s=[result.count_s / result.samples for result in results],
        sample_bytes=[result.packed_bytes / result.samples for result in results],
        draw_pixel_s=sum(result.draw_s for result in results) / (len(results) * pixels),
        encode_pixel_s=max(0.0, encoded.cpu_s - start.cpu_s) / encoded_pixels,
        encode_pixel_bytes=encoded.size / (len(pictures) * pixels),
    )


def _small(encoding: Encoding) -> Encoding:
    """Return the same encoding at a size of about SURVEY_PIXELS."""
    factor = min(1.0, math.sqrt(SURVEY_PIXELS / (encoding.columns * encoding.rows)))
    columns, rows = (
        max(32, round(size * factor / 2) * 2) for size in (encoding.columns, encoding.rows)
    )
    return replace(encoding, columns=columns, rows=rows)


@dataclass(frozen=True, slots=True)
class _Encoded:
    cpu_s: float
    size: int


def _encode(pictures: list[list[bytes]], encoding: Encoding) -> _Encoded:
    """Return what encoding some pictures takes, ffmpeg's start included."""
    with tempfile.TemporaryDirectory(prefix="survey-") as folder:
        path = Path(folder) / "survey.mp4"
        cpu_s = children_cpu_s()
        writer = FrameWriter(path, encoding)
        for planes in pictures:
            writer.write(planes)
        writer.close()
        size = path.stat().st_size if path.exists() else 0
        return _Encoded(children_cpu_s() - cpu_s, size)


def _between(indices: list[int], values: list[float], index: int) -> float:
    """Interpolate linearly; constant beyond either end."""
    right = bisect.bisect_left(indices, index)
    if right == 0:
        return values[0]
    if right == len(indices):
        return values[-1]
    part = (index - indices[right - 1]) / (indices[right] - indices[right - 1])
    return values[right - 1] + part * (values[right] - values[right - 1])
