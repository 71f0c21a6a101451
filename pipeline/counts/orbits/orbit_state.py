"""The state of a reference orbit: how far it has been computed, as its folder holds it."""

import base64
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import gmpy2

from pipeline.counts.orbits.target import Target
from pipeline.errors import DamagedError, NotStoredError
from pipeline.kernels.reference import TINY_EXPONENT
from pipeline.system.state_file import finite_number, parsed, read_state, whole_number, write_state

Facts = TypeVar("Facts")

ESCAPED = "escaped"
PERIODIC = "periodic"

_VERSION = 3
# Without margins, and ending at the disc itself; the same wherever no value is on its edge.
_VERSION_BEFORE = 2
_UNCHECKED = b'{"version": 2, '
STATE_NAME = "state.json"
_MOST_STEPS = 1 << 40
_MOST_EXPONENT = 1 << 40
_LARGEST_CRC = (1 << 32) - 1
# Up to here compiled fixed point is faster than gmpy2's calls; beyond, gmpy2's multiplications.
_FIXED_POINT_BITS = 2048


@dataclass(slots=True)
class OrbitState:
    """Progress of an orbit."""

    steps: int = 0
    """The index of the last value."""
    ended: str | None = None
    """ESCAPED or PERIODIC where it goes no further."""
    cpu_s: float = 0.0
    """CPU seconds that the orbit took so far."""
    checksum: int = 0
    """CRC-32 of the values on disk."""
    last: tuple[str, str] | None = None
    """The last value in full precision."""
    derivative: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """See `first_return`."""
    tiny: list[tuple[int, float, float, int]] = field(default_factory=list)
    """Index, mantissas and exponent of every value too small for float64."""
    margins: list[tuple[int, float, int]] = field(default_factory=list)
    """See `Reference`: index, mantissa and exponent."""
    has_margins: bool = True
    """False where an earlier version wrote it."""

    def suffices(self, steps: int) -> bool:
        """Tell whether it need not be extended for this many steps."""
        return self.ended is not None or self.steps >= steps


def write_orbit_state(path: Path, target: Target, state: OrbitState) -> None:
    """Write a state durably, replacing the one before.

    Raises
    ------
    OSError
        The disk is full or refuses; the state before stays.
    """
    facts = {name: getattr(state, name) for name in OrbitState.__slots__ if name != "has_margins"}
    write_state(path, {"version": _VERSION, "key": target.key(), **facts})


def read_orbit_state(path: Path, target: Target) -> OrbitState:
    """Return the state of a target's orbit.

    Raises
    ------
    DamagedError
        There is none, it is not what was written, or holds what cannot be.
    """
    return _read(path, lambda facts: _state(facts, target))


def read_orbit_steps(path: Path, target: Target) -> OrbitState:
    """Return steps and end alone of the state of a target's orbit, which is quicker.

    Raises
    ------
    DamagedError
        There is none, it is not what was written, or holds what cannot be.
    """
    return _read(path, lambda facts: _steps(facts, target))


def spent_cpu_s(folder: Path) -> float:
    """Return the CPU seconds that all orbits in a folder have taken."""
    spent = 0.0
    for path in folder.glob(f"*/{STATE_NAME}"):
        with contextlib.suppress(DamagedError):
            spent += _read(path, lambda facts: finite_number(facts["cpu_s"], 0.0))
    return spent


def _read(path: Path, parse: Callable[[Any], Facts]) -> Facts:
    """Return what `parse` makes of a state file.

    One of the version before had no checksum of its own; to compute its orbit again takes hours.

    Raises
    ------
    DamagedError
        There is none, it is not what was written, or holds what cannot be.
    """
    try:
        return read_state(path, parse)
    except NotStoredError:
        raise
    except DamagedError:
        if (data := _bytes_of(path)).startswith(_UNCHECKED):
            return parsed(path, data, parse)
        raise


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _steps(facts: Any, target: Target) -> OrbitState:
    if facts["version"] not in (_VERSION, _VERSION_BEFORE) or facts["key"] != target.key():
        raise ValueError("of another orbit")
    if facts["ended"] not in (None, ESCAPED, PERIODIC):
        raise ValueError(facts["ended"])
    return OrbitState(whole_number(facts["steps"], 1, _MOST_STEPS), facts["ended"])


def _state(facts: Any, target: Target) -> OrbitState:
    state = _steps(facts, target)
    state.cpu_s = finite_number(facts["cpu_s"], 0.0)
    state.checksum = whole_number(facts["checksum"], 0, _LARGEST_CRC)
    state.tiny = [
        (
            whole_number(at, 1, state.steps),
            finite_number(re, -1.0, 1.0),
            finite_number(im, -1.0, 1.0),
            whole_number(exponent, -_MOST_EXPONENT, TINY_EXPONENT),
        )
        for at, re, im, exponent in facts["tiny"]
    ]
    state.has_margins = facts["version"] != _VERSION_BEFORE
    state.margins = [
        (
            whole_number(at, 1, state.steps),
            finite_number(margin),
            whole_number(exponent, -_MOST_EXPONENT, _MOST_EXPONENT),
        )
        for at, margin, exponent in (facts["margins"] if state.has_margins else ())
    ]
    for listed in (state.tiny, state.margins):
        if any(before[0] >= after[0] for before, after in pairwise(listed)):
            raise ValueError("values out of order")
    if state.ended is None:
        # What it goes on from.
        last_re, last_im = facts["last"]
        for part in (last_re, last_im):
            value_of(part, target)
        state.last = last_re, last_im
        re, im, exponent = map(finite_number, facts["derivative"])
        state.derivative = re, im, exponent
    return state


def is_fixed(target: Target) -> bool:
    """Tell whether an orbit is computed in fixed point."""
    # Numbers in fixed point have a largest value, far beyond the set.
    return target.bits <= _FIXED_POINT_BITS and max(map(abs, target.center)) <= 4


def fixed_bytes(target: Target) -> int:
    """Return the size of its numbers there."""
    return target.bits // 8 + 8


def value_of(text: str, target: Target) -> Any:
    """Return a number as its orbit is computed with, from text; ValueError where it is none.

    Notes
    -----
    gmpy2's binary form: the type (4), flags (4: longer fields), two bytes, the precision, and where
    it is not 0 the exponent and the limbs. Other bytes do not make gmpy2 raise, but crash.
    """
    data = base64.b64decode(text, validate=True)
    if is_fixed(target):
        if len(data) != fixed_bytes(target):
            raise ValueError("a number of another size")
        return data
    if len(data) not in (8, 12 + target.bits // 8) or data[0] != 4 or data[1] & 4:
        raise ValueError("no number")
    if int.from_bytes(data[4:8], "little") != target.bits:
        raise ValueError("a number of another precision")
    number = gmpy2.from_binary(data)
    if not gmpy2.is_finite(number):
        raise ValueError("no finite number")
    return number
