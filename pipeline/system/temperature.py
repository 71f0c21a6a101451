"""A thermostat: tells when a run should pause, so that the machine cools down."""

import os
from pathlib import Path

# A pause ends once the machine is this many degrees below the limit.
_HYSTERESIS_C = 5.0
_ZONES = Path("/sys/class/thermal")


def temperature_c() -> float | None:
    """Return the hottest of the kernel's thermal zones in °C; None where there is none.

    Notes
    -----
    The environment variable PIPELINE_THERMAL_ZONES names another folder of zones, for machines
    that keep them elsewhere.
    """
    folder = Path(os.environ.get("PIPELINE_THERMAL_ZONES", _ZONES))
    temperatures = []
    for path in folder.glob("thermal_zone*/temp"):
        try:
            temperatures.append(int(path.read_text("utf-8", "replace")) / 1000)
        except (OSError, ValueError):
            # A zone that is switched off cannot be read.
            continue
    return max(temperatures, default=None)


class Thermostat:
    """Turns on above a temperature, and off once it is some degrees below.

    Parameters
    ----------
    limit_c : float, optional
        None never pauses.
    """

    def __init__(self, limit_c: float | None) -> None:
        self._limit_c = limit_c
        self.pausing = False
        """Whether the run should pause."""

    @property
    def resumes_below_c(self) -> float:
        """The temperature below which a pause ends."""
        return (self._limit_c or 0.0) - _HYSTERESIS_C

    def look(self) -> bool:
        """Look at the temperature, and tell whether `pausing` has changed."""
        if self._limit_c is None:
            return False
        now = temperature_c()
        hot = now is not None and now > (self.resumes_below_c if self.pausing else self._limit_c)
        changed = hot != self.pausing
        self.pausing = hot
        return changed
