"""The light level in an HDR10 segment: it is known only when all segments are encoded.

The encoder writes what no frame exceeds, the brightness of white. A copy of the segment gets what
was measured instead: in the stream, as SEI messages of H.265 (Rec. ITU-T H.265, D.2.35) or metadata
OBUs of AV1 (5.8.3), and in the container, as the boxes `mdcv` and `clli` (ISO/IEC 14496-12,
12.1.6), which ffmpeg keeps when it joins segments.
"""

import mmap
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import RenderError
from pipeline.video.encoding import Encoding
from pipeline.video.light import Light
from pipeline.video.mp4_boxes import HEAD, boxes

_SEI_TYPE, _METADATA_TYPE = 39, 5
# Payload type and size of the SEI message; metadata type of the OBU.
_SEI_HEAD, _OBU_HEAD = b"\x90\x04", b"\x01"
_LEVELS = struct.Struct(">HH")
_MOST_OF_A_START = 3
# The primaries of BT.2020, green, blue and red, and D65 in units of 0.00002; the largest and
# smallest luminance in units of 0.0001 nits: those of the encoders' options.
_MDCV = struct.pack(
    ">I4s8H2I", 32, b"mdcv", 8500, 39850, 6550, 2300, 35400, 14600, 15635, 16450, 10_000_000, 1
)
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
# Bytes before the first box inside: a full box's version and flags, and stsd's number of entries.
_STSD_HEAD = 8
_SAMPLE_ENTRIES = (b"hvc1", b"hev1", b"av01")


def write_with_light(segment: Path, target: Path, encoding: Encoding, light: Light) -> None:
    """Write a copy of a segment that tells the light level of the whole video.

    Raises
    ------
    RenderError
        The segment is not laid out as ffmpeg does it.
    """
    assert encoding.white_nits is not None
    light = _storable(light)
    head = _SEI_HEAD if encoding.codec == "h265" else _OBU_HEAD
    units = _units_of_h265 if encoding.codec == "h265" else _units_of_av1
    written = head + _LEVELS.pack(encoding.white_nits, encoding.white_nits)
    measured = head + _LEVELS.pack(light.most_nits, light.frame_nits)
    shutil.copyfile(segment, target)
    with target.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0) as data:
            found = {kind: (start, end) for kind, start, end in boxes(data, 0, len(data))}
            if not {b"mdat", b"moov"} <= found.keys() or found[b"moov"] < found[b"mdat"]:
                raise RenderError(f"{segment}: is not laid out as expected")
            for start, end in units(data, *found[b"mdat"]):
                at = data.find(written, start, end)
                if at >= 0:
                    data[at : at + len(measured)] = measured
            start, end = found[b"moov"]
            index = data[start - HEAD.size : end].replace(written, measured)
        # All that is behind the index is the checksum of what was.
        file.seek(start - HEAD.size)
        file.write(_with_boxes(index, light))
        file.truncate()


def _storable(light: Light) -> Light:
    """Return a light level whose bytes may stand in H.265: never 0, 0 and up to 3.

    That is where a start code would begin. One nit more is a lesser evil than moving all that
    follows.
    """
    if light.most_nits % 256 == 0 and light.frame_nits <= _MOST_OF_A_START:
        return Light(light.most_nits + 1, light.frame_nits)
    return light


def _units_of_h265(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where SEI messages begin and end; each unit of the stream has its length before it."""
    while start + 4 < end:
        (length,) = struct.unpack_from(">I", data, start)
        start += 4
        if (data[start] >> 1) & 0x3F == _SEI_TYPE:
            yield start, start + length
        start += length


def _units_of_av1(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where metadata begin and end; each unit has a header, and its length in LEB128."""
    while start < end:
        head = data[start]
        start += 2 if head & 0x04 else 1
        length = shift = 0
        while True:
            byte = data[start]
            start += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if (head >> 3) & 0x0F == _METADATA_TYPE:
            yield start, start + length
        start += length


def _with_boxes(index: bytes, light: Light) -> bytes:
    """Return the `moov` box with the light level in its sample entry."""
    added = _MDCV + struct.pack(">I4sHH", 12, b"clli", light.most_nits, light.frame_nits)
    longer = bytearray(index)
    start, end = 0, len(index)
    for level in (*((kind,) for kind in _CONTAINERS), _SAMPLE_ENTRIES):
        kind, start, end = next(box for box in boxes(index, start, end) if box[0] in level)
        box = start - HEAD.size
        struct.pack_into(">I", longer, box, end - box + len(added))
        start += _STSD_HEAD if kind == b"stsd" else 0
    longer[end:end] = added
    return bytes(longer)
