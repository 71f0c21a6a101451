"""Segments to a video: damaged ones dropped, the rest joined."""

from pipeline.config.load import Config
from pipeline.errors import RenderError
from pipeline.monitor.events import Began, Done, Listener, Retried
from pipeline.plan.outputs import Outputs
from pipeline.plan.segments import Segment
from pipeline.system.machine import children_cpu_s
from pipeline.video import ffmpeg
from pipeline.video.segment_checksum import is_whole


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


def join(segments: list[Segment], outputs: Outputs, config: Config, send: Listener) -> None:
    """Join segments to the video, which appears whole or not at all.

    Raises
    ------
    RenderError
        ffmpeg failed, or lost frames.
    """
    send(Began("encode"))
    joined_before_s = children_cpu_s()
    try:
        with outputs.making(outputs.video) as temporary:
            tags = {"title": config.title, "comment": config.text}
            paths = [segment.path for segment in segments]
            ffmpeg.join(paths, temporary, config.encoding, tags)
            frames = segments[-1].last
            if not ffmpeg.has_frames(temporary, config.encoding, frames):
                raise RenderError(f"{outputs.video}: not all {frames} frames came out of joining")
    finally:
        send(Done("encode", children_cpu_s() - joined_before_s))
