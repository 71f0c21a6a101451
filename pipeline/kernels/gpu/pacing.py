"""How much work the card is given at a time."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# A screen stays usable, and a watchdog, which takes away a device after 2 s, is far.
_SUBMITTED_S = 0.05
_FIRST_STEPS, _MOST_STEPS = 256, 1 << 16
_MOST_TURNS = 32


@dataclass(slots=True)
class Pace:
    """Steps of a dispatch, and dispatches that are handed over together.

    As many as take some tens of milliseconds; what every hand-over takes says nothing of them.
    """

    steps: int = _FIRST_STEPS
    turns: int = 1
    _overhead_s: float = math.inf

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time what is done within, and learn from it."""
        start = time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        self._overhead_s = min(self._overhead_s, seconds)
        worked = seconds - self._overhead_s
        if worked > _SUBMITTED_S:
            if self.turns > 1:
                self.turns //= 2
            else:
                self.steps = max(1, self.steps // 2)
        elif worked < 0.4 * _SUBMITTED_S:
            if self.turns < _MOST_TURNS:
                self.turns *= 2
            else:
                self.steps = min(_MOST_STEPS, 2 * self.steps)
