"""What traces are made of, besides the counts they belong to."""

from dataclasses import dataclass
from typing import Literal

TrapShape = Literal["point", "cross"]

# Steps before the escape that stripes and traps are made of, at most.
_LAST_STEPS = 32


@dataclass(frozen=True, slots=True)
class Tracing:
    """What traces are made of; they depend on nothing else but the counts."""

    stripes: int = 0
    """Stripes around the origin; 0 for none."""
    trap: TrapShape | None = None
    trap_at: tuple[float, float] = (0.0, 0.0)
    interior: bool = False
    """Whether the cycles of what stays inside are sought."""

    @property
    def last_steps(self) -> int:
        """How many steps before the escape must be seen."""
        return _LAST_STEPS if self.stripes or self.trap else 0
