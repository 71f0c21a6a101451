"""The rehearsal: a trial video, made before hours of counting, that fails as the video would."""

import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from pipeline.config.load import Config
from pipeline.errors import PipelineError, RenderError, os_error_text
from pipeline.plan.outputs import Outputs
from pipeline.video.encoding import Encoding
from pipeline.video.ffmpeg import FrameWriter, has_frames, join
from pipeline.video.light import Light
from pipeline.video.sound import SoundTrack

# Width and height of the smallest picture that all encoders take.
_PIXELS = 64
_FRAMES = 2


def rehearse(config: Config, outputs: Outputs) -> None:
    """Encode two small grey frames, and join them to a trial video in the video's folder.

    The trial's name is as long as the video's; it is removed at once.

    Raises
    ------
    RenderError
        It failed; the message says why.
    """
    try:
        _rehearse(config, outputs)
    except (PipelineError, OSError) as error:
        said = os_error_text(error) if isinstance(error, OSError) else error
        raise RenderError(
            f"{outputs.video}: cannot be made, so nothing is computed for it: {said}"
        ) from None


def _rehearse(config: Config, outputs: Outputs) -> None:
    encoding = replace(config.encoding, columns=_PIXELS, rows=_PIXELS)
    segment = outputs.segments / f"grey{encoding.segment_ending}"
    sound = outputs.segments / f"grey-sound{encoding.segment_ending}"
    trial = outputs.root / f"{outputs.name}{outputs.variant}{'~' * len(outputs.ending)}"
    try:
        writer = FrameWriter(segment, encoding)
        for _ in range(_FRAMES):
            writer.write(_grey(encoding))
        said = writer.close()
        with outputs.making(trial) as temporary:
            tags = {"title": config.title, "comment": config.text}
            heard, light = _sound(config, outputs, sound), _light(encoding)
            join([segment], temporary, encoding, tags, heard, light)
            if not has_frames(temporary, encoding, _FRAMES):
                raise RenderError(said or "it has not all its frames")
        shutil.rmtree(trial) if trial.is_dir() else trial.unlink()
    finally:
        segment.unlink(missing_ok=True)
        sound.unlink(missing_ok=True)


def _sound(config: Config, outputs: Outputs, path: Path) -> Path | None:
    """Write the sound of the trial, from the beginning of the file; None where there is none."""
    if config.sound is None:
        return None
    sound = replace(config.sound, start=Decimal(0))
    seconds = _FRAMES / config.encoding.fps
    SoundTrack.of(sound, seconds, config.encoding.segment_ending, outputs.segments).make(path)
    return path


def _light(encoding: Encoding) -> Light | None:
    white_nits = encoding.white_nits
    return None if white_nits is None else Light(white_nits, white_nits)


def _grey(encoding: Encoding) -> np.ndarray:
    if encoding.bits == 8:
        return np.full(encoding.frame_bytes, 128, np.uint8)
    middle = np.full(encoding.frame_bytes // 2, 1 << (encoding.bits - 1), "<u2")
    return middle.view(np.uint8)
