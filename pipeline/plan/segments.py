"""Segments: the video cut into runs of frames, encoded separately and kept until joined."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.colour.look import Look
from pipeline.video.encoding import Encoding

# x264's longest run without a keyframe is 250: cutting here costs hardly a byte.
SEGMENT_FRAMES = 240
# To be raised when a change of the code gives other pictures for the same counts and look.
_DRAWING_VERSION = 3


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
    keys: list[str],
    times: list[str],
    look: Look,
    encoding: Encoding,
    folder: Path,
) -> list[Segment]:
    """Cut a video into segments, each named by all that its bytes depend on.

    Parameters
    ----------
    keys : list of str
        Digest of what each frame's picture depends on, except its look.
    times : list of str
        Time of each frame in seconds, as text.
    folder : Path
        Folder of the segments.
    """
    segments = []
    for index, first in enumerate(range(0, len(keys), SEGMENT_FRAMES)):
        last = min(first + SEGMENT_FRAMES, len(keys))
        facts = {
            "drawings": keys[first:last],
            "look": asdict(look),
            # Only a look that moves, or its grain, makes pictures depend on their time.
            "times": times[first:last] if look.moves or look.grain else None,
            "encoding": encoding.key(),
            "drawing": _DRAWING_VERSION,
        }
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]
        name = f"{index:05}-{digest}{encoding.segment_ending}"
        segments.append(Segment(index, first, last, folder / name))
    return segments
