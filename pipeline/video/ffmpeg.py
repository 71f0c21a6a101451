"""ffmpeg as imageio brings it: frames in, frames counted, files joined, and its own words shown."""

import contextlib
import logging
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.durable import temporary_path
from pipeline.errors import EncoderError, RenderError
from pipeline.video.encoding import Encoding

_REPORT_LINES = 3
_PICTURE_NAME = "%06d.png"
_MUXERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
# Each colour once in the palette of a GIF counts by how long it is seen; its dither does not crawl.
_GIF_PALETTE = "palettegen=stats_mode=full"
_GIF_DITHER = "paletteuse=dither=bayer:bayer_scale=4"

# glibc's environment (mallopt(3)); other C libraries do not know it.
_MALLOC = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}

# It logs a warning for a writer closed early, which is what an interrupted run does.
logging.getLogger("imageio_ffmpeg").setLevel(logging.ERROR)


# What is read of a file's tags: a config is shorter, and no file takes so long to open.
_MOST_TAGS = 1 << 23
_TAGS_SECONDS = 20
# Nothing is tried twice, however long a tag is.
_TAG_LINE = re.compile(r"((?:[^\\\n]++|\\.)*+)(?:\n|\Z)", re.DOTALL)

NO_TAGS: Mapping[str, str] = MappingProxyType({})


class FrameWriter:
    """One ffmpeg process that encodes frames into a file.

    imageio's writer does not tell when ffmpeg fails on closing: count the frames of the file.
    """

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._path = path
        encoder = _encoder_for(encoding)
        self._report = _Report()
        self._writer: Any = imageio_ffmpeg.write_frames(
            path,
            (encoding.columns, encoding.rows),
            pix_fmt_in=encoding.pixel_format,
            pix_fmt_out=encoding.encoded_format,
            fps=encoding.fps,
            quality=None,
            codec=encoder,
            macro_block_size=2,
            ffmpeg_log_level="quiet",
            # Short queues and no decoder threads: each holds whole frames.
            input_params=["-thread_queue_size", "2", "-threads", "1", *encoding.signal_options],
            output_params=[
                "-f",
                _MUXERS[encoding.segment_ending],
                *encoding.output_options(encoder),
            ],
        )
        with self._report:
            self._writer.send(None)

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Encode a frame, given as its bytes.

        Raises
        ------
        RenderError
            ffmpeg has ended; the message holds what it said.
        """
        try:
            self._writer.send(frame)
        except OSError as error:
            said = self.close() or str(error).splitlines()[0]
            raise EncoderError(f"{self._path.name}: ffmpeg stopped: {said}") from None

    def close(self) -> str:
        """Let ffmpeg finish the file; return what it complained of."""
        self._writer.close()
        return self._report.taken()

    def abandon(self) -> None:
        """End ffmpeg without waiting for the rest of the frames."""
        with contextlib.suppress(KeyboardInterrupt, StopIteration):
            self._writer.throw(KeyboardInterrupt)
        self._report.taken()


def count_frames(path: Path) -> int:
    """Return the number of frames in a video file, or in a folder; 0 where it cannot be read."""
    if path.is_dir():
        return sum(1 for _ in path.glob("*.png"))
    try:
        if _is_animation(path):
            return _frames_of_animation(path)
        return int(imageio_ffmpeg.count_frames_and_secs(str(path))[0])
    except (RuntimeError, OSError):
        return 0


def _is_animation(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(12)
    return start[:4] == b"GIF8" or (start[:4] == b"RIFF" and start[8:] == b"WEBP")


def _frames_of_animation(path: Path) -> int:
    # ffmpeg shows of an animated WebP nothing.
    from PIL import Image

    with Image.open(path) as picture:
        return int(getattr(picture, "n_frames", 1))


def frame_at(path: Path, index: int, encoding: Encoding) -> NDArray[np.uint8] | None:
    """Return a frame of a video as the encoder took it; None where it cannot be read."""
    # A little early: what is shown at a time is the first frame that is not before it.
    early = ["-ss", f"{float(max(Fraction(0), index - Fraction(1, 4)) / encoding.fps):.6f}"]
    source = (
        ["-i", str(path / (_PICTURE_NAME % index))] if path.is_dir() else [*early, "-i", str(path)]
    )
    done = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-v", "error", "-nostdin", *source),
            *("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", encoding.pixel_format, "-"),
        ],
        capture_output=True,
        start_new_session=True,
    )
    frame = np.frombuffer(done.stdout, np.uint8)
    return frame if done.returncode == 0 and len(frame) == encoding.frame_bytes else None


def join(
    segments: Iterable[Path], path: Path, encoding: Encoding, tags: Mapping[str, str] = NO_TAGS
) -> None:
    """Join segments into the video; what is no MP4, MOV or MKV is made of lossless ones.

    An MP4 or MOV starts to play before it is all there; nothing is encoded again. `path` has any
    ending; for pictures it becomes a folder of them.

    Raises
    ------
    RenderError
        ffmpeg failed; the message holds what it said.
    """
    quoted = (str(segment.resolve()).replace("'", "'\\''") for segment in segments)
    listing = temporary_path(path.with_suffix(".segments"))
    listing.write_bytes(b"".join(b"file '%s'\n" % os.fsencode(name) for name in quoted))
    source = ["-f", "concat", "-safe", "0", "-i", str(listing)]
    told = [part for name, text in tags.items() for part in ("-metadata", f"{name}={text}")]
    try:
        if encoding.codec == "png":
            path.mkdir(parents=True, exist_ok=True)
            pixels = "rgb48be" if encoding.bits == 16 else "rgb24"
            _run([*source, "-pix_fmt", pixels, "-start_number", "0", str(path / _PICTURE_NAME)])
        elif encoding.codec == "gif":
            colours = temporary_path(path.with_suffix(".palette.png"))
            try:
                _run([*source, "-vf", _GIF_PALETTE, "-f", "image2", "-update", "1", str(colours)])
                drawn = ["-i", str(colours), "-lavfi", _GIF_DITHER, "-loop", "0", "-f", "gif"]
                _run([*source, *drawn, str(path)])
            finally:
                colours.unlink(missing_ok=True)
        elif encoding.codec == "webp":
            quality = ["-c:v", "libwebp_anim", "-quality", "90", "-loop", "0", "-f", "webp"]
            _run([*source, "-pix_fmt", "yuv420p", *quality, str(path)])
        else:
            muxer = _MUXERS[encoding.segment_ending]
            moved = ["-movflags", "+faststart"] if muxer != "matroska" else []
            _run(
                [
                    *source,
                    *("-map", "0:v:0", "-c", "copy", *moved, *told),
                    *("-fflags", "+bitexact", *encoding.tag_options(), "-f", muxer, str(path)),
                ]
            )
    finally:
        listing.unlink(missing_ok=True)


def _run(arguments: list[str]) -> None:
    done = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-v", "error", "-y", "-nostdin", *arguments),
        ],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    if done.returncode:
        raise RenderError(f"joining the segments failed: {done.stderr.strip()}")


def tags_of(path: Path) -> dict[str, str]:
    r"""Return the tags of a video file, whoever made it; none where it cannot be read.

    Notes
    -----
    ffmpeg's metadata format: lines of name=value, with a backslash before = ; # \ and newlines. It
    reads by the demuxer of the file's ending alone: others follow addresses that a file names.
    """
    demuxer = "matroska" if path.suffix.lower() == ".mkv" else "mov"
    with tempfile.TemporaryFile() as said:
        try:
            subprocess.run(
                [
                    imageio_ffmpeg.get_ffmpeg_exe(),
                    *("-hide_banner", "-v", "error", "-nostdin", "-protocol_whitelist", "file"),
                    *("-f", demuxer, "-i", f"file:{path.resolve()}", "-f", "ffmetadata", "-"),
                ],
                stdout=said,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                timeout=_TAGS_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return {}
        said.seek(0)
        text = said.read(_MOST_TAGS).decode("utf-8", errors="replace")
    tags = {}
    for line in _TAG_LINE.findall(text.partition("\n")[2] + "\n"):
        name, _, value = line.partition("=")
        tags[name.lower()] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
    return tags


def _encoder_for(encoding: Encoding) -> str:
    """Return the best encoder that this ffmpeg has.

    Raises
    ------
    RenderError
        It has none for this codec.
    """
    for encoder in encoding.encoders():
        if encoder in _listed_encoders(imageio_ffmpeg.get_ffmpeg_exe()):
            return encoder
    raise RenderError(
        f"this ffmpeg ({imageio_ffmpeg.get_ffmpeg_exe()}) cannot encode {encoding.codec}; "
        "take another video.codec, or name another ffmpeg in IMAGEIO_FFMPEG_EXE"
    )


@lru_cache(maxsize=2)
def _listed_encoders(ffmpeg: str) -> frozenset[str]:
    listing = subprocess.run(
        [ffmpeg, "-hide_banner", "-encoders"], capture_output=True, encoding="utf-8",
        errors="replace", check=True,
    ).stdout  # fmt: skip  # one call
    return frozenset(line.split()[1] for line in listing.splitlines() if len(line.split()) > 1)


class _Report:
    """What one ffmpeg process says, which imageio's writer otherwise sends to the terminal."""

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="ffmpeg-", suffix=".log")
        os.close(descriptor)
        self._path = Path(name)

    def __enter__(self) -> None:
        escaped = re.sub(r"([:\\'])", r"\\\1", str(self._path))
        os.environ["FFREPORT"] = f"file={escaped}:level=24"
        # SVT-AV1 writes past ffmpeg's log; 1 is errors only.
        os.environ["SVT_LOG"] = "1"
        # One heap for all of ffmpeg's threads, and freed frames go back: 20 MB less at 1080p.
        os.environ.update(_MALLOC)

    def __exit__(self, *_: object) -> None:
        for name in ("FFREPORT", "SVT_LOG", *_MALLOC):
            os.environ.pop(name, None)

    def taken(self) -> str:
        """Return the first lines, which name the cause, and remove the file."""
        try:
            text = self._path.read_text("utf-8", errors="replace")
        except OSError:
            return ""
        self._path.unlink(missing_ok=True)
        # The first lines repeat the command.
        _, _, said = text.partition("Command line:\n")
        lines = [line.strip() for line in said.splitlines()[1:] if line.strip()]
        return "; ".join(lines[:_REPORT_LINES])
