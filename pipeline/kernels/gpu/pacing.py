"""How much work a dispatch is given."""

from dataclasses import dataclass

# A screen stays usable, and a watchdog, which takes away a device after 2 s, is far.
_DISPATCH_S = 0.05
_MOST_STEPS = 1 << 20


@dataclass(slots=True)
class Pace:
    """Steps of a dispatch, as many as take some tens of milliseconds."""

    steps: int

    def took(self, seconds: float) -> None:
        """Learn how long a dispatch of so many steps took."""
        if seconds > _DISPATCH_S:
            self.steps = max(1, self.steps // 2)
        elif seconds < 0.4 * _DISPATCH_S:
            self.steps = min(_MOST_STEPS, 2 * self.steps)
