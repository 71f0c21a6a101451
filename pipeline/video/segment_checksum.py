"""The checksum of a segment, at the end of its own file; a segment without one is made again.

It is stored where players ignore it: at the end of an MP4 or MOV in a free space box (ISO/IEC
14496-12, 8.1.2), of a Matroska file in a Void element (RFC 8794, 11.3.2). The joined video does not
hold it.
"""

import struct
from pathlib import Path

from pipeline.system.checksums import crc32_of

_FREE_HEADER = struct.Struct(">I4s")
_VOID = 0xEC
# Marks a size of one byte.
_VOID_SIZE = 0x80


def add_checksum(path: Path) -> None:
    """Append the checksum to a finished segment; it becomes durable when the file is flushed."""
    checksum = crc32_of(path)
    with path.open("ab") as file:
        file.write(_trailer(checksum, path))


def is_whole(path: Path) -> bool:
    """Tell whether a segment is, byte for byte, what was written."""
    length = len(_trailer(0, path))
    try:
        size = path.stat().st_size - length
        with path.open("rb") as file:
            file.seek(max(size, 0))
            trailer = file.read()
        return size > 0 and trailer == _trailer(crc32_of(path, size), path)
    except OSError:
        return False


def _trailer(checksum: int | None, path: Path) -> bytes:
    """Return a segment's last bytes: the box or element that holds the checksum."""
    text = f"crc32 {checksum:08x}\n".encode()
    if ".mkv" in path.suffixes:
        return bytes([_VOID, _VOID_SIZE | len(text)]) + text
    return _FREE_HEADER.pack(_FREE_HEADER.size + len(text), b"free") + text
