"""Progress: a bar with an ETA on a terminal or in a notebook, plain lines in a log."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeVar

from pipeline.errors import printable
from pipeline.monitor.eta import Eta
from pipeline.system.terminal import new_bar, say
from pipeline.units import duration

_Result = TypeVar("_Result")

# Seconds between two lines where there is no terminal.
_LINE_EVERY_S = 60.0


class Progress:
    """Shows how far work has come, by CPU time rather than by what is counted.

    Parameters
    ----------
    eta : Eta
        The work.
    count : int
        Number of things to be counted, which `noun` names: frames.
    log : Path, optional
        A file that gets every line with its time.
    """

    def __init__(self, eta: Eta, count: int, log: Path | None = None, noun: str = "frames") -> None:
        self.eta = eta
        self._count = count
        self.counted = 0
        self.aside = ""
        """Text after the time to go: who does the work."""
        self._noun = noun
        self._last_line = time.monotonic()
        eta.tick(self._last_line)
        self._log: TextIO | None = log.open("a", encoding="utf-8") if log else None
        self._bar = new_bar("{desc}{percentage:3.0f}% |{bar}| [{elapsed}{postfix}]")

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar, and close the log."""
        if self._bar is not None:
            self._bar.close()
        if self._log is not None:
            with contextlib.suppress(OSError):
                self._log.close()

    def say(self, line: str) -> None:
        """Show a line, and write it to the log."""
        if self._log is not None:
            stamp = datetime.now().astimezone().isoformat(timespec="seconds")
            # A log that cannot be written stops no render.
            with contextlib.suppress(OSError):
                self._log.write(f"{stamp} {printable(line)}\n")
                self._log.flush()
        if self._bar is not None:
            self._bar.clear()
        say(line)
        if self._bar is not None:
            self._bar.refresh()

    def work(self, stage: str, estimated_s: float, taken_s: float | None = None) -> None:
        """Count finished work: what was estimated for it, and what it took, if known."""
        self.eta.done(stage, estimated_s, taken_s)
        self.show()

    def show(self) -> None:
        """Bring the bar up to date with the ETA."""
        if self._bar is not None:
            if (left_s := self.eta.left_s) is not None:
                self._bar.set_postfix_str(f"{duration(left_s)} to go{printable(self.aside)}", False)
            self._bar.update(max(0.0, self.eta.fraction - self._bar.n))

    def count(self, more: int = 1) -> None:
        """Count `more` things as done."""
        self.counted += more
        if self._bar is not None:
            self._bar.set_description_str(f"{self.counted}/{self._count} {self._noun} ", False)

    def tick(self, active: bool = True) -> None:
        """Let time pass, `active` or paused; where there is no bar, write a line now and then."""
        now = time.monotonic()
        self.eta.tick(now, active)
        if self._bar is not None or now - self._last_line < _LINE_EVERY_S:
            return
        self._last_line = now
        left_s = self.eta.left_s
        ahead = f", {duration(left_s)} to go" if left_s is not None else ""
        done = f"{self.eta.fraction:.0%} of the work"
        self.say(f"{self.counted}/{self._count} {self._noun}, {done}{ahead}{self.aside}")


def followed(results: Iterable[_Result], total: int, noun: str) -> Iterator[_Result]:
    """Yield results, and show how many of the total there are."""
    with Progress(Eta({noun: float(total)}), total, noun=noun) as progress:
        for result in results:
            yield result
            progress.count()
            progress.work(noun, 1.0)
            progress.tick()
