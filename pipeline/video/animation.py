"""Animated GIF and WebP: what ffmpeg writes and cannot read."""

import struct
from fractions import Fraction
from pathlib import Path

# WebP's times are whole milliseconds; each end of one is cut off.
_CUT_MS = 2


def is_animation(path: Path) -> bool:
    """Tell whether a file is a GIF or a WebP."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[:4] == b"GIF8" or _is_webp(start)


def frames_of_animation(path: Path) -> int:
    """Return the pictures in a GIF or a WebP."""
    from PIL import Image

    with Image.open(path) as picture:
        return int(getattr(picture, "n_frames", 1))


def webp_shows(path: Path, frames: int, fps: Fraction) -> bool:
    """Tell whether a WebP shows so many frames.

    It holds equal neighbours as one picture that is shown longer, and where all are equal nothing
    but that picture.

    Notes
    -----
    RIFF: chunks of a name, a 32-bit length and data, padded to even lengths; an `ANMF` chunk, a
    picture, has its duration in bytes 12 to 15.
    """
    data = path.read_bytes()
    if not _is_webp(data):
        return False
    durations_ms = []
    place = 12
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        if name == b"ANMF":
            durations_ms.append(int.from_bytes(data[place + 20 : place + 23], "little"))
        place += 8 + length + length % 2
    if place != len(data):
        return False
    return not durations_ms or abs(sum(durations_ms) - 1000 * frames / fps) < _CUT_MS


def _is_webp(start: bytes) -> bool:
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"
