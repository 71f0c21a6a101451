"""The checksum of a segment, at the end of its own file; a segment without one is made again.

It is stored where players ignore it: at the end of an MP4 or MOV in a free space box (ISO/IEC
14496-12, 8.1.2), of a Matroska file in a Void element (RFC 8794, 11.3.2). The joined video does not
hold it.
"""

import re
import struct
import zlib
from pathlib import Path

from pipeline.system.checksums import crc32_of
from pipeline.video.light import Light

_FREE_HEADER = struct.Struct(">I4s")
_VOID = 0xEC
# Marks a size of one byte.
_VOID_SIZE = 0x80
_TEXT = re.compile(rb"crc32 [0-9a-f]{8}(?: light (\d{5}) (\d{5}))?\n\Z")
_LONGEST_BYTES = 64


def add_checksum(path: Path, light: Light | None = None) -> None:
    """Append the checksum to a finished segment; it becomes durable when the file is flushed.

    With it stands the light level of the segment's frames, where that was measured.
    """
    trailer = _trailer(crc32_of(path), light, path)
    with path.open("ab") as file:
        file.write(trailer)


def is_whole(path: Path) -> bool:
    """Tell whether a segment is, byte for byte, what was written."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _LONGEST_BYTES, 0))
            end = file.read()
        match = _TEXT.search(end)
        light = _light_from(match)
        length = len(_trailer(0, light, path))
        size = path.stat().st_size - length
        return size > 0 and end[-length:] == _trailer(crc32_of(path, size), light, path)
    except OSError:
        return False


def light_of(path: Path) -> Light | None:
    """Return the light level of a whole segment; None where it was not measured."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _LONGEST_BYTES, 0))
        return _light_from(_TEXT.search(file.read()))


def _light_from(match: re.Match[bytes] | None) -> Light | None:
    if match is None or match[1] is None:
        return None
    return Light(int(match[1]), int(match[2]))


def _trailer(checksum: int | None, light: Light | None, path: Path) -> bytes:
    """Return a segment's last bytes: the box or element that holds the checksum."""
    measured = b""
    if light is not None:
        measured = b" light %05d %05d" % (light.most_nits, light.frame_nits)
        # It is checked, too.
        checksum = zlib.crc32(measured, checksum or 0)
    text = b"crc32 %08x%s\n" % (checksum or 0, measured)
    if ".mkv" in path.suffixes:
        return bytes([_VOID, _VOID_SIZE | len(text)]) + text
    return _FREE_HEADER.pack(_FREE_HEADER.size + len(text), b"free") + text
