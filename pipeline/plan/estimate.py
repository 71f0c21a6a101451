"""The estimate of a render: time, memory and disk, from the measurements of a survey."""

import bisect
from dataclasses import dataclass

from pipeline.config.load import Config
from pipeline.errors import RenderError
from pipeline.plan.frame_plan import FramePlans
from pipeline.plan.outputs import Outputs
from pipeline.plan.segments import SEGMENT_FRAMES
from pipeline.system.machine import (
    available_memory_bytes,
    disk_space,
    usable_cores,
)
from pipeline.units import size
from pipeline.video.encoding import THREADS

# Memory of the processes before any picture, and what each pixel adds in the encoder and in the
# textures; measured at 720p, 1080p and 4K on x86-64 (375, 495 and 1000 MB in all).
PARENT_BYTES = 100_000_000
WORKER_BYTES = 36_000_000
ENCODER_BYTES = 65_000_000
ENCODER_PIXEL_BYTES = 24
TEXTURES_BYTES = 40_000_000
TEXTURES_PIXEL_BYTES = {"flat": 50, "equirectangular": 27, "fisheye": 58, "tunnel": 24}
"""By projection: those beside flat are what two neighbouring pictures show."""
# Pictures besides one for each worker: drawn, sent, or on their way into the encoder.
WAITING_PICTURES = 6
# Where counts do not stay: frames from the first that is not encoded to the last that is counted.
KEPT_FRAMES = 2 * SEGMENT_FRAMES
_LEAST_FREE_BYTES = 200_000_000
_LEAST_FREE_FRACTION = 0.01
# Moments of the video at which disk use is estimated.
_MOMENTS = 100


@dataclass(frozen=True, slots=True)
class Survey:
    """Measured costs of a few sample grids and frames, from which those of all follow."""

    positions: list[int]
    """Positions of the surveyed sample grids in the order of computing."""
    sample_s: list[float]
    """CPU seconds to count a sample of each."""
    sample_bytes: list[float]
    """Stored bytes of a sample of each."""
    colour_sample_s: float
    """CPU seconds to colour a sample."""
    draw_pixel_s: float
    """CPU seconds to draw a pixel from bands."""
    planes_pixel_s: float
    """CPU seconds to turn a pixel's light into what the encoder takes."""
    encode_pixel_s: float
    """CPU seconds to encode a pixel."""
    encode_pixel_bytes: float
    core_fraction: float
    """Fraction of a core that each worker had: 1 alone, less while other programs run."""

    def compute_s(self, position: int, samples: int) -> float:
        """Return the CPU seconds to count some samples of the sample grid at a position."""
        return samples * _interpolated(self.positions, self.sample_s, position)

    def stored_bytes(self, position: int, samples: int) -> float:
        """Return the bytes on disk of some samples of the sample grid at a position."""
        return samples * _interpolated(self.positions, self.sample_bytes, position)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Time, disk and memory that the missing frames will take."""

    compute_s: dict[str, float]
    """CPU seconds of each sample grid that is not stored, by key."""
    paint_sample_s: float
    """CPU seconds to colour a sample of a band."""
    painted_samples: int
    draw_s: dict[bool, float]
    """CPU seconds to draw a frame, from bands or not."""
    encode_frame_s: float
    by_stage_s: dict[str, float]
    """CPU seconds by stage: compute, paint, draw, encode."""
    wall_s: float
    core_fraction: float
    """Fraction of a core that each process has; the wall time allows for it."""
    disk_bytes: int
    """Bytes on disk at the peak."""
    memory_bytes: int
    """Memory of all processes at the peak."""


def estimate(
    config: Config,
    survey: Survey,
    frame_plans: FramePlans,
    wanted: list[int],
    missing: list[tuple[str, int]],
    painted_samples: int,
    spans: dict[str, tuple[int, int]],
    workers: int,
    remote_workers: int = 0,
) -> Estimate:
    """Estimate what it takes to make the frames `wanted`.

    Parameters
    ----------
    missing : list of tuple of str and int
        Key and samples to be computed of every sample grid that needs some, in computing order.
    painted_samples : int
        Samples of bands that will be coloured.
    spans : dict of str to tuple of int
        The first and the last wanted frame that needs each sample grid, by key.
    workers : int
        Processes of this machine.
    remote_workers : int
        Workers of a cluster that count instead of them, assumed to be as fast.
    """
    encoding = config.encoding
    pixels = encoding.columns * encoding.rows
    compute_s = {
        key: survey.compute_s(position, samples) for position, (key, samples) in enumerate(missing)
    }
    stored = {
        key: survey.stored_bytes(position, samples)
        for position, (key, samples) in enumerate(missing)
    }
    disk = sum(stored.values())
    if config.keep != "all":
        disk = _most_at_once(stored, spans)
    own_grid_s = survey.colour_sample_s * config.quality.supersample**2
    draw_s = {
        False: (own_grid_s + survey.planes_pixel_s) * pixels,
        True: (survey.draw_pixel_s * frame_plans.exposures() + survey.planes_pixel_s) * pixels,
    }
    encode_frame_s = survey.encode_pixel_s * pixels
    drawn_s = sum(draw_s[frame_plans.from_bands(index)] for index in wanted)
    paint_s = painted_samples * survey.colour_sample_s
    counted_s = sum(compute_s.values())
    work_s = paint_s + drawn_s + (0.0 if remote_workers else counted_s)
    encoded_s = encode_frame_s * len(wanted)
    # The segments, and the video beside them; for HDR10 copies of the segments, too.
    copies = 2 if config.encoding.white_nits is None else 3
    disk += copies * survey.encode_pixel_bytes * pixels * len(wanted)
    wall_s = max(
        counted_s / remote_workers if remote_workers else 0.0,
        work_s / min(workers, usable_cores()),
        (work_s + encoded_s) / usable_cores(),
        encoded_s / min(THREADS, usable_cores()),
    )
    return Estimate(
        compute_s=compute_s,
        paint_sample_s=survey.colour_sample_s,
        painted_samples=painted_samples,
        draw_s=draw_s,
        encode_frame_s=encode_frame_s,
        by_stage_s={
            "compute": counted_s,
            "paint": paint_s,
            "draw": drawn_s,
            "encode": encoded_s,
        },
        wall_s=wall_s / survey.core_fraction,
        core_fraction=survey.core_fraction,
        disk_bytes=int(disk),
        memory_bytes=memory_bytes(config, workers),
    )


def _interpolated(positions: list[int], values: list[float], position: int) -> float:
    """Interpolate linearly; constant beyond either end."""
    right = bisect.bisect_left(positions, position)
    if right == 0:
        return values[0]
    if right == len(positions):
        return values[-1]
    left = right - 1
    fraction = (position - positions[left]) / (positions[right] - positions[left])
    return values[left] + fraction * (values[right] - values[left])


def _most_at_once(stored: dict[str, float], spans: dict[str, tuple[int, int]]) -> float:
    """Return the peak bytes of stored counts where they are deleted after their last frame."""
    firsts = sorted({spans[key][0] for key in stored})
    most = 0.0
    for first in firsts[:: max(1, len(firsts) // _MOMENTS)]:
        last = first + KEPT_FRAMES
        most = max(
            most,
            sum(size for key, size in stored.items()
                if spans[key][0] < last and spans[key][1] >= first),
        )  # fmt: skip  # counts whose frames are being made, or not yet encoded
    return most


def memory_bytes(config: Config, workers: int) -> int:
    """Estimate the memory of all processes together at the peak."""
    pixels = config.encoding.columns * config.encoding.rows
    depth = 2 if config.encoding.bits > 8 else 1
    pictures = (workers + WAITING_PICTURES) * config.encoding.frame_bytes
    encoder = ENCODER_BYTES + ENCODER_PIXEL_BYTES * depth * pixels
    textures = 0.0
    if config.reuse != "frames":
        pixel_bytes = TEXTURES_PIXEL_BYTES[config.encoding.projection]
        textures = TEXTURES_BYTES + pixel_bytes * config.quality.density**2 * pixels
        # Frames are blended of two looks.
        textures *= 2 if config.look.moves else 1
    return int(PARENT_BYTES + workers * WORKER_BYTES + encoder + textures + pictures)


def check_free_disk(outputs: Outputs) -> None:
    """Stop a render before the disk is full: other programs, and the system, need some.

    Raises
    ------
    RenderError
        Less than _LEAST_FREE_FRACTION of it is free, or _LEAST_FREE_BYTES where that is less.
    """
    space = disk_space(outputs.root)
    if space is None:
        return
    total, free = space
    if free < min(_LEAST_FREE_BYTES, total * _LEAST_FREE_FRACTION):
        raise RenderError(
            f"{outputs.root}: only {size(free)} of the disk are free; free some, or set "
            "render.keep: needed, and run the same command again: it carries on"
        )


def check_room(work: Estimate, outputs: Outputs, config: Config, workers: int) -> None:
    """Refuse a render that would fill the disk or the memory.

    Raises
    ------
    RenderError
        It would; the message says how much is needed and what would fit.
    """
    space = disk_space(outputs.root)
    if space is not None and work.disk_bytes > (free := space[1]):
        raise RenderError(
            f"{outputs.root}: about {size(work.disk_bytes)} will be written and "
            f"{size(free)} are free; free some, or lower fps, size or quality"
        )
    available = available_memory_bytes()
    if available is not None and work.memory_bytes > available:
        fitting = workers
        while fitting > 1 and memory_bytes(config, fitting) > available:
            fitting -= 1
        advice = (
            f"render.workers: {fitting} would fit"
            if memory_bytes(config, fitting) <= available
            else "take a smaller video.width and height"
        )
        raise RenderError(
            f"about {size(work.memory_bytes)} of memory are needed and "
            f"{size(available)} are available; {advice}"
        )
