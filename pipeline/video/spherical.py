"""The spherical metadata of an equirectangular MP4 or MOV, by which players know to show it around.

Both versions of Google's "Spherical Video RFC": the boxes `st3d` and `sv3d` in the sample entry
(version 2), which headsets and ffmpeg read, and XML in a box of the track (version 1), which
YouTube reads. ffmpeg has no option for the first, and does not write the second.
"""

import mmap
import struct
import uuid
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pipeline.errors import RenderError
from pipeline.video.mp4_boxes import HEAD, box, boxes, full_box

_SOFTWARE = "mandelzoom"
# One picture for both eyes; no turn of the sphere; all of it.
_ST3D = full_box(b"st3d", b"\0")
_SV3D = box(
    b"sv3d",
    full_box(b"svhd", _SOFTWARE.encode() + b"\0"),
    box(b"proj", full_box(b"prhd", bytes(12)), full_box(b"equi", bytes(16))),
)
_VERSION_1 = uuid.UUID("ffcc8263-f855-4a93-8814-587a02521fdd").bytes
_XML = (
    '<?xml version="1.0"?>'
    '<rdf:SphericalVideo xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:GSpherical="http://ns.google.com/videos/1.0/spherical/">'
    "<GSpherical:Spherical>true</GSpherical:Spherical>"
    "<GSpherical:Stitched>true</GSpherical:Stitched>"
    f"<GSpherical:StitchingSoftware>{_SOFTWARE}</GSpherical:StitchingSoftware>"
    "<GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType>"
    "</rdf:SphericalVideo>"
).encode()
_UUID = box(b"uuid", _VERSION_1, _XML)

# Version and flags of a full box, and the number of its entries.
_TABLE_HEAD = 8
# Version and flags, and what QuickTime has before the kind of a handler.
_HANDLER_AT = 8
_OFFSETS: dict[bytes, np.dtype[np.unsignedinteger]] = {
    b"stco": np.dtype(">u4"),
    b"co64": np.dtype(">u8"),
}
_AT_ONCE = 1 << 23

Boxes = list[tuple[int, int]]
"""Start, head included, and end of each of several boxes."""


def write_spherical(path: Path) -> None:
    """Write into a video that its pictures are equirectangular, in place.

    Raises
    ------
    RenderError
        The file is not laid out as ffmpeg does it.
    """
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = [content for kind, *content in boxes(data, 0, len(data)) if kind == b"moov"]
            if len(found) != 1:
                raise RenderError(f"{path}: is not laid out as expected")
            start, end = found[0][0] - HEAD.size, found[0][1]
            index = data[start:end]
        try:
            longer = _with_metadata(index, end)
        except (ValueError, struct.error, OverflowError):
            raise RenderError(f"{path}: is not laid out as expected") from None
        _move(file, end, len(longer) - len(index))
        file.seek(start)
        file.write(longer)


def _with_metadata(index: bytes, index_end: int) -> bytes:
    """Return the `moov` box of a file, where it ends, with the metadata in it."""
    (moov,) = _inside(index, [(0, len(index))], b"moov", 0)
    tracks = _inside(index, [moov], b"trak")
    (track,) = (each for each in tracks if _handler(index, each) == b"vide")
    tables = [(0, len(index)), track]
    for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
        (inner,) = _inside(index, [tables[-1]], kind)
        tables.append(inner)
    entry = tables[-1][0] + HEAD.size + _TABLE_HEAD
    size, _ = HEAD.unpack_from(index, entry)
    tables.append((entry, entry + size))
    longer = bytearray(index)
    _shift_chunks(longer, tracks, index_end, len(_ST3D + _SV3D + _UUID))
    for start, end in tables:
        added = len(_ST3D + _SV3D) + (len(_UUID) if start <= track[0] else 0)
        struct.pack_into(">I", longer, start, end - start + added)
    # From the end, so that what is before stays where it is.
    longer[track[1] : track[1]] = _UUID
    longer[entry + size : entry + size] = _ST3D + _SV3D
    return bytes(longer)


def _inside(index: bytes, outer: Boxes, kind: bytes, head: int = HEAD.size) -> Boxes:
    """Return the boxes of a kind within others."""
    return [
        (content - HEAD.size, end)
        for start, stop in outer
        for found, content, end in boxes(index, start + head, stop)
        if found == kind
    ]


def _handler(index: bytes, track: tuple[int, int]) -> bytes:
    """Return the kind of a track: b"vide" for pictures."""
    ((start, _),) = _inside(index, _inside(index, [track], b"mdia"), b"hdlr")
    at = start + HEAD.size + _HANDLER_AT
    return index[at : at + 4]


def _shift_chunks(longer: bytearray, tracks: Boxes, index_end: int, added: int) -> None:
    """Move all offsets of chunks that lie behind the index."""
    index = bytes(longer)
    tables = _inside(index, _inside(index, _inside(index, tracks, b"mdia"), b"minf"), b"stbl")
    for kind, dtype in _OFFSETS.items():
        for start, end in _inside(index, tables, kind):
            start += HEAD.size + _TABLE_HEAD
            offsets = np.frombuffer(index[start:end], dtype).astype(np.int64)
            offsets[offsets >= index_end] += added
            if offsets.size and int(offsets.max()) >= 1 << 8 * dtype.itemsize:
                raise OverflowError
            longer[start:end] = offsets.astype(dtype).tobytes()


def _move(file: BinaryIO, start: int, by: int) -> None:
    """Move all bytes of a file from `start` on towards its end."""
    position = file.seek(0, 2)
    while position > start:
        first = max(start, position - _AT_ONCE)
        file.seek(first)
        piece = file.read(position - first)
        file.seek(first + by)
        file.write(piece)
        position = first
