"""Segments and sound to a video: damaged ones dropped, the rest joined."""

from pathlib import Path

from pipeline.errors import RenderError
from pipeline.monitor.events import Began, Done, Listener, Retried
from pipeline.plan.outputs import Outputs
from pipeline.plan.segments import Segment
from pipeline.plan.work_plan import WorkPlan
from pipeline.system.atomic_files import publish, temporary_path
from pipeline.system.machine import children_cpu_s
from pipeline.video import ffmpeg
from pipeline.video.light import Light
from pipeline.video.segment_checksum import add_checksum, is_whole, light_of
from pipeline.video.sound import SoundTrack


def drop_damaged(segments: list[Segment], send: Listener) -> list[Segment]:
    """Remove and return segments that are not what was written."""
    damaged = [segment for segment in segments if not is_whole(segment.path)]
    for segment in damaged:
        send(
            Retried(
                f"{segment.path}: is not what was written; its {len(segment.frames)} frames are "
                "encoded again"
            )
        )
        segment.path.unlink(missing_ok=True)
    return damaged


def make_sound(track: SoundTrack | None, send: Listener) -> None:
    """Make the track of a video's sound, if it has any and it is not whole already.

    Raises
    ------
    RenderError
        The sound file cannot be decoded, or is another than when the config was read.
    """
    if track is None:
        return
    if track.path.exists():
        if is_whole(track.path):
            return
        send(Retried(f"{track.path}: is not what was written; the sound is made again"))
    temporary = temporary_path(track.path)
    try:
        track.make(temporary)
        add_checksum(temporary)
        publish(temporary, track.path)
    finally:
        temporary.unlink(missing_ok=True)


def join(work_plan: WorkPlan, outputs: Outputs, send: Listener) -> None:
    """Join segments and sound to the video, which appears whole or not at all.

    Raises
    ------
    RenderError
        ffmpeg failed, or lost frames.
    """
    send(Began("encode"))
    joined_before_s = children_cpu_s()
    config, segments = work_plan.config, work_plan.segments
    try:
        with outputs.making(outputs.video) as temporary:
            tags = {"title": config.title, "comment": config.text}
            paths = [segment.path for segment in segments]
            sound = None if work_plan.sound is None else work_plan.sound.path
            light = _light(paths) if config.encoding.white_nits is not None else None
            ffmpeg.join(paths, temporary, config.encoding, tags, sound, light)
            frames = segments[-1].last
            if not ffmpeg.has_frames(temporary, config.encoding, frames):
                raise RenderError(f"{outputs.video}: not all {frames} frames came out of joining")
    finally:
        send(Done("encode", children_cpu_s() - joined_before_s))


def _light(segments: list[Path]) -> Light:
    """Return the light level of a video from what was measured of its segments."""
    lights = [light for light in map(light_of, segments) if light is not None]
    assert len(lights) == len(segments)
    return Light.of_all(lights)
