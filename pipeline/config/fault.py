"""Faults of a config: what is wrong, and where."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import PipelineError, printable_name

MOST_TOLD = 100
"""Largest number of faults that are written out; the rest are counted."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A position in the config's text; lines and columns count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault; `key` is the dotted path of its value, empty for the file as a whole."""

    position: Position
    key: str
    message: str
    """What is wrong, and what would be right."""

    def text(self, path: Path) -> str:
        """Return ``file:line:column: key: message``."""
        key = f"{printable_name(self.key)}: " if self.key else ""
        at = self.position
        return f"{printable_name(path)}:{at.line}:{at.column}: {key}{self.message}"


class ConfigError(PipelineError):
    """A config is refused; `faults` holds all of its faults, in the order of the text."""

    exit_status = 2

    def __init__(self, path: Path, faults: Iterable[Fault]) -> None:
        self.path = path
        self.faults = sorted(faults)
        lines = [fault.text(path) for fault in self.faults[:MOST_TOLD]]
        if len(self.faults) > MOST_TOLD:
            lines.append(f"{path}: and {len(self.faults) - MOST_TOLD} more")
        super().__init__("\n".join(lines))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the nearest of the known words, or nothing."""
    matches = difflib.get_close_matches(word[:60].lower(), list(known), n=1, cutoff=0.6)
    return f'; did you mean "{matches[0]}"?' if matches else ""


def shortened(text: str) -> str:
    """Return text as it may be quoted in a message: one line, at most 40 characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 40 else f"{flat[:36]}…"
