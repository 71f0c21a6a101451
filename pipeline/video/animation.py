"""Animated GIF and WebP, whose frames ffmpeg cannot count."""

import struct
from fractions import Fraction
from pathlib import Path

# WebP's durations are whole milliseconds, each rounded down at both of its ends.
_ROUNDING_MS = 2


def is_animation(path: Path) -> bool:
    """Tell whether a file is a GIF or a WebP."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[:4] == b"GIF8" or _is_webp(start)


def frames_of_animation(path: Path) -> int:
    """Return the number of pictures in a GIF or a WebP."""
    from PIL import Image

    with Image.open(path) as picture:
        return int(getattr(picture, "n_frames", 1))


def webp_shows(path: Path, frames: int, fps: Fraction) -> bool:
    """Tell whether a WebP shows this number of frames, by its durations.

    Equal neighbours are stored as one picture that is shown longer; if all frames are equal, the
    file is a still picture without durations.

    Notes
    -----
    RIFF: chunks of a name, a 32-bit length and data, padded to even lengths. An `ANMF` chunk is a
    picture; bytes 12 to 14 of its data are the duration.
    """
    data = path.read_bytes()
    if not _is_webp(data):
        return False
    durations_ms = []
    offset = 12
    while offset + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, offset)
        if name == b"ANMF":
            durations_ms.append(int.from_bytes(data[offset + 20 : offset + 23], "little"))
        offset += 8 + length + length % 2
    if offset != len(data):
        return False
    return not durations_ms or abs(sum(durations_ms) - 1000 * frames / fps) < _ROUNDING_MS


def _is_webp(start: bytes) -> bool:
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"
