"""The spherical metadata of equirectangular videos: its boxes, what reads them, and all else as it was."""

import struct
import subprocess
import xml.etree.ElementTree as ET

import imageio_ffmpeg
import pytest

from pipeline.errors import RenderError
from pipeline.video.ffmpeg import join, tags_of
from pipeline.video.mp4_boxes import HEAD, boxes
from pipeline.video.spherical import write_spherical
from tests.sounds import converted, noise, run, write_wav
from tests.video.test_video import encoding_of, written

VERSION_1 = bytes.fromhex("ffcc8263f8554a938814587a02521fdd")
SPACE = "{http://ns.google.com/videos/1.0/spherical/}"


def found(data, path, start=0, end=None):
    """Return the contents of all boxes at a path of kinds, such as "moov/trak"."""
    end = len(data) if end is None else end
    kind, _, rest = path.partition("/")
    heads = {"stsd": 8, "avc1": 78, "hvc1": 78, "av01": 78, "vp09": 78, "apch": 78}
    contents = []
    for name, first, last in boxes(data, start, end):
        if name.decode("latin-1") == kind:
            if rest:
                contents += found(data, rest, first + heads.get(kind, 0), last)
            else:
                contents.append(data[first:last])
    return contents


def told(path):
    """Return what ffmpeg says of a file."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, capture_output=True, text=True, errors="replace").stderr


def streams(path):
    """Return the digests of a file's decoded pictures and sound."""
    return run("-i", str(path), "-map", "0", "-f", "streamhash", "-hash", "md5", "-").decode()


def joined(folder, encoding, sound=None):
    segment = folder / f"segment{encoding.segment_ending}"
    written(segment, encoding, [40, 60, 80, 100])
    whole = folder / f"whole-{encoding.projection}{encoding.ending}"
    join([segment], whole, encoding, {"title": "A sphere"}, sound)
    return whole


ENTRIES = {"h264": "avc1", "h265": "hvc1", "av1": "av01", "vp9": "vp09", "prores": "apch"}


@pytest.mark.parametrize("codec", ENTRIES)
def test_a_video_says_in_both_ways_that_it_is_equirectangular_and_is_else_the_same(tmp_path, codec):
    pixels = "yuv422p10le" if codec == "prores" else "yuv420p"
    ending = ".mov" if codec == "prores" else ".m4a"
    sound = converted(write_wav(tmp_path / "a.wav", noise(0.2)), tmp_path / f"a{ending}")
    flat = joined(tmp_path, encoding_of(codec, pixels), sound)
    whole = joined(tmp_path, encoding_of(codec, pixels, projection="equirectangular"), sound)
    data = whole.read_bytes()
    entry = f"moov/trak/mdia/minf/stbl/stsd/{ENTRIES[codec]}"
    assert found(data, f"{entry}/st3d") == [bytes(5)]
    assert found(data, f"{entry}/sv3d/svhd") == [b"\0\0\0\0mandelzoom\0"]
    assert found(data, f"{entry}/sv3d/proj/prhd") == [bytes(16)]
    assert found(data, f"{entry}/sv3d/proj/equi") == [bytes(20)]
    (version_1,) = found(data, "moov/trak/uuid")
    assert version_1.startswith(VERSION_1)
    facts = {each.tag.removeprefix(SPACE): each.text for each in ET.fromstring(version_1[16:])}
    assert facts == {
        "Spherical": "true", "Stitched": "true", "StitchingSoftware": "mandelzoom",
        "ProjectionType": "equirectangular",
    }  # fmt: skip
    assert "Spherical Mapping: equirectangular" in told(whole)
    assert "Spherical" not in told(flat)
    assert streams(whole) == streams(flat)
    assert tags_of(whole) == tags_of(flat)
    # The index is still in front.
    kinds = [kind for kind, _, _ in boxes(data, 0, len(data))]
    assert kinds.index(b"moov") < kinds.index(b"mdat")
    assert sum(end - start for _, start, end in boxes(data, 0, len(data))) + HEAD.size * len(
        kinds
    ) == len(data)


def test_the_index_may_stand_behind_the_pictures(tmp_path):
    flat = joined(tmp_path, encoding_of())
    behind = tmp_path / "behind.mp4"
    run("-i", str(flat), "-c", "copy", str(behind))
    before = streams(behind)
    write_spherical(behind)
    assert streams(behind) == before
    assert "Spherical Mapping: equirectangular" in told(behind)


def test_other_files_and_other_projections_say_nothing(tmp_path):
    for codec, projection in (("ffv1", "equirectangular"), ("h264", "fisheye"), ("h264", "tunnel")):
        whole = joined(tmp_path, encoding_of(codec, projection=projection))
        assert "Spherical" not in told(whole)


def test_what_is_not_laid_out_so_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "file.mp4"
    for data in (b"\0" * 16, struct.pack(">I4s", 8, b"moov"), b"no video at all"):
        file.write_bytes(data)
        with pytest.raises(RenderError, match="not laid out"):
            write_spherical(file)
        assert file.read_bytes() == data
