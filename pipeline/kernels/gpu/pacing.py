"""How much work a dispatch is given."""

import math
from dataclasses import dataclass

# A screen stays usable, and a watchdog, which takes away a device after 2 s, is far.
_DISPATCH_S = 0.05
_MOST_STEPS = 1 << 20


@dataclass(slots=True)
class Pace:
    """Steps of a dispatch, as many as take some tens of milliseconds."""

    steps: int
    _load: int = 0
    _overhead_s: float = math.inf

    def steps_for(self, load: int) -> int:
        """Return how many steps so many groups, or points, go in the next dispatch."""
        if self._load and load > self._load:
            self.steps = max(1, self.steps * self._load // load)
        self._load = load
        return self.steps

    def took(self, seconds: float) -> None:
        """Learn how long the dispatch took; what every dispatch takes says nothing of its steps."""
        self._overhead_s = min(self._overhead_s, seconds)
        worked = seconds - self._overhead_s
        if worked > _DISPATCH_S:
            self.steps = max(1, self.steps // 2)
        elif worked < 0.4 * _DISPATCH_S:
            self.steps = min(_MOST_STEPS, 2 * self.steps)
