"""The section `video.audio`: its sound file, and times of keyframes in beats."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from pipeline.config.beats import Beats, Tempo, seconds_from, time_from
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from tests.config.test_config import ONE, TWO
from tests.sounds import noise, write_wav

BEATS = """\
keyframes:
  - {time: 0, center: [-0.75, 0], width: 3.5}
  - {time: 16 beats, center: [-0.7436, 0.1318], width: 1e-3}
"""


@pytest.fixture
def folder(tmp_path):
    write_wav(tmp_path / "one.wav", noise(1))
    (tmp_path / "text.wav").write_text("no sound")
    return tmp_path


def config_in(folder, text):
    path = folder / "a.yaml"
    path.write_text(text)
    return load_config(path)


# Each: the config, where the fault stands, and words that its message must hold.
BAD = {
    "no such file": ("video: {audio: {file: none.wav}}\n" + ONE, "1:23", "No such file"),
    "a folder": ("video: {audio: {file: .}}\n" + ONE, "1:23", "is a folder"),
    "no sound": ("video: {audio: {file: text.wav}}\n" + ONE, "1:23", "holds no sound"),
    "an empty name": ("video: {audio: {file: ''}}\n" + ONE, "1:23", "is empty"),
    "a name with nul": ('video: {audio: {file: "a\\0"}}\n' + ONE, "1:23", "cannot be read"),
    "a codec without sound": (
        "video: {codec: gif, audio: {file: one.wav}}\n" + ONE, "1:35", "gif holds no sound",
    ),
    "a start beyond the end": (
        "video: {audio: {file: one.wav, start: 1}}\n" + ONE, "1:39", "the sound ends at 1 s",
    ),
    "a gain without a file": ("video: {audio: {gain: 3}}\n" + ONE, "1:23", "add its file"),
    "too loud": ("video: {audio: {file: one.wav, gain: 99}}\n" + ONE, "1:38", "-60 to 24"),
    "an unknown key": (
        "video: {audio: {file: one.wav, fadein: 1}}\n" + ONE, "1:32", 'did you mean "fade_in"',
    ),
    "a word": ("video: {audio: one.wav}\n" + ONE, "1:16", "the keys: file, start, gain"),
    "no tempo": (BEATS, "3:12", "add video: {audio: {bpm: 120}}"),
    "no tempo for colours": (
        ONE + "colour: {keyframes: [{time: 1 beat, offset: 1}]}\n", "2:29", "needs the tempo",
    ),
    "a first beat without a tempo": (
        "video: {audio: {first_beat: 1}}\n" + ONE, "1:29", "add bpm",
    ),
    "no tempo of beats": ("video: {audio: {bpm: 0}}\n" + BEATS, "1:22", "from 1 to 1000"),
    "no beats": (BEATS.replace("16 beats", "many beats"), "3:12", "16 beats"),
    "beats below none": (BEATS.replace("16", "-1"), "3:12", "from 0 to 1000000"),
    "bars": (BEATS.replace("16 beats", "4 bars"), "3:12", "or beats, such as 16 beats"),
    "the first beat later": (
        "video: {audio: {bpm: 120, first_beat: 0.35}}\n" + BEATS.replace("time: 0", "time: 0 beats"),
        "3:12", "0 beats, at 0.35 s; the first is 0",
    ),
    "a beat before the keyframe before": (
        "video: {audio: {bpm: 120}}\n" + TWO.replace("time: 4", "time: 0 beats"),
        "4:12", "is 0 beats, at 0 s, and should be later",
    ),
    "a beat after a day": (
        "video: {audio: {bpm: 1}}\n" + BEATS.replace("16", "2000"), "4:12", "86400 s at most",
    ),
}  # fmt: skip  # a table


@pytest.mark.parametrize("name", BAD)
def test_a_fault_is_told_at_its_place(folder, name):
    text, position, words = BAD[name]
    with pytest.raises(ConfigError) as refusal:
        config_in(folder, text)
    assert f"a.yaml:{position}: " in str(refusal.value)
    assert words in str(refusal.value)
    assert len(refusal.value.faults) == 1


def test_a_sound_is_found_from_the_config_s_folder(folder, monkeypatch):
    monkeypatch.chdir("/")
    config = config_in(folder, "video: {audio: {file: one.wav, gain: -3}}\n" + ONE)
    assert config.sound.file.path == folder / "one.wav"
    assert (config.sound.gain, config.sound.fade_out) == (-3, 2)
    assert config_in(folder, "video: {audio: {bpm: 120}}\n" + ONE).sound is None


def test_the_whole_text_names_the_sound_without_its_folder(folder):
    config = config_in(folder, f"video: {{audio: {{file: {folder}/one.wav, bpm: 60}}}}\n" + BEATS)
    assert str(folder) not in config.text
    again = config_in(folder, config.text)
    assert again.sound == config.sound
    assert again.keyframes[1].time == config.keyframes[1].time == 16
    assert again.text == config.text


def test_beats_are_exact(folder):
    tempo = "video: {audio: {bpm: 70, first_beat: 0.35}}\n"
    for typed, seconds in {
        "0 beats": Fraction("0.35"),
        "1 beat": Fraction("0.35") + Fraction(6, 7),
        "1.5 beats": Fraction("0.35") + Fraction(9, 7),
        "1/3 beats": Fraction("0.35") + Fraction(2, 7),
        "16beats": Fraction("0.35") + Fraction(96, 7),
    }.items():
        moved = config_in(folder, tempo + BEATS.replace("16 beats", typed))
        assert moved.keyframes[1].time == seconds
    coloured = config_in(
        folder,
        tempo + ONE + "colour: {keyframes: [{time: 1, offset: 0}, {time: 7 beats, offset: 1}]}\n",
    )
    assert [moment.seconds for moment in coloured.look.moments] == [1.0, 6.35]


def test_seconds_and_beats_stand_beside_each_other(folder):
    text = "video: {audio: {bpm: 120, first_beat: 2}}\n" + BEATS.replace(
        "  - {time: 16", "  - {time: 1.5, center: [0, 0], width: 1}\n  - {time: 16"
    )
    assert [keyframe.time for keyframe in config_in(folder, text).keyframes] == [0, 1.5, 10]


decimals = st.decimals(min_value=0, max_value=1000, places=6)


@given(
    st.fractions(min_value=0, max_value=1000, max_denominator=1000),
    st.decimals(min_value=1, max_value=1000, places=3),
    decimals,
)
def test_a_beat_is_where_the_formula_says(count, bpm, first):
    tempo = Tempo.of(str(bpm), str(first))
    read = time_from(f"{count.numerator} / {count.denominator} beats")
    assert read == Beats(count)
    assert seconds_from(read, tempo) == Fraction(first) + count * 60 / Fraction(bpm)
    assert seconds_from(time_from(str(first)), None) == Fraction(first)


@given(st.text("0123456789./ e-beats\n", max_size=20))
@settings(max_examples=300)
def test_no_text_is_anything_but_a_time_or_a_fault(text):
    try:
        read = time_from(text)
    except PydanticCustomError:
        return
    assert isinstance(read, Beats | Decimal)
