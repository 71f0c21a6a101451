"""Videos for places: what each of them asks for, and what it refuses."""

import os
import struct
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.opening import opened
from pipeline.config.load import load_config
from pipeline.config.names import LONGEST_ENDING, PLACES
from pipeline.config.places import _frame_rate, config_for
from pipeline.errors import UsageError
from pipeline.video.ffmpeg import FrameWriter, count_frames, join
from tests.config.test_config import TWO
from tests.sounds import noise, run, streams, write_wav


def config_in(folder, video="{}", text=TWO):
    path = folder / "a.yaml"
    path.write_text(f"video: {video}\n{text}")
    return load_config(path)


@pytest.mark.parametrize(
    ("place", "video", "size", "fps"),
    [
        ("youtube", "{width: 2560, height: 1440, fps: 60}", (2560, 1440), 60),
        ("youtube", "{fps: 10}", (1280, 720), 30),
        ("youtube", "{fps: 120}", (1280, 720), 60),
        ("instagram", "{fps: 30000/1001}", (1080, 1920), Fraction(30000, 1001)),
        ("instagram", "{codec: gif, fps: 15}", (1080, 1920), 30),
        ("x", "{width: 1920, height: 1080, fps: 100}", (1280, 720), 50),
        ("x", "{width: 1080, height: 1920}", (720, 1280), 30),
        ("x", "{width: 1080, height: 1080}", (720, 720), 30),
        ("web", "{width: 640, height: 360, codec: prores}", (640, 360), 30),
        ("web", "{width: 3840, height: 2160}", (1920, 1080), 30),
        ("web", "{width: 2160, height: 3840}", (1080, 1920), 30),
        ("web", "{width: 3840, height: 1600}", (1920, 800), 30),
    ],
)
def test_each_place_has_its_size_and_rate(tmp_path, place, video, size, fps):
    encoding = config_for(config_in(tmp_path, video), place).encoding
    assert ((encoding.columns, encoding.rows), encoding.fps) == (size, fps)
    assert (encoding.codec, encoding.pixel_format, encoding.signal) == ("h264", "yuv420p", "bt709")
    assert encoding.ending == ".mp4"


def test_hdr_stays_where_it_is_shown(tmp_path):
    config = config_in(tmp_path, "{codec: h265, hdr_white_nits: 203, crf: 14}")
    of_youtube = config_for(config, "youtube").encoding
    assert (of_youtube.codec, of_youtube.signal, of_youtube.crf) == ("h265", "hdr10", 14)
    assert config_for(config, "instagram").encoding.signal == "bt709"


def test_a_sphere_goes_only_where_its_shape_is_shown(tmp_path):
    config = config_in(tmp_path, "{width: 3840, height: 1920, projection: equirectangular}")
    assert config_for(config, "youtube").encoding.projection == "equirectangular"
    assert config_for(config, "web").encoding.columns == 1920
    for place in ("instagram", "x"):
        with pytest.raises(UsageError, match="youtube shows it"):
            config_for(config, place)


@pytest.mark.parametrize("place", PLACES)
def test_the_file_is_what_the_place_asks_for(tmp_path, place):
    sound = write_wav(tmp_path / "a.wav", noise(2))
    config = config_in(tmp_path, f"{{audio: {{file: {sound.name}}}}}")
    made = config_for(config, place)
    assert not made.sound.may_copy
    encoding = replace(made.encoding, columns=64, rows=36)
    segment, track, whole = (tmp_path / f"{name}.mp4" for name in ("segment", "track", "whole"))
    writer = FrameWriter(segment, encoding)
    for _ in range(70):
        # All alike: another picture would be a keyframe of its own.
        writer.write(np.full(encoding.frame_bytes, 128, np.uint8))
    assert writer.close() == ""
    run("-i", str(sound), "-c:a", "aac", "-y", str(track))
    join([segment], whole, encoding, {}, track)
    assert (count_frames(whole), streams(whole)) == (70, ["Video: h264", "Audio: aac"])
    data = whole.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert (b"elst" in data) == encoding.delivery.edit_lists
    # Every frame is shown for as long as the others.
    durations = struct.unpack(">III", data[data.index(b"stts") + 8 :][:12])
    assert durations[:2] == (1, 70)
    # Box avcC: profile 100 is High.
    assert data[data.index(b"avcC") + 5] == 100
    keyframes = run("-skip_frame", "nokey", "-i", str(whole), "-map", "0:v", "-f", "framecrc", "-")
    shown = [line for line in keyframes.splitlines() if not line.startswith(b"#")]
    assert len(shown) == -(-70 // encoding.delivery.keyframe_frames)
    assert encoding.delivery.keyframe_frames == (15 if place == "youtube" else 60)


def test_the_usual_video_asks_for_nothing(tmp_path):
    encoding = config_in(tmp_path).encoding
    assert "keyint" not in str(encoding.key())
    assert "delivery" not in encoding.key()
    assert config_for(config_in(tmp_path), "web").encoding.key() != encoding.key()


@pytest.mark.parametrize(
    ("place", "seconds", "words"),
    [
        ("instagram", 100, "lasts 100.033 s, and instagram takes 3 to 90 s"),
        ("instagram", 2, "takes 3 to 90 s"),
        ("x", 1300, "takes 0.5 to 1200 s"),
        ("youtube", 0.5, "takes 1 to 43200 s"),
    ],
)
def test_a_video_of_the_wrong_length_is_refused(tmp_path, place, seconds, words):
    config = config_in(tmp_path, text=TWO.replace("time: 4", f"time: {seconds}"))
    with pytest.raises(UsageError, match=words):
        opened(config.path, place=place)
    assert opened(config.path, place="web").place == "web"


@given(st.fractions(min_value=Fraction(1, 10), max_value=240))
def test_a_frame_rate_within_bounds_shows_the_same_frames(fps):
    changed = _frame_rate(fps, 23, 60)
    assert 23 <= changed <= 60
    ratio = changed / fps
    assert ratio.numerator == 1 or ratio.denominator == 1


def test_the_names_of_places_fit_where_names_of_outputs_do():
    for place in PLACES:
        assert len(os.fsencode(f"-{place}.mp4")) <= LONGEST_ENDING
