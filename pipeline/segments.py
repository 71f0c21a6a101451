"""Segments: the video cut into runs of frames, each encoded for itself and kept until joined."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.colour.look import Look
from pipeline.frames import FrameList
from pipeline.video.encoding import Encoding

# x264's longest run without a keyframe is 250: cutting here costs hardly a byte.
SEGMENT_FRAMES = 240
# To be raised when the same counts and look come to give other pictures.
_DRAWING_VERSION = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames `first` up to, not including, `last`, encoded in a file of their own."""

    index: int
    first: int
    last: int
    path: Path

    @property
    def frames(self) -> range:
        """Indices of its frames."""
        return range(self.first, self.last)


def segments_of(
    frames: FrameList,
    keys: list[str],
    look: Look,
    encoding: Encoding,
    supersample: int,
    folder: Path,
) -> list[Segment]:
    """Cut a video into segments, each named by all that its bytes depend on.

    Parameters
    ----------
    frames : FrameList
        All frames.
    keys : list of str
        The key of each frame's canvas.
    folder : Path
        Where segments lie.
    """
    segments = []
    for index, first in enumerate(range(0, len(frames), SEGMENT_FRAMES)):
        last = min(first + SEGMENT_FRAMES, len(frames))
        facts = {
            "counts": keys[first:last],
            "look": asdict(look),
            # Only a palette that moves depends on when a frame is shown.
            "first": first if look.cycle else None,
            "encoding": encoding.key(),
            "supersample": supersample,
            "drawing": _DRAWING_VERSION,
        }
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
        segments.append(Segment(index, first, last, folder / f"{index:05}-{digest}.mp4"))
    return segments
