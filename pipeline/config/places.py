"""Places where videos are shown, and what each asks of a video: the config made for one of them.

The figures are what the places published in November 2026; docs/sharing.md names the pages. What is
encoded keeps to what a page recommends; a video beyond a limit is changed or refused.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from pipeline.config.load import Config
from pipeline.config.projections import fits
from pipeline.errors import UsageError
from pipeline.video.encoding import DEFAULT_PRESET, Delivery, Encoding

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Requirements of a place where videos are shown."""

    name: str
    size: Callable[[int, int], Size]
    """Columns and rows of the video, from those of the config."""
    fps: tuple[int, int]
    """Smallest and largest frame rate."""
    seconds: tuple[Fraction, Fraction]
    """Smallest and largest length."""
    crf: int
    keyframe_seconds: Fraction
    """Longest time between keyframes of the encoded video."""
    sound_kbps: int
    most_kbps: int | None = None
    """Largest bit rate of the picture; None without a limit."""
    edit_lists: bool = True
    """Whether it reads MP4s with edit lists."""
    hdr: bool = False
    """Whether it shows HDR10."""


def _as_it_is(columns: int, rows: int) -> Size:
    return columns, rows


def _vertical(_columns: int, _rows: int) -> Size:
    return 1080, 1920


def _of_x(columns: int, rows: int) -> Size:
    if columns == rows:
        return 720, 720
    return (1280, 720) if columns > rows else (720, 1280)


def _within_1080p(columns: int, rows: int) -> Size:
    """Return the size at which a picture fits into 1080p of its orientation."""
    long, short = max(columns, rows), min(columns, rows)
    scale = min(Fraction(1), Fraction(1920, long), Fraction(1080, short))
    fitted = (max(16, 2 * round(side * scale / 2)) for side in (columns, rows))
    return next(fitted), next(fitted)


_PLACES = {
    place.name: place
    for place in (
        # No limit of the bit rate; High Profile, closed GOP of half the frame rate, AAC-LC at
        # 384 kbps, no edit lists: support.google.com/youtube/answer/1722171. HDR10: answer/7126552.
        # 12 hours for verified accounts.
        Place(
            "youtube", _as_it_is, (24, 60), (Fraction(1), Fraction(43_200)), 18,
            keyframe_seconds=Fraction(1, 2), sound_kbps=384, edit_lists=False, hdr=True,
        ),
        # Reels: 9:16, 23 to 60 frames a second, 25 Mbps at most, AAC at 128 kbps, no edit lists, 3
        # seconds at least; 90 seconds are taken of all: Meta's publishing interface, see the docs.
        Place(
            "instagram", _vertical, (23, 60), (Fraction(3), Fraction(90)), 18,
            keyframe_seconds=Fraction(2), sound_kbps=128, most_kbps=25_000, edit_lists=False,
        ),
        # 720p, 60 frames a second at most, 0.5 seconds to 20 minutes, AAC LC at 128 kbps or more,
        # 5 Mbps or more: docs.x.com/x-api/media/quickstart/best-practices.
        Place(
            "x", _of_x, (24, 60), (Fraction(1, 2), Fraction(1200)), 16,
            keyframe_seconds=Fraction(2), sound_kbps=192,
        ),
        # H.264 in MP4 plays nearly everywhere: MDN, "Codec selection". The rest is ours.
        Place(
            "web", _within_1080p, (1, 60), (Fraction(0), Fraction(86_400)), 23,
            keyframe_seconds=Fraction(2), sound_kbps=128,
        ),
    )
}  # fmt: skip  # a table


def config_for(config: Config, name: str) -> Config:
    """Return the config of a config's video for a place; the usual video stays as it is.

    Raises
    ------
    UsageError
        The place shows no pictures of the config's projection.
    """
    place = _PLACES[name]
    encoding = _encoding(config.encoding, place)
    if not fits(encoding.projection, encoding.columns, encoding.rows):
        raise UsageError(
            f"{config.path}: video.projection: {encoding.projection} is twice as wide as it is "
            f"high, and {name} takes {encoding.columns}×{encoding.rows}; youtube shows it"
        )
    sound = config.sound and replace(config.sound, kbps=place.sound_kbps, may_copy=False)
    return replace(config, place=name, encoding=encoding, sound=sound)


def check_length(config: Config, frames: int) -> None:
    """Refuse a video that its place does not take for its length.

    Raises
    ------
    UsageError
        It is too short or too long.
    """
    if not config.place:
        return
    shortest, longest = _PLACES[config.place].seconds
    seconds = frames / config.encoding.fps
    if not shortest <= seconds <= longest:
        raise UsageError(
            f"{config.path}: the video lasts {float(seconds):.6g} s, and {config.place} takes "
            f"{float(shortest):g} to {float(longest):g} s; change the times of its keyframes"
        )


def _encoding(encoding: Encoding, place: Place) -> Encoding:
    columns, rows = place.size(encoding.columns, encoding.rows)
    fps = _frame_rate(encoding.fps, *place.fps)
    delivery = Delivery(
        keyframe_frames=max(1, math.floor(fps * place.keyframe_seconds)),
        most_kbps=place.most_kbps,
        edit_lists=place.edit_lists,
    )
    made = replace(encoding, columns=columns, rows=rows, fps=fps, delivery=delivery)
    if place.hdr and encoding.white_nits is not None:
        # The codec, its quality and its ten bits stay.
        return made
    return replace(
        made,
        codec="h264",
        crf=place.crf,
        pixel_format="yuv420p",
        preset=DEFAULT_PRESET["h264"],
        white_nits=None,
    )


def _frame_rate(fps: Fraction, least: int, most: int) -> Fraction:
    """Return the rate within bounds that shows every frame, or every second, third … one."""
    if fps > most:
        return fps / math.ceil(fps / most)
    if fps < least:
        return fps * math.ceil(least / fps)
    return fps
