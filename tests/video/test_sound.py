"""Sound tracks through the real ffmpeg: as long as the video, and heard as they are asked for."""

import os
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from pipeline.errors import RenderError
from pipeline.video.encoding import PIXEL_FORMATS
from pipeline.video.ffmpeg import has_frames, join, tags_of
from pipeline.video.sound import Sound, SoundError, SoundFile, SoundTrack
from tests.sounds import RATE_HZ, converted, heard, noise, run, streams, write_wav
from tests.video.test_video import encoding_of, written


def sound_of(path, **changes):
    facts = {"start": 0, "gain": 0, "fade_in": 0, "fade_out": 0, **changes}
    others = {key: facts.pop(key) for key in ("kbps", "may_copy") if key in facts}
    return Sound(
        SoundFile.of(path), **{key: Decimal(str(each)) for key, each in facts.items()}, **others
    )


def made(sound, seconds, ending, folder):
    track = SoundTrack.of(sound, Fraction(str(seconds)), ending, folder)
    track.make(track.path)
    return track.path


@pytest.mark.parametrize(("ending", "codec"), [(".mov", "pcm_s24le"), (".mkv", "flac")])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_shorter_sound_begins_again_without_a_gap(tmp_path, ending, codec, channels):
    samples = noise(0.5, channels)
    path = made(sound_of(write_wav(tmp_path / "a.wav", samples)), 1.3, ending, tmp_path)
    assert streams(path) == [f"Audio: {codec}"]
    expected = np.concatenate([samples, samples, samples])[: round(1.3 * RATE_HZ)] / 32768
    np.testing.assert_array_equal(heard(path, channels), expected.astype(np.float32))


def test_a_sound_begins_where_it_should_and_fades_at_the_ends_of_the_video(tmp_path):
    samples = noise(3)
    sound = sound_of(
        write_wav(tmp_path / "a.wav", samples), start=0.5, gain=-6, fade_in=0.25, fade_out=1
    )
    of_track = heard(made(sound, 2, ".mov", tmp_path))
    assert len(of_track) == 2 * RATE_HZ
    plain = samples[RATE_HZ // 2 :][: 2 * RATE_HZ] / 32768 * 10 ** (-6 / 20)
    index = np.arange(2 * RATE_HZ)
    envelope = np.minimum(1, index / (0.25 * RATE_HZ)) * np.minimum(1, 2 - index / RATE_HZ)
    np.testing.assert_allclose(of_track, plain * envelope[:, None], atol=1e-5)


def test_what_was_skipped_at_the_start_stays_skipped_when_it_begins_again(tmp_path):
    samples = noise(1)
    path = made(sound_of(write_wav(tmp_path / "a.wav", samples), start=0.75), 0.5, ".mov", tmp_path)
    quarter = samples[RATE_HZ * 3 // 4 :] / 32768
    np.testing.assert_array_equal(heard(path), np.concatenate([quarter, quarter]).astype("f4"))


def test_an_mp4_has_aac_at_48_khz(tmp_path):
    tone = (8000 * np.sin(np.arange(44_100) * 2 * np.pi * 440 / 44_100)).astype("<i2")
    source = write_wav(tmp_path / "a.wav", np.stack([tone, tone], 1), 44_100)
    path = made(sound_of(source), 2, ".mp4", tmp_path)
    assert streams(path) == ["Audio: aac"]
    of_track = heard(path)
    # The last packet may be longer than the video.
    assert 0 <= len(of_track) - 2 * RATE_HZ < 1024
    spectrum = np.abs(np.fft.rfft(of_track[: 2 * RATE_HZ, 0]))
    assert spectrum.argmax() / 2 == pytest.approx(440, abs=1)
    assert np.abs(of_track).max() == pytest.approx(8000 / 32768, rel=0.1)


@pytest.mark.parametrize("ending", [".mp3", ".flac", ".ogg", ".m4a", ".opus", ".aiff", ".mka"])
def test_every_usual_format_is_read(tmp_path, ending):
    source = converted(write_wav(tmp_path / "a.wav", noise(1)), tmp_path / f"b{ending}")
    assert SoundFile.of(source).seconds == pytest.approx(1, abs=0.06)
    assert len(heard(made(sound_of(source), 2.5, ".mov", tmp_path))) == 2.5 * RATE_HZ


@pytest.mark.parametrize(
    ("ending", "coded", "container", "copied"),
    [
        (".m4a", "aac", ".mp4", True),
        (".mp3", "mp3", ".mp4", True),
        (".flac", "flac", ".mkv", True),
        (".wav", "pcm_s16le", ".mov", True),
        (".flac", "flac", ".mp4", False),
        (".ogg", "vorbis", ".mov", False),
    ],
)
def test_what_needs_no_change_is_taken_as_it_is(tmp_path, ending, coded, container, copied):
    source = converted(write_wav(tmp_path / "a.wav", noise(2)), tmp_path / f"b{ending}")
    path = made(sound_of(source), 1, container, tmp_path)
    assert (streams(path) == [f"Audio: {coded}"]) == copied
    # Cut to the packet.
    assert len(heard(path)) == pytest.approx(RATE_HZ, abs=4800)
    for change in ({"gain": 1}, {"fade_out": 2}, {"start": 0.1}, {"may_copy": False}):
        assert not sound_of(source, **change).is_copied(Fraction(1), container)
    # It would have to begin again.
    assert not sound_of(source).is_copied(Fraction(3), container)


@pytest.mark.parametrize(
    ("codec", "coded"),
    [
        ("h264", "aac"), ("h265", "aac"), ("av1", "aac"), ("vp9", "aac"),
        ("prores", "pcm_s24le"), ("ffv1", "flac"),
    ],
)  # fmt: skip  # a table
def test_every_container_of_videos_holds_sound(tmp_path, codec, coded):
    encoding = encoding_of(codec, PIXEL_FORMATS[codec][0], fps=Fraction(10))
    ending = encoding.segment_ending
    segment, whole = tmp_path / f"1{ending}", tmp_path / f"whole{encoding.ending}"
    written(segment, encoding, range(40, 60))
    track = made(sound_of(write_wav(tmp_path / "a.wav", noise(1))), 4, ending, tmp_path)
    join([segment, segment], whole, encoding, {"title": "a", "comment": "b"}, track)
    assert streams(whole)[1] == f"Audio: {coded}"
    assert has_frames(whole, encoding, 40)
    assert tags_of(whole)["comment"] == "b"
    assert len(heard(whole)) == pytest.approx(4 * RATE_HZ, abs=1024)
    join([segment, segment], whole, encoding)
    assert len(streams(whole)) == 1


def test_equal_sounds_make_equal_bytes_and_others_other_names(tmp_path):
    source = write_wav(tmp_path / "a.wav", noise(0.5))
    one, other = tmp_path / "1", tmp_path / "2"
    for folder in (one, other):
        folder.mkdir()
        made(sound_of(source, fade_out=0.2), 1, ".mp4", folder)
    (first,), (second,) = one.iterdir(), other.iterdir()
    assert (first.name, first.read_bytes()) == (second.name, second.read_bytes())
    names = {
        SoundTrack.of(sound_of(source, **change), Fraction(seconds), ending, tmp_path).path.name
        for change in (
            {},
            {"gain": 1},
            {"start": 0.1},
            {"fade_in": 1},
            {"fade_out": 1},
            {"kbps": 9},
        )
        for seconds in (1, 2)
        for ending in (".mp4", ".mov")
    }
    assert len(names) == 6 * 2 * 2
    write_wav(source, noise(0.5, seed=2))
    assert SoundTrack.of(sound_of(source), Fraction(1), ".mp4", tmp_path).path.name not in names


def test_files_without_a_sound_are_refused(tmp_path):
    text = tmp_path / "text.wav"
    text.write_text("no sound\n" * 100)
    cut = tmp_path / "cut.wav"
    cut.write_bytes(write_wav(tmp_path / "a.wav", noise(1)).read_bytes()[:30])
    silent = converted_picture(tmp_path / "silent.mp4")
    for path in (text, cut, silent):
        with pytest.raises(SoundError, match="holds no sound"):
            SoundFile.of(path)
    with pytest.raises(SoundError, match="No such file"):
        SoundFile.of(tmp_path / "none.wav")
    with pytest.raises(SoundError, match="is a folder"):
        SoundFile.of(tmp_path)
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(SoundError, match="is a pipe"):
        SoundFile.of(tmp_path / "pipe.wav")


def converted_picture(path):
    run("-f", "lavfi", "-i", "color=size=16x16:rate=2:duration=1", "-y", str(path))
    return path


def test_a_playlist_named_like_a_sound_is_not_followed(tmp_path):
    secret = write_wav(tmp_path / "secret.wav", noise(1))
    for text in (
        f"ffconcat version 1.0\nfile '{secret.name}'\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:1,\nhttp://203.0.113.1/a.wav\n",
    ):
        for ending in (".wav", ".m3u8", ".ffconcat"):
            path = tmp_path / f"list{ending}"
            path.write_text(text)
            with pytest.raises(SoundError, match="holds no sound"):
                SoundFile.of(path)


def test_tags_that_look_like_streams_are_not_taken_for_them(tmp_path):
    source = write_wav(tmp_path / "a.wav", noise(1, 1))
    title = "x\n  Duration: 99:00:00.00\n  Stream #0:9: Audio: aac, 1 Hz, mono"
    tagged = converted(source, tmp_path / "b.flac", "-metadata", f"title={title}")
    found = SoundFile.of(tagged)
    assert (found.codec, found.channels, found.seconds) == ("flac", 1, 1)


def test_a_sound_that_changes_while_it_is_read_is_told(tmp_path):
    sound = sound_of(write_wav(tmp_path / "a.wav", noise(1)))
    write_wav(tmp_path / "a.wav", noise(1, seed=2))
    with pytest.raises(RenderError, match=r"a\.wav: was changed while it was read"):
        made(sound, 1, ".mp4", tmp_path)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(RenderError, match=r"a\.wav: cannot be made into sound"):
        made(sound, 1, ".mp4", tmp_path)
