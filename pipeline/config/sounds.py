"""The sound and the tempo, from the config's section `video.audio`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from pipeline.config.beats import Tempo
from pipeline.config.model import AudioSection
from pipeline.config.value import decimal_from
from pipeline.geometry.decimals import short_text
from pipeline.video.encoding import SILENT_CODECS
from pipeline.video.sound import SHORTEST_SOUND_S, Sound, SoundError, SoundFile

_OF_A_FILE = ("start", "gain", "fade_in", "fade_out")
OF_A_SOUND = ("file", *_OF_A_FILE)
"""Keys that say which sound a video has; the others are the tempo."""


@dataclass(slots=True)
class SoundFiles:
    """The sound files of a config, each looked at once."""

    folder: Path
    """Folder to which their names are relative."""
    _read: dict[str, SoundFile | SoundError] = field(default_factory=dict)

    def file(self, name: str) -> SoundFile:
        """Return what is known of a file.

        Raises
        ------
        SoundError
            It cannot be read, or holds no sound.
        """
        name = name.strip()
        if name not in self._read:
            try:
                self._read[name] = SoundFile.of(self.folder / name)
            except SoundError as error:
                self._read[name] = error
        found = self._read[name]
        if isinstance(found, SoundError):
            raise found
        return found


def sound_faults(video: dict[str, Any], files: SoundFiles) -> Iterator[tuple[str, str]]:
    """Yield the key and fault of values in `audio` that do not go together, or of its file.

    `video` is the section around it, as typed.
    """
    audio = video.get("audio")
    if not isinstance(audio, dict):
        return
    if "first_beat" in audio and "bpm" not in audio:
        yield "first_beat", "is the first of beats: add bpm, such as bpm: 120, or leave it out"
    if "file" not in audio:
        for key in _OF_A_FILE:
            if key in audio:
                yield key, "is for a sound: add its file, or leave it out"
        return
    codec = video.get("codec", "h264")
    if codec in SILENT_CODECS:
        yield "file", f"{codec} holds no sound; take another video.codec, or leave it out"
    # Other values are faults of their own.
    elif isinstance(audio["file"], str) and audio["file"].strip():
        yield from _file_faults(audio, files)


def _file_faults(audio: dict[str, Any], files: SoundFiles) -> Iterator[tuple[str, str]]:
    try:
        length = files.file(audio["file"]).seconds
        start = decimal_from(audio.get("start", "0"))
    except SoundError as error:
        yield "file", str(error)
    except PydanticCustomError:
        pass
    else:
        if length is not None and start > 0 and Fraction(start) + SHORTEST_SOUND_S > length:
            yield "start", f"is {short_text(start)}, and the sound ends at {float(length):g} s"


def sound_from(audio: AudioSection | None, files: SoundFiles) -> Sound | None:
    """Return the sound of a section without faults; None where it names no file."""
    if audio is None or audio.file is None:
        return None
    return Sound(
        file=files.file(audio.file),
        start=audio.start,
        gain=audio.gain,
        fade_in=audio.fade_in,
        fade_out=audio.fade_out,
    )


def tempo_from(video: Any) -> Tempo | None:
    """Return the tempo of a video section as typed; None where it has none, or not a usable one."""
    audio = video.get("audio") if isinstance(video, dict) else None
    if not isinstance(audio, dict) or "bpm" not in audio:
        return None
    return Tempo.of(audio["bpm"], audio.get("first_beat", Decimal(0)))


def names_bpm(video: Any) -> bool:
    """Tell whether a video section as typed has a bpm, usable or not."""
    audio = video.get("audio") if isinstance(video, dict) else None
    return isinstance(audio, dict) and "bpm" in audio
