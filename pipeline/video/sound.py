"""The sound of a video: a file of unknown origin, made into a track as long as the video."""

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg

from pipeline.errors import PipelineError, RenderError, os_error_text, printable_name
from pipeline.system.regular_files import digest_of_file
from pipeline.video.ffmpeg import LOCAL, MUXERS, file_url

MOST_SOUND_BYTES = 1 << 32
"""Largest size of a sound file."""
SHORTEST_SOUND_S = Fraction(1, 10)
"""Shortest piece of sound that is looped."""
AAC_KBPS = 256
# Containers of sound, and of videos with sound. Playlists are none of them: they name other files.
_FORMATS = "wav,w64,aiff,caf,flac,mp3,aac,ogg,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
_PROBE_SECONDS = 20
# ffmpeg decodes and encodes sound many times faster than it plays, on a Pi as well.
_LEAST_MAKING_SECONDS = 120
_RATE_HZ = 48_000
_FLOAT_BYTES = 4
# Sound that is taken as it is, by the video's container: what its usual players play.
_COPIED = {
    ".mp4": ("aac", "alac", "mp3"),
    ".mov": ("aac", "alac", "pcm_s16le", "pcm_s24le"),
    ".mkv": ("aac", "alac", "flac", "mp3", "opus", "pcm_s16le", "pcm_s24le", "vorbis"),
}
_STREAM = re.compile(r"^  Stream #0:\d+[^\n]*?: Audio: (\w+)[^\n]*? Hz, (mono|1 channels)?", re.M)
_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.M)
_BITEXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1")


class SoundError(PipelineError):
    """A sound file cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class SoundFile:
    """Facts of a sound file that its head tells, without decoding it."""

    path: Path
    codec: str
    channels: int
    """1, or 2 for all others: what has more is mixed to stereo."""
    seconds: Fraction | None
    """Length of the sound; None where the file does not say."""
    digest: str
    """SHA-256 of its content."""

    @staticmethod
    def of(path: Path) -> "SoundFile":
        """Read the head of a file, and check that its sound can be decoded.

        Raises
        ------
        SoundError
            It cannot be read, or holds no sound.
        """
        name = printable_name(path)
        try:
            digest = digest_of_file(path, MOST_SOUND_BYTES)
            said = _run([*_source(path), "-t", "0.1", "-f", "null", "-"], _PROBE_SECONDS)
        except OSError as error:
            raise SoundError(f"{name} cannot be read: {error.strerror or error}") from None
        except (RenderError, subprocess.TimeoutExpired):
            said = ""
        stream = _STREAM.search(said)
        if stream is None:
            raise SoundError(
                f"{name} holds no sound that can be read; it should be a sound file, such as "
                ".wav, .flac, .mp3, .m4a or .ogg"
            )
        duration = _DURATION.search(said)
        seconds = None
        if duration is not None:
            hours, minutes, rest = duration.groups()
            seconds = int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)
        return SoundFile(path, stream[1], 1 if stream[2] else 2, seconds, digest)


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound file, and how a video is given its sound.

    It begins with the video and ends with it: what is longer is cut, what is shorter begins again.
    """

    file: SoundFile
    start: Decimal
    """Position in the file at which the sound begins, in seconds."""
    gain: Decimal
    """Amplification, in decibels."""
    fade_in: Decimal
    """Seconds."""
    fade_out: Decimal
    """Seconds."""
    kbps: int = AAC_KBPS
    """Bit rate where it is encoded as AAC."""
    may_copy: bool = True
    """Whether it is taken as it is where nothing has to be changed."""

    def facts(self) -> dict[str, object]:
        """Return all that the track depends on but the video's length and container."""
        facts = {key: value for key, value in asdict(self).items() if key != "file"}
        return {"content": self.file.digest, **{key: str(value) for key, value in facts.items()}}

    def is_copied(self, seconds: Fraction, ending: str) -> bool:
        """Tell whether a video of this length takes the sound as it is."""
        changed = self.start or self.gain or self.fade_in or self.fade_out
        length = self.file.seconds
        return (
            self.may_copy
            and not changed
            and self.file.codec in _COPIED[ending]
            and length is not None
            and length >= seconds
        )


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """The sound of one video, encoded in a file of its own."""

    sound: Sound
    seconds: Fraction
    """Length of the video."""
    path: Path

    @staticmethod
    def of(sound: Sound, seconds: Fraction, ending: str, folder: Path) -> "SoundTrack":
        """Return the track of a video, named by all that its bytes depend on.

        Parameters
        ----------
        ending
            End of the names of the video's segments, which says what container they have.
        folder
            Folder of the segments.
        """
        facts = {
            **sound.facts(),
            "seconds": str(seconds),
            "codec": "copy" if sound.is_copied(seconds, ending) else _encoder(sound, ending),
            "rate": _RATE_HZ,
        }
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
        return SoundTrack(sound, seconds, folder / f"sound-{digest}{ending}")

    @property
    def is_copied(self) -> bool:
        """Whether the sound is taken as it is."""
        return self.sound.is_copied(self.seconds, self.path.suffix)

    def make(self, path: Path) -> None:
        """Write the track to a path of the same ending; a file beside it is used meanwhile.

        Raises
        ------
        RenderError
            The file cannot be decoded, or is another than when the config was read.
        """
        ending = self.path.suffix
        with _failing(self.sound.file.path):
            if self.is_copied:
                self._copy(path, ending)
            else:
                self._encode(path, ending)
            if digest_of_file(self.sound.file.path, MOST_SOUND_BYTES) != self.sound.file.digest:
                raise RenderError("was changed while it was read; give the same command again")

    def _copy(self, path: Path, ending: str) -> None:
        length = ["-t", f"{float(self.seconds):.6f}", "-c:a", "copy"]
        self._run([*_source(self.sound.file.path), *length, *_written(path, ending)])

    def _encode(self, path: Path, ending: str) -> None:
        sound, samples = self.sound, round(self.seconds * _RATE_HZ)
        # Decoded apart from being looped: compressed sound does not loop without a gap.
        section = path.with_name(f"section.{path.name}")
        first = round(Fraction(sound.start) * _RATE_HZ)
        trim = f"aresample={_RATE_HZ},atrim=start_sample={first}:end_sample={first + samples}"
        try:
            raw = ["-ac", str(sound.file.channels), "-c:a", "pcm_f32le", *_BITEXACT, "-f", "w64"]
            self._run([*_source(sound.file.path), "-af", trim, *raw, file_url(section)])
            least = min(samples, round(SHORTEST_SOUND_S * _RATE_HZ))
            if section.stat().st_size < least * sound.file.channels * _FLOAT_BYTES:
                raise RenderError(f"ends before {sound.start} s, where video.audio.start begins")
            looped = ["-stream_loop", "-1", *LOCAL, "-f", "w64", "-i", file_url(section)]
            heard = ["-af", self._filters(samples), "-c:a", *_encoder(sound, ending)]
            self._run([*looped, *heard, *_BITEXACT, *_written(path, ending)])
        finally:
            section.unlink(missing_ok=True)

    def _filters(self, samples: int) -> str:
        """Return the filters that cut the sound to the video's length, and make it fade."""
        sound = self.sound
        filters = [f"atrim=end_sample={samples}"]
        if sound.gain:
            filters.append(f"volume={sound.gain:f}dB")
        if sound.fade_in:
            filters.append(f"afade=t=in:ns={_samples_of(sound.fade_in)}")
        if sound.fade_out:
            fading = min(_samples_of(sound.fade_out), samples)
            filters.append(f"afade=t=out:ss={samples - fading}:ns={fading}")
        return ",".join(filters)

    def _run(self, arguments: list[str]) -> None:
        most_seconds = _LEAST_MAKING_SECONDS + int(self.seconds) + int(self.sound.start)
        try:
            _run(arguments, most_seconds)
        except subprocess.TimeoutExpired:
            raise RenderError("takes too long to decode") from None


def _samples_of(seconds: Decimal) -> int:
    return max(1, round(Fraction(seconds) * _RATE_HZ))


def _encoder(sound: Sound, ending: str) -> list[str]:
    """Return the encoder for a container: editors and lossless videos get lossless sound."""
    if ending == ".mov":
        return ["pcm_s24le"]
    if ending == ".mkv":
        return ["flac"]
    return ["aac", "-b:a", f"{sound.kbps}k"]


def _source(path: Path) -> list[str]:
    """Return the options that open a sound file of unknown origin, and take its first sound."""
    return [*LOCAL, "-format_whitelist", _FORMATS, "-vn", "-i", file_url(path), "-map", "0:a:0"]


def _written(path: Path, ending: str) -> list[str]:
    return [*_BITEXACT, "-f", MUXERS[ending], file_url(path)]


def _run(arguments: list[str], most_seconds: int) -> str:
    """Run ffmpeg; return what it says of its files.

    Raises
    ------
    RenderError
        It failed; its last line is in the message.
    """
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-y", "-nostdin", *arguments],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
        timeout=most_seconds,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["ffmpeg failed"]
        raise RenderError(f"cannot be made into sound: {printable_name(lines[-1])}")
    return done.stderr


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    """Name the sound file in failures."""
    try:
        yield
    except OSError as error:
        raise RenderError(f"the sound: {os_error_text(error)}") from None
    except RenderError as error:
        raise RenderError(f"{printable_name(path)}: {error}") from None
