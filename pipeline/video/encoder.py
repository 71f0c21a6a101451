"""Encoding while rendering goes on: a thread that feeds ffmpeg and publishes whole segments."""

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EncoderError
from pipeline.system.atomic_files import publish, temporary_path
from pipeline.video.encoding import Encoding
from pipeline.video.ffmpeg import FrameWriter, count_frames
from pipeline.video.light import Light, LightMeter
from pipeline.video.segment_checksum import add_checksum

# Pictures that wait between drawing and encoding; each is a whole frame in memory.
_WAITING_PICTURES = 1


_Item = tuple[Path, int, NDArray[np.uint8], bool]


class Encoder:
    """Encodes pictures in the order in which they are put, segment by segment.

    A segment gets its name only when ffmpeg has finished it, its frames have been counted, and its
    checksum, with the light level of HDR10, has been added at its end.

    Parameters
    ----------
    on_frame : callable
        Called in the thread with the index of each frame that ffmpeg has taken.
    """

    def __init__(self, encoding: Encoding, on_frame: Callable[[int], object]) -> None:
        self._encoding = encoding
        self._on_frame = on_frame
        self._queue: queue.Queue[_Item | None] = queue.Queue(_WAITING_PICTURES)
        self._error: BaseException | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
        self.busy_s = 0.0
        """Wall seconds spent feeding ffmpeg or waiting for it."""
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Whether a picture can be put without waiting."""
        return not self._queue.full()

    def check(self) -> None:
        """Raise the thread's exception, if it failed."""
        if self._error is not None:
            raise self._error

    def put(self, segment: Path, index: int, frame: NDArray[np.uint8], last: bool) -> None:
        """Hand over frame `index`; `last` tells whether it ends its segment.

        The frame's memory must stay as it is until `on_frame` is called with its index.

        Raises
        ------
        EncoderError
            ffmpeg or the disk failed on an earlier frame.
        """
        self._put((segment, index, frame, last))

    def finish(self) -> None:
        """Wait until everything is encoded and published."""
        self._put(None)
        self._thread.join()
        self.check()

    def _put(self, item: _Item | None) -> None:
        while True:
            # A thread that failed takes nothing from the queue any more.
            self.check()
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=0.5)
                return

    def abandon(self) -> None:
        """Stop at once, and drop the segment that is being encoded."""
        self._stopping.set()
        # If the queue is full the thread is about to take an item, and sees the flag then.
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join()

    def _run(self) -> None:
        writer: FrameWriter | None = None
        temporary: Path | None = None
        written = 0
        measures = self._encoding.white_nits is not None
        meter = LightMeter(self._encoding) if measures else None
        try:
            while (item := self._queue.get()) is not None:
                if self._stopping.is_set():
                    break
                segment, index, frame, last = item
                start = time.monotonic()
                if writer is None:
                    temporary = temporary_path(segment)
                    writer = FrameWriter(temporary, self._encoding)
                writer.write(frame)
                if meter is not None:
                    meter.add(frame)
                written += 1
                if last:
                    assert temporary is not None
                    light = None if meter is None else meter.light
                    _publish_segment(writer, temporary, segment, written, light)
                    writer = temporary = None
                    written = 0
                    meter = LightMeter(self._encoding) if measures else None
                self.busy_s += time.monotonic() - start
                self._on_frame(index)
        except BaseException as error:
            self._error = error
            # Nobody may go on waiting for room in a queue that is no longer emptied.
            self._drain()
        finally:
            if writer is not None:
                writer.abandon()
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _drain(self) -> None:
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                return


def _publish_segment(
    writer: FrameWriter, temporary: Path, segment: Path, frames: int, light: Light | None
) -> None:
    said = writer.close()
    counted = count_frames(temporary)
    if counted != frames:
        raise EncoderError(
            f"{segment.name}: ffmpeg wrote {counted} of {frames} frames"
            + (f": {said}" if said else "; is the disk full?")
        )
    add_checksum(temporary, light)
    publish(temporary, segment)
