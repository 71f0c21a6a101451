"""The encoding, from the config's video section."""

from collections.abc import Iterator
from typing import Any

from pipeline.config.fault import nearest, shortened
from pipeline.config.model import VideoSection
from pipeline.video.encoding import (
    DEFAULT_CRF,
    DEFAULT_PRESET,
    HDR_CODECS,
    LARGEST_CRF,
    PIXEL_FORMATS,
    PRESETS,
    Encoding,
)

_HDR_PIXEL_FORMAT = "yuv420p10le"


def video_faults(video: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the key and fault of values that do not go together; `video` is as typed."""
    codec = video.get("codec", "h264")
    # Other values are faults of their own; a list could not even be looked up.
    if not isinstance(codec, str) or codec not in PRESETS:
        return
    preset, crf = video.get("preset"), video.get("crf")
    if isinstance(preset, str) and preset not in PRESETS[codec]:
        if PRESETS[codec]:
            known = f"should be one of {', '.join(PRESETS[codec])}{nearest(preset, PRESETS[codec])}"
            yield "preset", f'"{shortened(preset)}" is not a preset of {codec}, and {known}'
        else:
            yield "preset", f"{codec} has no presets; leave it out"
    if isinstance(crf, str) and crf.isdecimal():
        if codec not in LARGEST_CRF:
            yield "crf", f"{codec} has no crf; leave it out"
        elif LARGEST_CRF[codec] < int(crf[:9]) <= 63:
            yield (
                "crf",
                f"{crf} is out of range for {codec}, and should be 0 to {LARGEST_CRF[codec]}",
            )
    pixels = video.get("pixel_format")
    known_formats = {each for formats in PIXEL_FORMATS.values() for each in formats}
    if isinstance(pixels, str) and pixels in known_formats and pixels not in PIXEL_FORMATS[codec]:
        yield (
            "pixel_format",
            f"{codec} does not encode {pixels}; it encodes {', '.join(PIXEL_FORMATS[codec])}",
        )
    yield from _hdr_faults(codec, video)


def _hdr_faults(codec: str, video: dict[str, Any]) -> Iterator[tuple[str, str]]:
    pixels = video.get("pixel_format")
    if "hdr_white_nits" in video:
        if codec not in HDR_CODECS:
            yield "hdr_white_nits", f"{codec} is no codec for HDR10; take {' or '.join(HDR_CODECS)}"
        elif isinstance(pixels, str) and not pixels.endswith("10le"):
            yield "hdr_white_nits", f"needs ten bits; take pixel_format: {_HDR_PIXEL_FORMAT}"


def encoding_from(video: VideoSection) -> Encoding:
    """Return the encoding of a video section without faults."""
    usual = PIXEL_FORMATS[video.codec][0] if video.hdr_white_nits is None else _HDR_PIXEL_FORMAT
    return Encoding(
        columns=video.width,
        rows=video.height,
        fps=video.fps,
        codec=video.codec,
        crf=DEFAULT_CRF.get(video.codec) if video.crf is None else video.crf,
        pixel_format=video.pixel_format or usual,
        preset=video.preset or DEFAULT_PRESET.get(video.codec),
        white_nits=video.hdr_white_nits,
        projection=video.projection,
    )
