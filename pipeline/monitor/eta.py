"""The ETA of a run: how much of its work is left, and when it will be done."""

from dataclasses import dataclass, field

# How much of a stage's estimate its first measurements weigh against.
_TRUST = 0.03
# A longer time than this between two looks was no work: the process, or the machine, stood still.
_LONGEST_STEP_S = 30.0


@dataclass(slots=True)
class Eta:
    """What is left of a run, from what was estimated and what it took so far.

    Each stage's estimate is corrected by how long its finished part took against what was
    estimated for that: a survey that was wrong of a kernel does not stay wrong of the rest.
    """

    estimated_s: dict[str, float]
    """CPU seconds of each stage, or any other unit."""
    active_s: float = 0.0
    """Wall seconds in which the run went on."""
    _done_s: dict[str, float] = field(default_factory=dict)
    """Of the estimate, the part of what is done."""
    _taken_s: dict[str, float] = field(default_factory=dict)
    """What that took."""
    _looked_at_s: float | None = None

    def done(self, stage: str, estimated_s: float, taken_s: float | None = None) -> None:
        """Count work as done that was estimated to take so long, and what it took, if known."""
        self._done_s[stage] = self._done_s.get(stage, 0.0) + estimated_s
        self.took(stage, estimated_s if taken_s is None else taken_s)

    def took(self, stage: str, taken_s: float) -> None:
        """Add to what a stage took, where that is learnt apart from what is done."""
        self._taken_s[stage] = self._taken_s.get(stage, 0.0) + taken_s

    def tick(self, now_s: float, active: bool = True) -> None:
        """Let time pass; a pause, or a process that was stopped, is no work."""
        if self._looked_at_s is not None and active:
            self.active_s += min(now_s - self._looked_at_s, _LONGEST_STEP_S)
        self._looked_at_s = now_s

    @property
    def part(self) -> float:
        """The part of all work that is done, 0 to 1."""
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
            wrong = (
                (self._taken_s.get(stage, 0.0) + weight) / (finished + weight)
                if finished + weight > 0
                else 1.0
            )
            done += finished * wrong
            left += max(0.0, estimated - finished) * wrong
        return done, left
