"""The checksum of a segment, at the end of its own file: no segment without one counts as made.

It stands where players look past it: in a box of free space (ISO/IEC 14496-12, 8.1.2) behind an MP4
or a MOV, in a Void element (RFC 8794, 11.3.2) behind a Matroska file. What is joined of segments
does not hold it.
"""

import struct
from pathlib import Path

from pipeline.system.checksums import crc32_of

_FREE_HEADER = struct.Struct(">I4s")
_VOID = 0xEC
# Of a size in one byte.
_VOID_SIZE = 0x80


def add_checksum(path: Path) -> None:
    """Add the checksum to a segment that is written; it is as durable as the rest of the file."""
    checksum = crc32_of(path)
    with path.open("ab") as file:
        file.write(_trailer(checksum, path))


def is_whole(path: Path) -> bool:
    """Tell whether a segment is, to the last byte, what was written."""
    length = len(_trailer(0, path))
    try:
        size = path.stat().st_size - length
        with path.open("rb") as file:
            file.seek(max(size, 0))
            said = file.read()
        return size > 0 and said == _trailer(crc32_of(path, size), path)
    except OSError:
        return False


def _trailer(checksum: int | None, path: Path) -> bytes:
    text = f"crc32 {checksum:08x}\n".encode()
    if ".mkv" in path.suffixes:
        return bytes([_VOID, _VOID_SIZE | len(text)]) + text
    return _FREE_HEADER.pack(_FREE_HEADER.size + len(text), b"free") + text
