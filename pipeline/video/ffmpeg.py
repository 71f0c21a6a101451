"""ffmpeg as imageio brings it: frames in, frames counted, files joined, and its own words shown."""

import contextlib
import logging
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.durable import temporary_path
from pipeline.errors import EncoderError, RenderError
from pipeline.video.encoding import BT709_OPTIONS, Encoding

_REPORT_LINES = 3

# glibc's environment (mallopt(3)); other C libraries do not know it.
_MALLOC = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "65536",
}

# It logs a warning for a writer closed early, which is what an interrupted run does.
logging.getLogger("imageio_ffmpeg").setLevel(logging.ERROR)


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
            pix_fmt_out=encoding.pixel_format,
            fps=encoding.fps,
            quality=None,
            codec=encoder,
            macro_block_size=2,
            ffmpeg_log_level="quiet",
            # Short queues and no decoder threads: each holds whole frames.
            input_params=["-thread_queue_size", "2", "-threads", "1", *BT709_OPTIONS],
            output_params=["-f", "mp4", *encoding.output_options(encoder)],
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
    """Return the number of frames in a video file; 0 where it cannot be read."""
    try:
        return int(imageio_ffmpeg.count_frames_and_secs(str(path))[0])
    except RuntimeError:
        return 0


def jpeg_at(path: Path, seconds: float, columns: int) -> bytes | None:
    """Return a picture of a video as a JPEG file of this width; None where there is none."""
    done = subprocess.run(
        [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-hide_banner", "-v", "error", "-nostdin", "-ss", f"{seconds:.6f}", "-i", str(path)),
            *("-frames:v", "1", "-vf", f"scale={columns}:-2", "-q:v", "4"),
            *("-f", "image2pipe", "-c:v", "mjpeg", "-"),
        ],
        capture_output=True,
        start_new_session=True,
    )
    return done.stdout if done.returncode == 0 and done.stdout else None


def join(segments: Iterable[Path], path: Path, encoding: Encoding) -> None:
    """Join segments into one MP4 that starts to play before it is all there; nothing is encoded.

    Raises
    ------
    RenderError
        ffmpeg failed; the message holds what it said.
    """
    quoted = (str(segment.resolve()).replace("'", "'\\''") for segment in segments)
    listing = temporary_path(path.with_suffix(".segments"))
    listing.write_text("".join(f"file '{name}'\n" for name in quoted))
    try:
        done = subprocess.run(
            [
                imageio_ffmpeg.get_ffmpeg_exe(),
                *("-hide_banner", "-v", "error", "-y", "-nostdin"),
                *("-f", "concat", "-safe", "0", "-i", str(listing)),
                *("-map", "0:v:0", "-c", "copy", "-movflags", "+faststart"),
                *("-fflags", "+bitexact", *encoding.tag_options()),
                *("-f", "mp4", str(path)),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    finally:
        listing.unlink(missing_ok=True)
    if done.returncode:
        raise RenderError(f"joining the segments failed: {done.stderr.strip()}")


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
        [ffmpeg, "-hide_banner", "-encoders"], capture_output=True, text=True, check=True
    ).stdout
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
            text = self._path.read_text(errors="replace")
        except OSError:
            return ""
        self._path.unlink(missing_ok=True)
        # The first lines repeat the command.
        _, _, said = text.partition("Command line:\n")
        lines = [line.strip() for line in said.splitlines()[1:] if line.strip()]
        return "; ".join(lines[:_REPORT_LINES])
