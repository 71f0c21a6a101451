"""Statistics of a machine of a cluster, or of a device of this machine."""

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class MachineStats:
    """Work that the workers of a machine, or a device, have done for a run."""

    machine: str
    architecture: str
    workers: int = 0
    """Number of workers, now or at the end."""
    blocks: int = 0
    """Number of row blocks whose results were taken."""
    cpu_s: float = 0.0
    sent_bytes: int = 0
    """Bytes of stored counts and reference orbits sent to it."""
    received_bytes: int = 0
    """Bytes of counts and traces received from it."""
    lost: int = 0
    """Number of workers that disappeared while they had blocks."""

    def plain(self) -> dict[str, Any]:
        """Return the entry in the report."""
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
