"""The recipe of traces: everything they depend on besides the counts they belong to."""

from dataclasses import dataclass
from typing import Literal

TrapShape = Literal["point", "cross"]

# Stripes and traps are made of at most this many steps before the escape.
_LAST_STEPS = 32


@dataclass(frozen=True, slots=True)
class Tracing:
    """Recipe of traces; besides it they depend on the counts alone."""

    stripes: int = 0
    """Number of stripes around the origin; 0 for none."""
    trap: TrapShape | None = None
    trap_at: tuple[float, float] = (0.0, 0.0)
    interior: bool = False
    """Whether to look for the cycles of interior points."""

    @property
    def last_steps(self) -> int:
        """Steps before the escape that stripes and traps need."""
        return _LAST_STEPS if self.stripes or self.trap else 0
