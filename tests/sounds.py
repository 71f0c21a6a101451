"""Sounds for tests, and what is heard of a file."""

import re
import subprocess
import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np

RATE_HZ = 48_000


def noise(seconds: float, channels: int = 2, seed: int = 1) -> np.ndarray:
    """Return a quiet noise as 16-bit samples, shape (samples, channels)."""
    shape = round(seconds * RATE_HZ), channels
    return np.random.default_rng(seed).integers(-8000, 8000, shape).astype("<i2")


def write_wav(path: Path, samples: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return path


def converted(path: Path, target: Path, *options: str) -> Path:
    """Encode a sound in the format of another file's ending."""
    run("-i", str(path), *options, "-y", str(target))
    return target


def heard(path: Path, channels: int = 2) -> np.ndarray:
    """Return what a player hears of a file's first sound, from -1 to 1, shape (samples, channels)."""
    raw = run("-i", str(path), "-map", "0:a:0", "-f", "f32le", "-ac", str(channels), "-")
    return np.frombuffer(raw, "<f4").reshape(-1, channels)


def streams(path: Path) -> list[str]:
    """Return the kind and codec of each stream of a file, such as "Audio: aac"."""
    done = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)],
        capture_output=True,
        text=True,
        errors="replace",
    )
    return re.findall(r"^  Stream #0:.*?((?:Video|Audio): \w+)", done.stderr, re.MULTILINE)


def run(*arguments: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout
