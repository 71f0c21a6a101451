"""A reference orbit on disk: computed with as many bits as it needs, extended, never lost.

An orbit is a folder of two files: its values as float64, which only grows, and its state, replaced
whole after each piece: how much of the values counts, their checksum, and the numbers in full from
which it goes on.
"""

import base64
import json
import os
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gmpy2
import numpy as np
from gmpy2 import mpfr
from numpy.typing import NDArray

from pipeline.durable import flush, make_folder, write_durably
from pipeline.kernels.reference import TINY_EXPONENT, Reference
from pipeline.target import Target

_VERSION = 2
# Up to here fixed point of our own is quicker than gmpy2's calls; beyond, its multiplications are.
_FIXED_POINT_BITS = 2048
# Steps between two looks for the clock, an escape and a period: doubled while they take less time.
_FIRST_PIECE_STEPS = 1024
_LAST_PIECE_STEPS = 1 << 16
_PIECE_S = 0.02
VALUE_BYTES = 16
_STATE = "state.json"
_READ_BYTES = 1 << 24

ESCAPED = "escaped"
PERIODIC = "periodic"


@dataclass(slots=True)
class OrbitState:
    """How far an orbit has come."""

    steps: int = 0
    """The index of the last value."""
    ended: str | None = None
    """ESCAPED or PERIODIC where it goes no further."""
    cpu_s: float = 0.0
    """Seconds that it took to come here."""
    checksum: int = 0
    """CRC-32 of the values on disk."""
    last: tuple[str, str] | None = None
    """The last value in full."""
    derivative: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """See `first_return`."""
    tiny: list[tuple[int, float, float, int]] = field(default_factory=list)
    """Index, mantissas and exponent of every value too small for float64."""

    def suffices(self, steps: int) -> bool:
        """Tell whether there is no more to do for so many steps."""
        return self.ended is not None or self.steps >= steps


def spent_cpu_s(folder: Path) -> float:
    """Return the CPU seconds that all orbits in a folder have taken."""
    spent = 0.0
    for state in folder.glob(f"*/{_STATE}"):
        try:
            spent += float(json.loads(state.read_bytes())["cpu_s"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return spent


@dataclass(frozen=True, slots=True)
class Orbit:
    """The files of one orbit."""

    folder: Path
    target: Target

    @property
    def values_file(self) -> Path:
        """Its values, 16 bytes each."""
        return self.folder / "values.f64"

    @property
    def state_file(self) -> Path:
        """How much of them counts."""
        return self.folder / _STATE

    def state(self) -> OrbitState:
        """Return how far the orbit on disk has come; anything damaged counts as not there."""
        state = self._said()
        try:
            whole = self._checksum((state.steps + 1) * VALUE_BYTES) == state.checksum
        except OSError:
            whole = False
        return state if whole else OrbitState()

    def steps_for(self, maxiter: int) -> int:
        """Return the steps on disk, without a look at them.

        Raises
        ------
        LookupError
            They do not suffice for maxiter.
        """
        state = self._said()
        if not state.suffices(maxiter):
            raise LookupError(f"{self.folder}: {state.steps} of {maxiter} steps")
        return state.steps

    def _said(self) -> OrbitState:
        """Return the state as it is written."""
        try:
            facts = json.loads(self.state_file.read_bytes())
            if facts.pop("version") != _VERSION or facts.pop("key") != self.target.key():
                return OrbitState()
            facts["last"] = tuple(facts["last"])
            facts["derivative"] = tuple(facts["derivative"])
            facts["tiny"] = [(at, re, im, exponent) for at, re, im, exponent in facts["tiny"]]
            return OrbitState(**facts)
        except (OSError, ValueError, KeyError, TypeError):
            return OrbitState()

    def _checksum(self, length: int) -> int | None:
        """Return the CRC-32 of the first bytes of the values; None if there are fewer."""
        checksum = 0
        with self.values_file.open("rb") as file:
            while length > 0:
                part = file.read(min(length, _READ_BYTES))
                if not part:
                    return None
                checksum = zlib.crc32(part, checksum)
                length -= len(part)
        return checksum

    def extend(self, steps: int, seconds: float) -> OrbitState:
        """Compute on towards so many steps, for about so many seconds, and store what there is.

        Raises
        ------
        OSError
            The disk is full or refuses; what was stored before is whole.
        """
        state = self.state()
        if state.suffices(steps):
            return state
        start = time.thread_time()
        deadline = time.monotonic() + seconds
        make_folder(self.folder)
        with gmpy2.context(gmpy2.get_context(), precision=self.target.bits):
            run = _Run(self.target, state)
            values = [] if state.last else [np.zeros((1, 2))]
            length = _FIRST_PIECE_STEPS
            now = time.monotonic()
            while not state.suffices(steps):
                values.append(run.piece(min(length, steps - state.steps)))
                before, now = now, time.monotonic()
                if now > deadline:
                    break
                if now - before < _PIECE_S:
                    length = min(2 * length, _LAST_PIECE_STEPS)
            state.last = run.last()
        data = np.concatenate(values).astype("<f8").tobytes()
        state.cpu_s += time.thread_time() - start
        state.checksum = zlib.crc32(data, state.checksum)
        self._append(data, (state.steps + 1) * VALUE_BYTES - len(data))
        facts: dict[str, Any] = {
            "version": _VERSION,
            "key": self.target.key(),
            **{name: getattr(state, name) for name in OrbitState.__slots__},
        }
        write_durably(self.state_file, [json.dumps(facts).encode()])
        return state

    def _append(self, data: bytes, offset: int) -> None:
        """Write values behind those that count; the state that counts them comes after."""
        descriptor = os.open(self.values_file, os.O_RDWR | os.O_CREAT, 0o666)
        with os.fdopen(descriptor, "r+b") as file:
            file.seek(offset)
            file.write(data)
            file.truncate()
            file.flush()
            flush(file.fileno())

    def reference(self, maxiter: int) -> Reference:
        """Return the orbit as kernels take it, memory-mapped, as far as maxiter needs it.

        Raises
        ------
        LookupError
            It has not come so far.
        """
        state = self.state()
        if not state.suffices(maxiter):
            raise LookupError(f"{self.folder}: {state.steps} of {maxiter} steps")
        steps = min(state.steps, maxiter)
        values = np.memmap(self.values_file, "<f8", "r", shape=(steps + 1, 2))
        tiny = [value for value in state.tiny if value[0] <= steps]
        return Reference(
            z=np.asarray(values),
            tiny_index=np.array([value[0] for value in tiny], np.int64),
            tiny=np.array([value[1:3] for value in tiny], np.float64).reshape(-1, 2),
            tiny_exponent=np.array([value[3] for value in tiny], np.int64),
        )


class _Run:
    """The computing itself, from where a state stands."""

    def __init__(self, target: Target, state: OrbitState) -> None:
        # It needs numba, which takes a fifth of a second to load: only workers do.
        from pipeline.kernels.period import first_return

        self._first_return = first_return
        self._state = state
        self._nearness = target.nearness()
        # Numbers in fixed point have a largest value, far beyond the set.
        fixed = target.bits <= _FIXED_POINT_BITS and max(map(abs, target.center)) <= 4
        kind = _FixedPoint if fixed else _Mpfr
        self._numbers: _FixedPoint | _Mpfr = kind(target, state.last)

    def last(self) -> tuple[str, str]:
        """Return the last value as text, in full."""
        return self._numbers.last()

    def piece(self, steps: int) -> NDArray[np.float64]:
        """Return the next values, at most so many; fewer where the orbit ends."""
        state = self._state
        start = self._numbers.in_full()
        values = self._numbers.advance(steps)
        with np.errstate(over="ignore", invalid="ignore"):
            # An escaped orbit soon overflows.
            outside = ~(values[:, 0] ** 2 + values[:, 1] ** 2 <= 4.0)
        if outside.any():
            # The value beyond the disc is of no use to anyone, but Z₁ has to be there.
            inside = int(outside.argmax())
            state.ended = ESCAPED
            values = values[: max(inside, 0 if state.steps else 1)]
        small = np.abs(values).max(axis=1, initial=0.0) < 2.0**TINY_EXPONENT
        tiny = self._tiny(start, small) if small.any() else []
        derivative = np.array(state.derivative)
        period = self._first_return(
            values,
            np.array([value[0] for value in tiny], np.int64),
            np.array([value[3] for value in tiny], np.int64),
            derivative,
            self._nearness,
        )
        if period >= 0:
            state.ended = PERIODIC
            values = values[: period + 1]
            values[period] = 0.0
            tiny = [value for value in tiny if value[0] < period]
        first = state.steps + 1
        state.tiny += [(first + at, re, im, exponent) for at, re, im, exponent in tiny]
        state.derivative = (float(derivative[0]), float(derivative[1]), float(derivative[2]))
        state.steps += len(values)
        return values

    def _tiny(
        self, start: tuple[Any, Any], small: NDArray[np.bool_]
    ) -> list[tuple[int, float, float, int]]:
        """Return index, mantissas and exponent of small values; the piece is gone over again."""
        x, y = start
        c_re, c_im = self._numbers.c
        tiny = []
        for index in range(int(small.nonzero()[0][-1]) + 1):
            xy = x * y
            x = (x + y) * (x - y) + c_re
            y = (xy + xy) + c_im
            if small[index] and (x or y):
                exponent = max(gmpy2.get_exp(part) for part in (x, y) if part)
                re, im = (float(gmpy2.mul_2exp(part, -exponent)) for part in (x, y))
                tiny.append((index, re, im, exponent))
        return tiny


class _Mpfr:
    """The orbit in gmpy2's floating point; the context has the precision."""

    def __init__(self, target: Target, last: tuple[str, str] | None) -> None:
        self.c = tuple(mpfr(str(part)) for part in target.center)
        self._z = tuple(map(_number, last)) if last else (mpfr(0), mpfr(0))

    def last(self) -> tuple[str, str]:
        re, im = (base64.b64encode(gmpy2.to_binary(part)).decode() for part in self._z)
        return re, im

    def in_full(self) -> tuple[Any, Any]:
        re, im = self._z
        return re, im

    def advance(self, steps: int) -> NDArray[np.float64]:
        x, y = self._z
        c_re, c_im = self.c
        rounded: list[float] = []
        append = rounded.append
        for _ in range(steps):
            xy = x * y
            # Two multiplications: (x + y)(x - y) and xy.
            x = (x + y) * (x - y) + c_re
            y = (xy + xy) + c_im
            append(float(x))
            append(float(y))
        self._z = x, y
        return np.array(rounded).reshape(-1, 2)


class _FixedPoint:
    """The same in fixed point of our own, without a library's call for every operation."""

    def __init__(self, target: Target, last: tuple[str, str] | None) -> None:
        from pipeline.kernels.fixed_point import INTEGER_BITS, iterate

        self._iterate = iterate
        self._bytes = target.bits // 8 + 8
        self._fraction_bits = 8 * self._bytes - INTEGER_BITS
        self.c = tuple(mpfr(str(part)) for part in target.center)
        self._c_words = [self._words(self._integer(part)) for part in self.c]
        parts = [base64.b64decode(part) for part in last] if last else [bytes(self._bytes)] * 2
        self._z = [self._words(part) for part in parts]

    def _integer(self, number: Any) -> bytes:
        scaled = int(gmpy2.mpz(gmpy2.rint(gmpy2.mul_2exp(number, self._fraction_bits))))
        return scaled.to_bytes(self._bytes, "little", signed=True)

    @staticmethod
    def _words(data: bytes) -> NDArray[np.uint64]:
        return np.frombuffer(data, "<u8").astype(np.uint64)

    def last(self) -> tuple[str, str]:
        re, im = (base64.b64encode(part.astype("<u8").tobytes()).decode() for part in self._z)
        return re, im

    def in_full(self) -> tuple[Any, Any]:
        with gmpy2.context(precision=8 * self._bytes):
            re, im = (
                gmpy2.mul_2exp(
                    mpfr(int.from_bytes(part.astype("<u8").tobytes(), "little", signed=True)),
                    -self._fraction_bits,
                )
                for part in self._z
            )
        return re, im

    def advance(self, steps: int) -> NDArray[np.float64]:
        values = np.empty((steps, 2))
        return values[: self._iterate(*self._z, *self._c_words, values)]


def _number(text: str) -> Any:
    return gmpy2.from_binary(base64.b64decode(text))
