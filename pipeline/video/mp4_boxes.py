"""Boxes of MP4 and MOV files: where each begins and ends (ISO/IEC 14496-12, 4.2)."""

import mmap
import struct
from collections.abc import Iterator

HEAD = struct.Struct(">I4s")
"""Size and kind of a box."""
_LONG_SIZE = struct.Struct(">Q")


def boxes(data: mmap.mmap | bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box in a range, and where its content begins and ends."""
    while start + HEAD.size <= end:
        size, kind = HEAD.unpack_from(data, start)
        content = start + HEAD.size
        if size == 1:
            (size,) = _LONG_SIZE.unpack_from(data, content)
            content += _LONG_SIZE.size
        if size < content - start:
            return
        yield kind, content, start + size
        start += size


def box(kind: bytes, *contents: bytes) -> bytes:
    """Return a box of this kind."""
    content = b"".join(contents)
    return HEAD.pack(HEAD.size + len(content), kind) + content


def full_box(kind: bytes, *contents: bytes) -> bytes:
    """Return a box that begins with its version and flags, all 0."""
    return box(kind, bytes(4), *contents)
