"""Encoding through the real ffmpeg: every codec, every failure with its message."""

import collections
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio.v3 as iio
import imageio_ffmpeg
import numpy as np
import pytest

from pipeline.cli.zoom import zoom
from pipeline.errors import RenderError
from pipeline.video.encoder import Encoder
from pipeline.video.encoding import DEFAULT_CRF, DEFAULT_PRESET, PIXEL_FORMATS, Encoding
from pipeline.video.ffmpeg import FrameWriter, count_frames, has_frames, join, tags_of

COLUMNS, ROWS = 64, 36


def encoding_of(codec="h264", pixel_format="yuv420p", **more):
    facts = {
        "columns": COLUMNS, "rows": ROWS, "fps": Fraction(30000, 1001), "codec": codec,
        "crf": DEFAULT_CRF.get(codec), "pixel_format": pixel_format,
        "preset": DEFAULT_PRESET.get(codec),
    }  # fmt: skip  # a line of facts
    return Encoding(**{**facts, **more})


def picture(encoding, level):
    samples = encoding.frame_bytes // (2 if encoding.bits > 8 else 1)
    kind = "<u2" if encoding.bits > 8 else np.uint8
    scale = 1 << (encoding.bits - 8)
    planes = np.full(samples, (level if encoding.signal == "rgb" else 128) * scale, kind)
    planes[: COLUMNS * ROWS] = level * scale
    return planes.view(np.uint8)


def shown(path):
    """Return the mean grey of every frame of a video that ffmpeg, or of pictures that Pillow reads."""
    if path.is_dir():
        # Pillow reads 16-bit RGB as 8 bits.
        return [iio.imread(file).mean() for file in sorted(path.iterdir())]
    if path.suffix in (".webp", ".gif"):
        return [frame.mean() for frame in iio.imiter(path, plugin="pillow", mode="RGB")]
    reader = imageio_ffmpeg.read_frames(str(path))
    next(reader)
    return [np.frombuffer(frame, np.uint8).mean() for frame in reader]


def written(path, encoding, levels):
    writer = FrameWriter(path, encoding)
    for level in levels:
        writer.write(picture(encoding, level))
    return writer.close()


CASES = [(codec, pixels) for codec, formats in PIXEL_FORMATS.items() for pixels in formats]


@pytest.mark.parametrize(("codec", "pixel_format"), CASES)
def test_every_codec_and_pixel_format_makes_a_video_of_all_frames(tmp_path, codec, pixel_format):
    encoding = encoding_of(codec, pixel_format)
    one, other = (tmp_path / f"{k}{encoding.segment_ending}" for k in (1, 2))
    whole = tmp_path / f"whole{encoding.ending}"
    assert written(one, encoding, [40, 60, 80]) == ""
    assert written(other, encoding, [100, 120]) == ""
    assert count_frames(one) == 3
    join([one, other], whole, encoding)
    assert count_frames(whole) == 5
    levels = np.array([40, 60, 80, 100, 120])
    greys = levels if encoding.signal == "rgb" else (levels - 16) * 255 / 219
    # A GIF has few colours, and dithers between them.
    np.testing.assert_allclose(shown(whole), greys, atol=8 if codec == "gif" else 3)
    if encoding.ending in (".mp4", ".mov", ".mkv"):
        facts = next(imageio_ffmpeg.read_frames(str(whole)))
        assert facts["size"] == (COLUMNS, ROWS)
        assert facts["fps"] == pytest.approx(29.97, abs=0.01)
        assert facts["duration"] == pytest.approx(5 / 29.97, abs=0.01)


@pytest.mark.parametrize("codec", ["h265", "av1"])
def test_hdr10_says_what_it_is(tmp_path, codec):
    encoding = encoding_of(codec, "yuv420p10le", white_nits=203)
    path = tmp_path / "1.mp4"
    assert written(path, encoding, [60, 80, 100]) == ""
    join([path], tmp_path / "whole.mp4", encoding)
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    report = subprocess.run(
        [ffmpeg, "-hide_banner", "-i", str(tmp_path / "whole.mp4"), "-vf", "showinfo", "-frames:v", "1", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip  # one command
    assert "bt2020nc/bt2020/smpte2084" in report
    assert "yuv420p10le(tv" in report
    assert "MaxCLL=203" in report.replace(" ", "")


def test_a_video_tells_what_it_was_made_of(tmp_path):
    # More than a word of a command line may have.
    text = "# Ünï; a = b \\ c \\\n\\\n=\nvideo: {fps: 30}\nkeyframes: [1]\n" + "# 'long'\n" * 20_000
    for codec, pixels in (("h264", "yuv420p"), ("prores", "yuv422p10le"), ("ffv1", "gbrp")):
        encoding = encoding_of(codec, pixels)
        segment, whole = (
            tmp_path / f"1{encoding.segment_ending}",
            tmp_path / f"whole{encoding.ending}",
        )
        written(segment, encoding, [50, 60])
        join([segment], whole, encoding, {"title": "sea;horse #1 = %d", "comment": text})
        tags = tags_of(whole)
        assert tags["title"] == "sea;horse #1 = %d"
        assert tags["comment"] == text
    assert tags_of(tmp_path / "nothing.mp4").get("comment") is None


ODD_NAMES = [
    "-y", "http:x", "concat:a|b", "run:1", "it's", "a\nb", "%d", "%06d", "#?&", "pipe:", "\t",
    "é €", os.fsdecode(b"\xff\xfe"), "x" * 240, " ", "[a]*", "\\", "$HOME", "file:", "a'\n'b",
]  # fmt: skip  # a few lines


@pytest.mark.parametrize("codec", ["h264", "png", "gif"])
def test_names_and_folders_mean_nothing_to_ffmpeg(tmp_path, monkeypatch, codec):
    encoding = encoding_of(codec, PIXEL_FORMATS[codec][0])
    ordinary = tmp_path / f"1{encoding.segment_ending}"
    written(ordinary, encoding, [40, 60])
    for name in ODD_NAMES:
        folder = tmp_path / name
        folder.mkdir()
        # Relative ones, as a person types them.
        monkeypatch.chdir(folder)
        segment, whole = Path(f"{name}{encoding.segment_ending}"), Path(f"{name}-{encoding.ending}")
        written(segment, encoding, [40, 60])
        assert segment.read_bytes() == ordinary.read_bytes()
        segment = segment.replace(f"1{encoding.segment_ending}")
        join([segment, segment.absolute()], whole, encoding)
        assert count_frames(whole) == 4
        assert sorted(folder.iterdir()) == sorted([segment.absolute(), whole.absolute()])


def test_a_video_that_names_others_is_not_followed(tmp_path):
    """A playlist named like a video is not read as one: nothing that it names is opened."""
    for text in ("ffconcat version 1.0\nfile other.mp4\n", "#EXTM3U\n#EXTINF:1,\nother.mp4\n"):
        whole = tmp_path / "other.mp4"
        encoding = encoding_of()
        segment = tmp_path / "1.mp4"
        written(segment, encoding, [50, 60])
        join([segment], whole, encoding, {"comment": "keyframes: here"})
        path = tmp_path / "list.mp4"
        path.write_text(text)
        assert tags_of(path) == {}
        assert tags_of(whole)["comment"] == "keyframes: here"


def test_the_stream_is_tagged_and_starts_to_play_at_once(tmp_path):
    encoding = encoding_of()
    segment, whole = tmp_path / "1.mp4", tmp_path / "whole.mp4"
    written(segment, encoding, [50, 60])
    join([segment], whole, encoding)
    data = whole.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    # colr box: bt709 primaries, transfer and matrix, limited range.
    offset = data.index(b"colrnclx")
    assert data[offset + 8 : offset + 15] == bytes([0, 1, 0, 1, 0, 1, 0])


def test_1080_lines_stay_1080(tmp_path):
    encoding = encoding_of(columns=1920, rows=1080)
    path = tmp_path / "hd.mp4"
    writer = FrameWriter(path, encoding)
    writer.write(np.zeros(encoding.frame_bytes, np.uint8))
    writer.close()
    reader = imageio_ffmpeg.read_frames(str(path))
    assert next(reader)["source_size"] == (1920, 1080)
    reader.close()


def test_equal_pictures_make_equal_bytes(tmp_path):
    encoding = encoding_of()
    paths = [tmp_path / "1.mp4", tmp_path / "2.mp4"]
    for path in paths:
        written(path, encoding, range(30, 200, 5))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_ffmpeg_s_own_words_are_shown(tmp_path):
    writer = FrameWriter(tmp_path / "x.mp4", encoding_of(preset="no-such-preset"))
    frames = (np.zeros(10_000_000, np.uint8) for _ in range(100))
    with pytest.raises(RenderError, match=r"ffmpeg stopped: .*preset"):
        collections.deque(map(writer.write, frames), maxlen=0)
    # It has ended, and may be ended again.
    writer.abandon()
    assert writer.close() == ""


def test_a_gif_has_its_colours(tmp_path):
    encoding = encoding_of("gif", "gbrp")
    bars = np.zeros((3, ROWS, COLUMNS), np.uint8)
    # Planes are green, blue and red.
    for index, colour in enumerate(((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 0, 255))):
        bars[:, :, index * 16 : index * 16 + 16] = np.array(colour)[:, None, None]
    segment, whole = tmp_path / "1.mkv", tmp_path / "whole.gif"
    writer = FrameWriter(segment, encoding)
    writer.write(bars.reshape(-1))
    writer.write(bars.reshape(-1))
    assert writer.close() == ""
    join([segment], whole, encoding)
    shown_bars = iio.imread(whole, plugin="pillow", mode="RGB", index=0)
    np.testing.assert_allclose(shown_bars, bars[[2, 0, 1]].transpose(1, 2, 0), atol=1)


def test_a_join_of_nothing_readable_says_so(tmp_path):
    broken = tmp_path / "it's broken.mp4"
    broken.write_bytes(b"no video")
    with pytest.raises(RenderError, match="joining the segments failed"):
        join([broken], tmp_path / "whole.mp4", encoding_of())
    assert count_frames(broken) == 0


def test_a_segment_gets_its_name_only_with_all_its_frames(tmp_path):
    encoding = encoding_of()
    path = tmp_path / "segment.mp4"
    taken = []
    encoder = Encoder(encoding, taken.append)
    encoder.put(path, 1, picture(encoding, 50), False)
    encoder.put(path, 2, picture(encoding, 60), False)
    assert not path.exists()
    encoder.put(path, 3, picture(encoding, 70), True)
    encoder.finish()
    assert taken == [1, 2, 3]
    assert count_frames(path) == 3
    assert list(tmp_path.iterdir()) == [path]


def test_an_abandoned_segment_leaves_nothing(tmp_path):
    encoding = encoding_of()
    taken = []
    encoder = Encoder(encoding, taken.append)
    encoder.put(tmp_path / "segment.mp4", 1, picture(encoding, 50), False)
    encoder.abandon()
    assert list(tmp_path.iterdir()) == []


def test_a_segment_that_cannot_be_written_fails_the_run(tmp_path):
    encoding = encoding_of()
    taken = []
    encoder = Encoder(encoding, taken.append)
    path = tmp_path / "no-such-folder" / "segment.mp4"
    encoder.put(path, 1, np.zeros(encoding.frame_bytes, np.uint8), True)
    with pytest.raises(RenderError, match="No such file"):
        encoder.finish()
    encoder.abandon()


@pytest.mark.parametrize(("hidden", "made"), [("libsvtav1", True), ("av1", False)])
def test_an_ffmpeg_without_an_encoder_takes_the_next_or_says_so(
    tmp_path, monkeypatch, hidden, made
):
    hide(hidden, tmp_path, monkeypatch)
    encoding = encoding_of("av1")
    path = tmp_path / "x.mp4"
    if made:
        assert written(path, encoding, [40, 60]) == ""
        assert count_frames(path) == 2
    else:
        with pytest.raises(RenderError, match="cannot encode av1"):
            FrameWriter(path, encoding)


def hide(hidden, tmp_path, monkeypatch):
    """Put an ffmpeg in place that lacks some encoders."""
    real = imageio_ffmpeg.get_ffmpeg_exe()
    lesser = tmp_path / "ffmpeg"
    lesser.write_text(
        f'#!/bin/sh\ncase "$*" in *-encoders*) "{real}" "$@" | grep -v {hidden};; '
        f'*) exec "{real}" "$@";; esac\n'
    )
    lesser.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(lesser))


def test_what_the_last_step_would_fail_at_fails_before_the_first(tmp_path, monkeypatch):
    hide("libwebp_anim", tmp_path, monkeypatch)
    # ffmpeg is asked for its encoders, but for a WebP's, which is made of the lossless segments.
    real = Path(os.environ["IMAGEIO_FFMPEG_EXE"]).read_text()
    failing = real.replace("*) exec", "*libwebp_anim*) echo no such encoder >&2; exit 1;; *) exec")
    Path(os.environ["IMAGEIO_FFMPEG_EXE"]).write_text(failing)
    config = tmp_path / "a.yaml"
    config.write_text(
        "video: {width: 16, height: 16, codec: webp}\nkeyframes: [{time: 0, center: [0, 0], width: 3}]\n"
    )
    with pytest.raises(RenderError, match=r"a\.webp: cannot be made, .*: no such encoder"):
        zoom(config, tmp_path / "output")
    assert list((tmp_path / "output" / "a" / "counts").iterdir()) == []
    assert not (tmp_path / "output" / "a.webp").exists()


def test_equal_neighbours_in_a_webp_are_frames_too(tmp_path):
    encoding = encoding_of("webp", "gbrp", fps=Fraction(240))
    segment, whole = tmp_path / "1.mkv", tmp_path / "whole.webp"
    for levels in ([50, 50, 50, 80, 80], [50] * 5, [50], range(20, 60)):
        written(segment, encoding, levels)
        join([segment], whole, encoding)
        assert has_frames(whole, encoding, len(levels))
        assert len(set(levels)) == 1 or not has_frames(whole, encoding, len(levels) - 1)
    whole.write_bytes(whole.read_bytes()[:-9])
    assert not has_frames(whole, encoding, 40)
