"""The progress of a render on the terminal and in its log."""

from pathlib import Path

from pipeline.monitor.eta import Eta
from pipeline.monitor.events import (
    BlockCounted,
    Ended,
    Event,
    FrameDrawn,
    FrameEncoded,
    FrameSent,
    Measured,
    Paused,
    PiecePainted,
    Resumed,
    Retried,
    Said,
    Started,
    Ticked,
    Warned,
)
from pipeline.monitor.progress import Progress
from pipeline.system.terminal import say


class RunProgress:
    """Prints the messages of a run, and shows its progress while it counts, draws and encodes."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._progress: Progress | None = None

    def hear(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Started():
                self._progress = Progress(Eta(event.stages_s), event.frames, self._log)
                self._progress.say(event.text)
            case Ended():
                self.close()
            case Said():
                self._say(event.text)
            case Retried():
                self._say(event.said or event.text)
            case Warned():
                self._say(f"warning: {event.text}")
            case Paused():
                until = f"{event.resumes_below_c:.0f} °C"
                self._say(f"paused at {_degrees(event.temperature_c)}, until it is below {until}")
            case Resumed():
                self._say(f"{_degrees(event.temperature_c)}, going on")
            case _:
                if self._progress is not None:
                    self._update(self._progress, event)

    def close(self) -> None:
        """Remove the bar and close the log, if there are any."""
        if self._progress is not None:
            self._progress.close()
            self._progress = None

    @staticmethod
    def _update(progress: Progress, event: Event) -> None:
        match event:
            case Ticked():
                if event.machines:
                    blocks = ", ".join(f"{each.machine} {each.blocks}" for each in event.machines)
                    progress.aside = f"; row blocks: {blocks}"
                progress.tick(not event.paused)
            case FrameEncoded():
                progress.count()
            case BlockCounted() | PiecePainted() | FrameDrawn() | FrameSent():
                progress.eta.hear(event)
                progress.show()
            case Measured():
                progress.eta.hear(event)

    def _say(self, line: str) -> None:
        if self._progress is not None:
            self._progress.say(line)
        else:
            say(line)


def _degrees(temperature_c: float | None) -> str:
    return f"{temperature_c:.0f} °C" if temperature_c is not None else "no temperature"
