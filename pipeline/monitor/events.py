"""Events of a run: what happened, a small value each, sent to whoever listens.

``render`` and ``prepare`` send them; a listener is any function of an event, and picks the events
that it knows by their types. Listeners run in the thread of the run, which waits for them: they
return at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.sample_grid import SampleGrid
from pipeline.timeline.frames import Frame
from pipeline.workers.machine_stats import MachineStats


class Event:
    """Anything that happens in a run."""

    __slots__ = ()


Listener = Callable[[Event], None]


class Listeners:
    """Sends every event to all listeners, in the order in which they were added."""

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = list(listeners)

    def add(self, listener: Listener) -> None:
        """Send all further events to one listener more."""
        self._listeners.append(listener)

    def __call__(self, event: Event) -> None:
        """Send an event; so listeners are a listener, too."""
        for listener in self._listeners:
            listener(event)


# The course of a run


@dataclass(frozen=True, slots=True)
class Prepared(Event):
    """The missing part of the video is known, and preparation for it begins."""

    encoded: int
    """Number of frames encoded by earlier runs."""


@dataclass(frozen=True, slots=True)
class OrbitAdvanced(Event):
    """A piece of the reference orbits is stored; sent about once a second."""

    fraction: float
    """Fraction of the missing steps that is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Started(Event):
    """Counting, drawing and encoding begin."""

    text: str
    """Summary of the work, as a line for people."""
    frames: int
    """Number of frames to encode."""
    encoded: int
    """Number of frames encoded by earlier runs."""
    stages_s: dict[str, float]
    """Estimated CPU seconds by stage: compute, paint, draw, encode."""


@dataclass(frozen=True, slots=True)
class Ticked(Event):
    """The run's loop went round: several times a second, whatever happens."""

    now_s: float
    """`time.monotonic`."""
    paused: bool
    machines: list[MachineStats]
    """Statistics of each machine of a cluster so far; empty without a cluster."""


@dataclass(frozen=True, slots=True)
class Measured(Event):
    """The processes of the run were looked at, every two seconds."""

    memory_bytes: int
    """Memory of all of them together."""
    encoder_cpu_s: float
    """CPU seconds of the encoder since the last time."""


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """The machine is too hot, and the run waits."""

    temperature_c: float | None
    resumes_below_c: float


@dataclass(frozen=True, slots=True)
class Resumed(Event):
    """The machine has cooled down, and the run goes on."""

    temperature_c: float | None


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """Counting, drawing and encoding have ended, well or not; they may start again."""

    machines: list[MachineStats]
    """Statistics of each machine of a cluster; empty without a cluster."""
    encode_cpu_s: float
    """CPU seconds of all encoders."""


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """The run ended before its video was made."""

    why: str


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The video is there, and the report complete."""


# Work: each piece begins once and is done once


@dataclass(frozen=True, slots=True)
class Began(Event):
    """A piece of a stage's work was handed to a worker."""

    stage: str
    """Stage of the report: reference, compute, colour, reproject, encode."""


@dataclass(frozen=True, slots=True)
class Done(Event):
    """A piece of a stage's work is done, or failed; what was done is another event."""

    stage: str
    cpu_s: float


@dataclass(frozen=True, slots=True)
class BlockCounted(Event):
    """A row block was counted or traced."""

    grid: SampleGrid
    iterations: int
    cpu_s: float
    estimated_s: float
    """CPU seconds that were estimated for it."""


@dataclass(frozen=True, slots=True)
class GridStored(Event):
    """All of a sample grid's counts, or traces, are on disk."""

    grid: SampleGrid
    computed: int
    """Samples counted by this run."""
    traced: int
    """Samples traced by this run."""
    stored_bytes: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class PiecePainted(Event):
    """A piece of a band's texture was coloured, or could not be."""

    cpu_s: float
    estimated_s: float


@dataclass(frozen=True, slots=True)
class FrameDrawn(Event):
    """A frame was drawn, and waits for the encoder."""

    index: int
    cpu_s: float
    estimated_s: float


@dataclass(frozen=True, slots=True)
class FrameSent(Event):
    """A frame was handed to the encoder."""

    frame: Frame
    picture: NDArray[np.uint8]
    """The frame as the encoder takes it, valid only while listeners are called."""
    estimated_s: float
    """CPU seconds that were estimated for encoding it."""


@dataclass(frozen=True, slots=True)
class FrameEncoded(Event):
    """The encoder has taken a frame."""

    index: int


@dataclass(frozen=True, slots=True)
class EncoderDone(Event):
    """The encoder has ended, well or not."""

    busy_s: float
    """Wall seconds in which it was fed or waited for."""


@dataclass(frozen=True, slots=True)
class OrbitsComputed(Event):
    """The reference orbits are on disk."""

    described: list[dict[str, Any]]
    """Bits and steps of each, and how it ended."""


# Words for people


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A line for people that needs no action: a worker came or went."""

    text: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """A warning about the video: too little is to be seen in a stretch of it."""

    text: str


@dataclass(frozen=True, slots=True)
class Retried(Event):
    """Something has to be done again."""

    text: str
    """Message that says what and why, for the report."""
    said: str | None = None
    """The same for the terminal, where it is worded differently."""
