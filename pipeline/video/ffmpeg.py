"""imageio's ffmpeg: frames encoded and counted, files joined and read, its messages shown."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EncoderError, RenderError, os_error_text
from pipeline.video.animation import frames_of_animation, is_animation, webp_shows
from pipeline.video.encoding import Encoding
from pipeline.video.light import Light
from pipeline.video.light_tags import write_with_light
from pipeline.video.spherical import write_spherical

_REPORT_LINES = 3
_PICTURE_NAME = "%06d.png"
MUXERS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Ffmpeg's names of containers, by the end of a file's name."""
# The palette of a GIF is chosen from all pixels of all frames, so that a colour counts by how long
# it is shown; ordered dither does not crawl.
_GIF_PALETTE = "palettegen=stats_mode=full"
_GIF_DITHER = "paletteuse=dither=bayer:bayer_scale=4"

LOCAL = ("-protocol_whitelist", "file,pipe")
"""Options before an input by which nothing that the file says can open a connection or a device."""
# The length of a tag in QuickTime's user data has 16 bits; its newer metadata has 32 bits for it,
# but fewer programs read that.
_LONGEST_TAG = 65_535
_ESCAPED = re.compile(r"[=;#\\\n]")
_WITH_BACKSLASH = r"\\\g<0>"

_COMMAND = ("-hide_banner", "-v", "warning")
_ENVIRONMENT = {
    # SVT-AV1 bypasses ffmpeg's log level; 1 means errors only.
    "SVT_LOG": "1",
    # One heap for all of ffmpeg's threads, and freed frames are returned to the system: 20 MB less
    # at 1080p. For glibc (mallopt(3)); other C libraries ignore it.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}

# At most this much is read of a file's tags: a config is shorter, and no file takes longer to open.
_MOST_TAGS = 1 << 23
_TAGS_SECONDS = 20
# Possessive quantifiers: no backtracking, however long a tag is.
_TAG_LINE = re.compile(r"((?:[^\\\n]++|\\.)*+)(?:\n|\Z)", re.DOTALL)

NO_TAGS: Mapping[str, str] = MappingProxyType({})


class FrameWriter:
    """One ffmpeg process that encodes frames into a file.

    ffmpeg may drop frames silently: count those of the finished file.

    Raises
    ------
    EncoderError
        ffmpeg cannot be started, or its folder cannot be written.
    """

    def __init__(self, path: Path, encoding: Encoding) -> None:
        self._path = path
        command = [*_COMMAND, "-y", *_source(encoding), *_encoded(encoding), file_url(path)]
        try:
            # A file without a name: nothing of it stays, however this run ends.
            self._said = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115  # until closed
            self._process = subprocess.Popen(
                [imageio_ffmpeg.get_ffmpeg_exe(), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                env=os.environ | _ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            raise EncoderError(f"{path.name}: {os_error_text(error)}") from None

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Encode a frame, given as the bytes of its planes, shape (frame_bytes,).

        Raises
        ------
        EncoderError
            ffmpeg has ended; its output is in the message.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(frame.data)
        except OSError as error:
            said = self.close() or error.strerror
            raise EncoderError(f"{self._path.name}: ffmpeg stopped: {said}") from None

    def close(self) -> str:
        """Let ffmpeg finish the file; return its first warnings, or "" on a second call."""
        if self._said.closed:
            return ""
        assert self._process.stdin is not None
        # Closing flushes what ffmpeg did not take before it died, which fails again.
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.wait()
        with self._said:
            self._said.seek(0)
            lines = self._said.read().decode(errors="replace").splitlines()
        return "; ".join([line.strip() for line in lines if line.strip()][:_REPORT_LINES])

    def abandon(self) -> None:
        """End ffmpeg without waiting for the rest of the frames."""
        self._process.kill()
        self.close()


def file_url(path: Path) -> str:
    """Return a path as a URL, so that ffmpeg takes any name for a file.

    Otherwise it takes ``-x`` for an option and ``http:x`` for an address.
    """
    return f"file:{path.absolute()}"


def _source(encoding: Encoding) -> list[str]:
    """Return the options that describe the frames that come in."""
    return [
        *("-f", "rawvideo", "-s", f"{encoding.columns}x{encoding.rows}"),
        *("-pix_fmt", encoding.pixel_format, "-r", str(encoding.fps)),
        # Short queues and no decoder threads: each holds whole frames.
        *("-thread_queue_size", "2", "-threads", "1", *encoding.signal_options, "-i", "pipe:0"),
    ]


def _encoded(encoding: Encoding) -> list[str]:
    """Return the options that say how frames are encoded."""
    encoder = _encoder_for(encoding)
    return [
        *("-an", "-c:v", encoder, "-pix_fmt", encoding.encoded_format),
        *("-f", MUXERS[encoding.segment_ending], *encoding.output_options(encoder)),
    ]


def count_frames(path: Path) -> int:
    """Return the number of frames in a video file, or in a folder; 0 where it cannot be read."""
    if path.is_dir():
        return sum(1 for _ in path.glob("*.png"))
    try:
        if is_animation(path):
            return frames_of_animation(path)
        return int(imageio_ffmpeg.count_frames_and_secs(file_url(path))[0])
    except (RuntimeError, OSError):
        return 0


def has_frames(path: Path, encoding: Encoding, frames: int) -> bool:
    """Tell whether a joined video shows this number of frames."""
    if encoding.codec == "webp":
        return webp_shows(path, frames, encoding.fps)
    return count_frames(path) == frames


def frame_at(path: Path, index: int, encoding: Encoding) -> NDArray[np.uint8] | None:
    """Return a frame of a video as bytes in the encoder's pixel format; None if unreadable."""
    # A quarter of a frame early: seeking finds the first frame that is not before the time.
    early = ["-ss", f"{float(max(Fraction(0), index - Fraction(1, 4)) / encoding.fps):.6f}"]
    if path.is_dir():
        # Not taken for a pattern, whatever characters the folder's name holds.
        picture = file_url(path / (_PICTURE_NAME % index))
        source = ["-f", "image2", "-pattern_type", "none", "-i", picture]
    else:
        source = [*early, "-i", file_url(path)]
    done = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-v", "error", "-nostdin", *LOCAL, *source),
            *("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", encoding.pixel_format, "-"),
        ],
        capture_output=True,
        start_new_session=True,
    )
    frame = np.frombuffer(done.stdout, np.uint8)
    return frame if done.returncode == 0 and len(frame) == encoding.frame_bytes else None


def join(
    segments: Iterable[Path],
    path: Path,
    encoding: Encoding,
    tags: Mapping[str, str] = NO_TAGS,
    sound: Path | None = None,
    light: Light | None = None,
) -> None:
    """Join segments into the video; PNG, GIF and WebP are encoded from lossless segments.

    `sound` is the file of the sound track, in the container of the segments; `light` the light
    level that an HDR10 video tells of itself.

    Into an MP4, MOV or MKV the streams are copied, and an MP4 or MOV starts to play before it is
    loaded completely. `path` may have any ending; for PNG it becomes a folder of pictures. No other
    call may use its parent folder meanwhile: files that ffmpeg reads are written there.

    Raises
    ------
    RenderError
        ffmpeg failed; its output is in the message.
    """
    folder = path.parent.resolve()
    listing, facts, colours = (folder / f"joined.{kind}" for kind in ("list", "tags", "palette"))
    # ffmpeg runs in that folder, and all names are relative to it: a name in a listing must fit on
    # one line, and image2 takes % for a number and at most 1023 bytes.
    segments = list(segments)
    labelled = [folder / f"joined.{k}.mp4" for k in range(len(segments))] if light else []
    source = ["-f", "concat", "-safe", "0", *LOCAL, "-i", f"file:{listing.name}"]
    plain = encoding.delivery is not None and not encoding.delivery.edit_lists
    # Without edit lists both streams begin at 0: sound is late by AAC's first packet, 21 ms.
    at_zero = ["-ignore_editlist", "1"] if plain else []
    heard = [] if sound is None else [*LOCAL, *at_zero, "-i", file_url(sound)]
    target = f"file:{path.name}"
    try:
        if light is not None:
            for segment, copy in zip(segments, labelled, strict=True):
                write_with_light(segment, copy, encoding, light)
            segments = labelled
        names = (os.path.relpath(segment.resolve(), folder) for segment in segments)
        listing.write_bytes(b"".join(map(_listed, names)))
        if encoding.codec == "png":
            path.mkdir(parents=True, exist_ok=True)
            pixels = "rgb48be" if encoding.bits == 16 else "rgb24"
            pattern = f"{target.replace('%', '%%')}/{_PICTURE_NAME}"
            _run([*source, "-pix_fmt", pixels, "-start_number", "0", pattern], folder)
        elif encoding.codec == "gif":
            palette = f"file:{colours.name}"
            # The codec is named, or image2 takes JPEG, which blurs the colours into each other.
            picture = ["-c:v", "png", "-f", "image2", "-update", "1", palette]
            _run([*source, "-vf", _GIF_PALETTE, *picture], folder)
            dithered = ["-i", palette, "-lavfi", _GIF_DITHER, "-loop", "0", "-f", "gif"]
            _run([*source, *dithered, target], folder)
        elif encoding.codec == "webp":
            quality = ["-c:v", "libwebp_anim", "-quality", "90", "-loop", "0", "-f", "webp"]
            _run([*source, "-pix_fmt", "yuv420p", *quality, target], folder)
        else:
            facts.write_bytes(_metadata(tags))
            muxer = MUXERS[encoding.segment_ending]
            flags = "+faststart"
            if muxer == "mov" and any(len(text.encode()) > _LONGEST_TAG for text in tags.values()):
                flags += "+use_metadata_tags"
            movflags = ["-movflags", flags] if muxer != "matroska" else []
            movflags += ["-use_editlist", "0"] if plain else []
            _run(
                [
                    *(*source, "-f", "ffmetadata", "-i", f"file:{facts.name}", *heard),
                    *("-map", "0:v:0", *(["-map", "2:a:0"] if heard else [])),
                    *("-map_metadata", "1", "-c", "copy", *movflags),
                    *("-fflags", "+bitexact", *encoding.tag_options(), "-f", muxer, target),
                ],
                folder,
            )
            if encoding.projection == "equirectangular" and muxer != "matroska":
                write_spherical(path)
    finally:
        for file in (listing, facts, colours, *labelled):
            file.unlink(missing_ok=True)


def _listed(name: str) -> bytes:
    r"""Return a line of ffmpeg's concat list; a quote within quotes is ``'\''``."""
    quoted = name.replace("'", "'\\''")
    return os.fsencode(f"file 'file:{quoted}'\n")


def _metadata(tags: Mapping[str, str]) -> bytes:
    """Return tags in ffmpeg's metadata format, which `tags_of` reads.

    A command line argument is limited to 128 KiB, and a config with a palette is longer.
    """
    lines = [";FFMETADATA1"]
    lines += [f"{name}={re.sub(_ESCAPED, _WITH_BACKSLASH, text)}" for name, text in tags.items()]
    return "".join(f"{line}\n" for line in lines).encode()


def _run(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-v", "error", "-y", "-nostdin", *arguments),
        ],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    if done.returncode:
        raise RenderError(f"joining the segments failed: {done.stderr.strip()}")


def tags_of(path: Path) -> dict[str, str]:
    r"""Return the tags of a video file of any origin; none where it cannot be read.

    Notes
    -----
    ffmpeg's metadata format: lines of name=value, with a backslash before = ; # \ and newlines.
    Only the demuxer for the file's ending may read it: others follow addresses that a file names.
    """
    demuxer = "matroska" if path.suffix.lower() == ".mkv" else "mov"
    with tempfile.TemporaryFile() as said:
        try:
            subprocess.run(
                [
                    imageio_ffmpeg.get_ffmpeg_exe(),
                    *("-hide_banner", "-v", "error", "-nostdin", *LOCAL),
                    *("-f", demuxer, "-i", file_url(path), "-f", "ffmetadata", "-"),
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
        name, separator, value = line.partition("=")
        if separator:
            tags[name.lower()] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
    return tags


def _encoder_for(encoding: Encoding) -> str:
    """Return the best encoder for a codec that this ffmpeg has.

    Raises
    ------
    RenderError
        It has none.
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
