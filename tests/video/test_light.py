"""The light level of HDR10: measured from frames, and told by the joined video."""

import subprocess
from fractions import Fraction

import imageio_ffmpeg
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.video.ffmpeg import has_frames, join
from pipeline.video.light import Light, LightMeter
from pipeline.video.pq import nits_from_pq, pq_from_nits
from pipeline.video.segment_checksum import add_checksum, is_whole, light_of
from tests.sounds import run
from tests.video.test_video import encoding_of, written

WHITE_NITS = 203
FORMATS = ("yuv420p10le", "yuv422p10le", "yuv444p10le")


def hdr(codec="h265", pixels="yuv420p10le", **more):
    return encoding_of(codec, pixels, white_nits=WHITE_NITS, **more)


def planes_of(signal):
    """Return Y', Cb and Cr in ten bits of R'G'B' in BT.2020, by the formulas of BT.2020."""
    luma = signal @ [0.2627, 0.678, 0.0593]
    blue, red = (signal[..., 2] - luma) / 1.8814, (signal[..., 0] - luma) / 1.4746
    return 64 + 876 * luma, 512 + 896 * blue, 512 + 896 * red


def frame_of(signal, encoding):
    """Return the bytes of a frame whose colours are equal where pixels share chroma."""
    across, down = encoding.chroma_step
    luma, blue, red = planes_of(signal)
    planes = [luma, blue[::down, ::across], red[::down, ::across]]
    return np.concatenate([np.rint(plane).astype("<u2").reshape(-1) for plane in planes]).view("u1")


@pytest.mark.parametrize("pixels", FORMATS)
@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_the_light_of_a_pixel_is_that_of_its_brightest_colour(pixels, seed):
    encoding = hdr(pixels=pixels, columns=16, rows=68)
    rng = np.random.default_rng(seed)
    meter = LightMeter(encoding)
    most, means = 0.0, []
    for _ in range(3):
        nits = np.repeat(np.repeat(rng.uniform(0, WHITE_NITS, (34, 8, 3)), 2, 0), 2, 1)
        brightest = nits.max(2)
        most = max(most, brightest.max())
        means.append(brightest.mean())
        meter.add(frame_of(pq_from_nits(nits), encoding))
    # A step of ten bits is about 1 % of the light, and both are rounded up.
    assert meter.light.most_nits == pytest.approx(most, rel=0.015, abs=1)
    assert meter.light.frame_nits == pytest.approx(max(means), rel=0.01, abs=1)


def test_white_is_white_and_black_is_black():
    encoding = hdr(columns=16, rows=16)
    for nits, light in ((0, Light(0, 0)), (WHITE_NITS, Light(WHITE_NITS, WHITE_NITS))):
        meter = LightMeter(encoding)
        meter.add(frame_of(pq_from_nits(np.full((16, 16, 3), float(nits))), encoding))
        assert meter.light == light
    assert nits_from_pq(pq_from_nits(np.array([0.0, 100, 10_000]))) == pytest.approx([0, 100, 1e4])


def side_data(path, *before):
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", *before, "-i", str(path), "-vf", "showinfo",
         "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stderr.replace(" ", "")


@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_the_joined_video_tells_what_was_measured_and_shows_the_same(tmp_path, codec):
    encoding = hdr(codec, fps=Fraction(10))
    one, other, usual, whole = (tmp_path / f"{k}.mp4" for k in ("1", "2", "usual", "whole"))
    written(one, encoding, range(40, 60))
    written(other, encoding, range(200, 170, -1))
    add_checksum(one, Light(90, 80))
    add_checksum(other, Light(120, 110))
    before = one.read_bytes(), other.read_bytes()
    join([one, other], usual, encoding)
    # The second would be a start code in H.265 if it were written as it is.
    for light, told in (
        (Light(171, 33), "MaxCLL=171,MaxFALL=33"),
        (Light(256, 2), "MaxCLL=257,MaxFALL=2"),
    ):
        join([one, other], whole, encoding, {"title": "a"}, None, light)
        assert has_frames(whole, encoding, 50)
        said = side_data(whole)
        assert told in said
        assert f"MaxCLL={WHITE_NITS}" not in said
        # Every keyframe tells it, and the container.
        assert said.count(told) >= 2
        data = whole.read_bytes()
        box = data.index(b"clli")
        assert data[box - 4 : box] == b"\0\0\0\x0c"
        assert f"MaxCLL={int.from_bytes(data[box + 4 : box + 6])}," in told
        assert data.index(b"mdcv") < data.index(b"mdat")
        assert "max_luminance=1000.000000" in said
        frames = [run("-i", str(path), "-f", "framemd5", "-") for path in (usual, whole)]
        assert frames[0].splitlines()[-50:] == frames[1].splitlines()[-50:]
    assert (one.read_bytes(), other.read_bytes()) == before
    assert sorted(tmp_path.iterdir()) == sorted([one, other, usual, whole])


def test_the_light_level_stands_beside_the_checksum_and_is_checked(tmp_path):
    path = tmp_path / "1.mp4"
    encoding = hdr()
    written(path, encoding, [40, 60])
    add_checksum(path, Light(203, 7))
    assert is_whole(path)
    assert light_of(path) == Light(203, 7)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"light 00203", b"light 00103"))
    assert not is_whole(path)
    path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    assert not is_whole(path)
