"""The ETA of a run: how much of its work is left, and when it will be done."""

from dataclasses import dataclass, field

from pipeline.monitor.events import (
    BlockCounted,
    Event,
    FrameDrawn,
    FrameSent,
    Measured,
    PiecePainted,
    Ticked,
)

# Weight of a stage's estimate against its measurements, as a fraction of the estimate.
_TRUST = 0.03
# A longer time than this between two ticks was no work: the process, or the machine, stood still.
_LONGEST_STEP_S = 30.0


@dataclass(slots=True)
class Eta:
    """Work and time left of a run, from what was estimated and what it took so far.

    Each stage's estimate is corrected by how long its finished work took against what was
    estimated for it: a survey that was wrong of a kernel does not stay wrong of the rest.
    """

    estimated_s: dict[str, float]
    """Estimated CPU seconds of each stage, or any other unit."""
    active_s: float = 0.0
    """Wall seconds in which the run went on."""
    _done_s: dict[str, float] = field(default_factory=dict)
    """Estimated CPU seconds of finished work, by stage."""
    _taken_s: dict[str, float] = field(default_factory=dict)
    """CPU seconds that it took."""
    _ticked_at_s: float | None = None

    def hear(self, event: Event) -> None:
        """Count the work and the time that an event of a render tells of."""
        match event:
            case BlockCounted():
                self.done("compute", event.estimated_s, event.cpu_s)
            case PiecePainted():
                self.done("paint", event.estimated_s, event.cpu_s)
            case FrameDrawn():
                self.done("draw", event.estimated_s, event.cpu_s)
            case FrameSent():
                # What encoding takes is measured for all frames together.
                self.done("encode", event.estimated_s, 0.0)
            case Measured():
                self.took("encode", event.encoder_cpu_s)
            case Ticked():
                self.tick(event.now_s, not event.paused)

    def done(self, stage: str, estimated_s: float, taken_s: float | None = None) -> None:
        """Count finished work: what was estimated for it, and what it took, if known."""
        self._done_s[stage] = self._done_s.get(stage, 0.0) + estimated_s
        self.took(stage, estimated_s if taken_s is None else taken_s)

    def took(self, stage: str, taken_s: float) -> None:
        """Add to what a stage took, where that is measured apart from what is done."""
        self._taken_s[stage] = self._taken_s.get(stage, 0.0) + taken_s

    def tick(self, now_s: float, active: bool = True) -> None:
        """Let time pass; a pause, or a process that was stopped, is no work."""
        if self._ticked_at_s is not None and active:
            self.active_s += min(now_s - self._ticked_at_s, _LONGEST_STEP_S)
        self._ticked_at_s = now_s

    @property
    def fraction(self) -> float:
        """The fraction of all work that is done, 0 to 1."""
        done, left = self._done_and_left()
        return done / (done + left) if done + left > 0 else 1.0

    @property
    def left_s(self) -> float | None:
        """Wall seconds that the rest will take; None before anything is done."""
        done, left = self._done_and_left()
        return self.active_s * left / done if done > 0 and self.active_s > 0 else None

    def _done_and_left(self) -> tuple[float, float]:
        done = left = 0.0
        for stage, estimated in self.estimated_s.items():
            finished = self._done_s.get(stage, 0.0)
            weight = _TRUST * estimated
            correction = (
                (self._taken_s.get(stage, 0.0) + weight) / (finished + weight)
                if finished + weight > 0
                else 1.0
            )
            done += finished * correction
            left += max(0.0, estimated - finished) * correction
        return done, left
