"""The progress of a run as lines of JSON, for the program that started it."""

import json
import time

from pipeline.config.load import Config
from pipeline.drawing.thumbnail import rgb8_from_frame
from pipeline.monitor.eta import Eta
from pipeline.monitor.events import (
    Event,
    Finished,
    FrameEncoded,
    FrameSent,
    OrbitAdvanced,
    Prepared,
    Started,
    Stopped,
    Ticked,
    Warned,
)
from pipeline.monitor.status import jpeg_address
from pipeline.system.temperature import temperature_c
from pipeline.system.terminal import show

_LINE_EVERY_S = 0.5
_PICTURE_EVERY_S = 2.0
_PICTURE_PX = 320


class ProgressLines:
    """Prints facts of a run to the standard output, a JSON object a line, twice a second at most.

    ``state`` says in words how it stands, ``fraction`` how much of the work is done, ``left_s`` the
    seconds to go, if known, ``encoded`` of ``frames`` how many frames are in the video, ``picture``
    the latest frame as the data URL of a JPEG, every two seconds, and ``warning`` what is amiss.
    """

    def __init__(self, config: Config) -> None:
        self._encoding = config.encoding
        self._eta = Eta({})
        self._encoded = self._frames = 0
        self._state = "preparing"
        self._next_line = self._next_picture = 0.0
        self._picture: str | None = None

    def hear(self, event: Event) -> None:  # a case for each event
        """Print what has changed, if it is time to."""
        self._eta.hear(event)
        match event:
            case Prepared():
                self._encoded = event.encoded
                self._line(at_once=True)
            case OrbitAdvanced():
                self._state = f"computing the reference orbit: {event.fraction:.0%}"
                self._line()
            case Started():
                self._eta = Eta(event.stages_s)
                self._eta.tick(time.monotonic())
                self._encoded, self._frames = event.encoded, event.encoded + event.frames
                self._line(at_once=True)
            case FrameSent():
                self._show(event)
            case FrameEncoded():
                self._encoded += 1
                self._line()
            case Ticked():
                paused = f"paused: {temperature_c() or 0:.0f} °C"
                self._state = paused if event.paused else "rendering"
                self._eta.tick(time.monotonic(), not event.paused)
                self._line()
            case Warned():
                show(json.dumps({"warning": event.text}))
            case Stopped():
                self._state = f"stopped: {event.why}"
                self._line(at_once=True)
            case Finished():
                self._state, self._encoded = "finished", self._frames
                self._line(at_once=True)

    def _show(self, event: FrameSent) -> None:
        now = time.monotonic()
        if now < self._next_picture:
            return
        self._next_picture = now + _PICTURE_EVERY_S
        small = rgb8_from_frame(event.picture, self._encoding, _PICTURE_PX)
        self._picture = jpeg_address(small)
        self._line(at_once=True)

    def _line(self, at_once: bool = False) -> None:
        now = time.monotonic()
        if now < self._next_line and not at_once:
            return
        self._next_line = now + _LINE_EVERY_S
        facts = {
            "state": self._state,
            "fraction": 1.0 if self._state == "finished" else round(self._eta.fraction, 4),
            "left_s": self._eta.left_s,
            "encoded": self._encoded,
            "frames": self._frames,
        }
        if self._picture is not None:
            facts["picture"], self._picture = self._picture, None
        show(json.dumps(facts))
