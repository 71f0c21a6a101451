"""Videos with sound through the real command line: joined again, never encoded again."""

import json

import numpy as np
import pytest

from pipeline.cli.main import main
from pipeline.config.load import load_config
from pipeline.video.ffmpeg import count_frames
from tests.conftest import SMALL
from tests.processes import report
from tests.sounds import RATE_HZ, heard, noise, streams, write_wav

FRAMES = 21
SOUND = "audio: {file: music.wav, fade_out: 0.5}"


def with_sound(text=SMALL, sound=SOUND):
    return text.replace("fps: 10", f"fps: 10, {sound}")


def segments(cli):
    folder = cli.output / "small" / "segments"
    files = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    sounds = [name for name in files if name.startswith("sound-")]
    return {name: time for name, time in files.items() if name not in sounds}, sounds


@pytest.fixture(scope="module")
def rendered(module_cli):
    """A video without sound."""
    write_wav(module_cli.folder / "music.wav", noise(0.8))
    module_cli.done("zoom", module_cli.config())
    return module_cli, (module_cli.output / "small.mp4").read_bytes()


def test_sound_comes_and_goes_and_changes_without_a_picture_encoded_again(rendered):
    cli, silent = rendered
    video, music = cli.output / "small.mp4", cli.folder / "music.wav"
    pictures, _ = segments(cli)
    config = cli.config(with_sound())
    cli.done("zoom", config)
    first = video.read_bytes()
    assert segments(cli)[0] == pictures
    assert streams(video) == ["Video: h264", "Audio: aac"]
    assert count_frames(video) == FRAMES
    assert first.index(b"moov") < first.index(b"mdat")
    assert len(heard(video)) == pytest.approx(FRAMES / 10 * RATE_HZ, abs=1024)

    # The same again does nothing, and makes the same.
    track = cli.output / "small" / "segments" / segments(cli)[1][0]
    made = track.stat().st_mtime_ns
    cli.done("zoom", config)
    assert (video.read_bytes(), track.stat().st_mtime_ns) == (first, made)

    # Another content of the same file; then another fade.
    write_wav(music, noise(0.8, seed=2))
    cli.done("recolour", config)
    second = video.read_bytes()
    assert second != first
    assert segments(cli) == (pictures, [name for name in segments(cli)[1] if name != track.name])
    assert len(segments(cli)[1]) == 1
    cli.done("zoom", cli.config(with_sound(sound="audio: {file: music.wav, gain: -6}")))
    assert video.read_bytes() not in (first, second)

    write_wav(music, noise(0.8))
    cli.done("zoom", cli.config(with_sound()))
    assert video.read_bytes() == first
    cli.done("zoom", cli.config())
    assert video.read_bytes() == silent
    assert segments(cli) == (pictures, [])


def test_a_damaged_track_is_made_again(rendered):
    cli, _ = rendered
    config = cli.config(with_sound())
    cli.done("zoom", config)
    video = (cli.output / "small.mp4").read_bytes()
    assert "sound    music.wav, from 0 s on 0.80 s, begins again, encoded" in cli.done(
        "plan", config
    )
    track = cli.output / "small" / "segments" / segments(cli)[1][0]
    track.write_bytes(track.read_bytes()[:-100])
    result = cli.run("zoom", config)
    assert result.returncode == 0
    assert "the sound is made again" in result.stdout + result.stderr
    assert (cli.output / "small.mp4").read_bytes() == video


@pytest.mark.slow
def test_with_nothing_kept_a_changed_sound_makes_the_video_again(cli):
    text = with_sound().replace("workers: 2", "workers: 2, keep: nothing").replace("1e-6", "1")
    write_wav(cli.folder / "music.wav", noise(0.8))
    config, video = cli.config(text), cli.output / "small.mp4"
    cli.done("zoom", config)
    first, made = video.read_bytes(), video.stat().st_mtime_ns
    cli.done("zoom", config)
    assert video.stat().st_mtime_ns == made
    assert report(cli)["stages"]["encode"]["cpu_s"] == 0
    write_wav(cli.folder / "music.wav", noise(0.8, seed=2))
    cli.done("zoom", config)
    assert video.read_bytes() != first
    noted = (cli.output / "small" / "made-of.txt").read_text()
    assert sum(name.startswith("sound-") for name in json.loads(noted)["segments"]) == 1


@pytest.mark.slow
def test_there_and_back_and_the_preview_have_sound_to_their_ends(rendered):
    cli, _ = rendered
    config = cli.config(with_sound(sound=f"loop: there-and-back, {SOUND}"), "loop")
    cli.done("zoom", config)
    cli.done("preview", config)
    for name in ("loop", "loop-preview"):
        of_video = heard(cli.output / f"{name}.mp4")
        seconds = count_frames(cli.output / f"{name}.mp4") / 10
        assert seconds == (2 * FRAMES - 2) / 10
        assert len(of_video) == pytest.approx(seconds * RATE_HZ, abs=1024)
        # It fades out at the end of the way back, and nowhere before.
        loudness = [np.abs(of_video[round(t * RATE_HZ) :][:2400]).mean() for t in (0, 2, 3.94)]
        assert loudness[1] == pytest.approx(loudness[0], rel=0.1)
        assert loudness[2] < loudness[0] / 5


def test_a_sound_that_cannot_be_had_is_refused_before_anything_is_made(cli):
    for name, words in (("none.wav", "No such file"), ("small.yaml", "holds no sound")):
        config = cli.config(with_sound(sound=f"audio: {{file: {name}}}"))
        result = cli.run("zoom", config)
        assert result.returncode == 2
        column = config.read_text().index(name) + 1
        assert f"{config}:1:{column}: video.audio.file: " in result.stderr
        assert words in result.stderr
    assert not cli.output.exists()


def test_a_video_made_into_a_config_again_keeps_its_beats_and_names_no_sound(rendered):
    cli, _ = rendered
    write_wav(cli.folder / "music.wav", noise(0.8))
    audio = "audio: {file: music.wav, bpm: 120, fade_out: 0.5}"
    text = with_sound(sound=audio).replace("time: 2", "time: 4 beats")
    cli.done("zoom", cli.config(text, "beats"))
    assert count_frames(cli.output / "beats.mp4") == FRAMES
    again = cli.folder / "again.yaml"
    assert main(["import", str(cli.output / "beats.mp4"), str(again)]) == 0
    head, body = again.read_text().split("video:")
    assert "music.wav" in head
    assert "music.wav" not in body
    assert load_config(again).sound is None
    assert load_config(again).keyframes[1].time == 2
