"""What the workers of one machine have done for a run."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class MachineStats:
    """What the workers of a machine have done."""

    machine: str
    architecture: str
    workers: int = 0
    """At work now, or at the end."""
    blocks: int = 0
    cpu_s: float = 0.0
    sent_bytes: int = 0
    """To it: row blocks and reference orbits."""
    received_bytes: int = 0
    """From it: counts and traces."""
    lost: int = 0
    """Workers of it that went away while they had blocks."""

    def plain(self) -> dict[str, Any]:
        """Return it as the report has it."""
        return {
            "machine": self.machine,
            "architecture": self.architecture,
            "workers": self.workers,
            "blocks": self.blocks,
            "cpu_s": round(self.cpu_s, 3),
            "sent_bytes": self.sent_bytes,
            "received_bytes": self.received_bytes,
            "lost": self.lost,
        }
