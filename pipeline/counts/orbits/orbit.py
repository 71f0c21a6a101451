"""A reference orbit on disk, computed in the precision that it needs, and extended on demand.

An orbit is a folder of two files: its values as float64, which only grows, and its state, replaced
as a whole after each piece: how many of the values are valid, their checksum, and the last value in
full precision, from which it continues.
"""

import base64
import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gmpy2
import numpy as np
from gmpy2 import mpfr
from numpy.typing import NDArray

from pipeline.counts.orbits.orbit_state import (
    ESCAPED,
    PERIODIC,
    STATE_NAME,
    OrbitState,
    fixed_bytes,
    is_fixed,
    read_orbit_state,
    read_orbit_steps,
    value_of,
    write_orbit_state,
)
from pipeline.counts.orbits.target import Target
from pipeline.errors import DamagedError, OrbitError, about
from pipeline.kernels.reference import EDGE, OUTSIDE, TINY_EXPONENT, Reference
from pipeline.system.atomic_files import flush, make_folder
from pipeline.system.checksums import crc32_of

# Steps between two checks of the clock, for an escape and a period: doubled while they take less
# than _PIECE_S.
_FIRST_PIECE_STEPS = 1024
_LAST_PIECE_STEPS = 1 << 16
_PIECE_S = 0.02
VALUE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Orbit:
    """The files of one orbit."""

    folder: Path
    target: Target

    @property
    def values_file(self) -> Path:
        """File of its values, 16 bytes each."""
        return self.folder / "values.f64"

    @property
    def state_file(self) -> Path:
        """File of its state, which says how many values are valid."""
        return self.folder / STATE_NAME

    def state(self) -> OrbitState:
        """Return how far the orbit on disk has come; a damaged one counts as missing."""
        try:
            state = read_orbit_state(self.state_file, self.target)
            whole = self._are_whole(state) and (state.has_margins or not self._meets_edge(state))
        except (DamagedError, OSError):
            whole = False
        return state if whole else OrbitState()

    def steps_for(self, maxiter: int) -> int:
        """Return the number of steps on disk, without reading them.

        Raises
        ------
        OrbitError
            They do not suffice for maxiter.
        """
        try:
            state = read_orbit_steps(self.state_file, self.target)
        except DamagedError:
            state = OrbitState()
        return self._checked(state, self.target.steps(maxiter)).steps

    def _checked(self, state: OrbitState, maxiter: int) -> OrbitState:
        if not state.suffices(maxiter):
            raise OrbitError(
                f"{self.folder}: the reference orbit there has {state.steps} of {maxiter} steps"
            )
        return state

    def _are_whole(self, state: OrbitState) -> bool:
        """Tell whether the values on disk are those that were written."""
        return crc32_of(self.values_file, (state.steps + 1) * VALUE_BYTES) == state.checksum

    def _meets_edge(self, state: OrbitState) -> bool:
        """Tell whether values, or the one after the last, are on the edge of the disc."""
        values = np.memmap(self.values_file, "<f8", "r", shape=(state.steps + 1, 2))
        largest = 0.0
        for start in range(0, len(values), _LAST_PIECE_STEPS):
            largest = max(largest, _norm2(values[start : start + _LAST_PIECE_STEPS]).max())
        after = complex(*values[-1]) ** 2 + complex(*map(float, self.target.center))
        barely = state.ended == ESCAPED and not abs(after) ** 2 > OUTSIDE + EDGE
        return bool(largest > 4.0 - EDGE or barely)

    def extend(self, maxiter: int, seconds: float) -> OrbitState:
        """Extend it towards what maxiter needs, for about `seconds` seconds, and store it.

        Raises
        ------
        OSError
            The disk is full or refuses; what was stored before is whole.
        """
        state = self.state()
        steps = self.target.steps(maxiter)
        if state.suffices(steps):
            return state
        start = time.thread_time()
        deadline = time.monotonic() + seconds
        make_folder(self.folder)
        with gmpy2.context(gmpy2.get_context(), precision=self.target.bits):
            run = OrbitRun(self.target, state)
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
        write_orbit_state(self.state_file, self.target, state)
        return state

    def _append(self, data: bytes, offset: int) -> None:
        """Write values after the valid ones; the state that makes them valid is written later."""
        descriptor = os.open(self.values_file, os.O_RDWR | os.O_CREAT, 0o666)
        with about(self.values_file), os.fdopen(descriptor, "r+b") as file:
            file.seek(offset)
            file.write(data)
            file.truncate()
            file.flush()
            flush(file.fileno())

    def reference(self, maxiter: int) -> Reference:
        """Return the orbit as kernels take it, memory-mapped, as long as maxiter needs it.

        Raises
        ------
        OrbitError
            It has not come so far.
        """
        state = self._checked(self.state(), maxiter)
        steps = min(state.steps, maxiter)
        values = np.memmap(self.values_file, "<f8", "r", shape=(steps + 1, 2))
        tiny = [value for value in state.tiny if value[0] <= steps]
        margins = [value for value in state.margins if value[0] <= steps]
        return Reference(
            z=np.asarray(values),
            tiny_index=np.array([value[0] for value in tiny], np.int64),
            tiny=np.array([value[1:3] for value in tiny], np.float64).reshape(-1, 2),
            tiny_exponent=np.array([value[3] for value in tiny], np.int64),
            margin_index=np.array([value[0] for value in margins], np.int64),
            margin=np.array([value[1] for value in margins], np.float64),
            margin_exponent=np.array([value[2] for value in margins], np.int64),
        )


class OrbitRun:
    """The computation of an orbit, continued from a state."""

    def __init__(self, target: Target, state: OrbitState) -> None:
        # Imported here: numba takes a fifth of a second to load, and only workers need it.
        from pipeline.kernels.cpu.perturbation.period import first_return

        self._first_return = first_return
        self._state = state
        self._nearness = target.nearness()
        kind = _FixedPoint if is_fixed(target) else _Mpfr
        self._numbers: _FixedPoint | _Mpfr = kind(target, state.last)

    def last(self) -> tuple[str, str]:
        """Return the last value as text, in full precision."""
        return self._numbers.last()

    def piece(self, steps: int) -> NDArray[np.float64]:
        """Return the next values, `steps` at most; fewer where the orbit ends."""
        state = self._state
        start = self._numbers.in_full()
        values = self._numbers.advance(steps)
        with np.errstate(over="ignore", invalid="ignore"):
            # An escaped orbit soon overflows.
            norm2 = _norm2(values)
            outside = ~(norm2 <= OUTSIDE)
        if outside.any():
            # Values well outside the disc are of no use, but Z₁ must exist.
            inside = int(outside.argmax())
            state.ended = ESCAPED
            values = values[: max(inside, 0 if state.steps else 1)]
        small = np.abs(values).max(axis=1, initial=0.0) < 2.0**TINY_EXPONENT
        edge = norm2[: len(values)] > 4.0 - EDGE
        tiny, margins = self._in_full(start, small, edge)
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
            margins = [value for value in margins if value[0] < period]
        first = state.steps + 1
        state.tiny += [(first + at, re, im, exponent) for at, re, im, exponent in tiny]
        state.margins += [(first + at, margin, exponent) for at, margin, exponent in margins]
        state.derivative = (float(derivative[0]), float(derivative[1]), float(derivative[2]))
        state.steps += len(values)
        return values

    def _in_full(
        self, start: tuple[Any, Any], small: NDArray[np.bool_], edge: NDArray[np.bool_]
    ) -> tuple[list[tuple[int, float, float, int]], list[tuple[int, float, int]]]:
        """Return small values, and the margins of those on the edge of the disc.

        Index, mantissas and exponent of each. The piece is iterated again up to the last of them.
        """
        x, y = start
        c_re, c_im = self._numbers.c
        tiny = []
        margins: list[tuple[int, float, int]] = []
        for index in range(int((small | edge).nonzero()[0].max(initial=-1)) + 1):
            xy = x * y
            x = (x + y) * (x - y) + c_re
            y = (xy + xy) + c_im
            if small[index] and (x or y):
                exponent = max(gmpy2.get_exp(part) for part in (x, y) if part)
                re, im = (float(gmpy2.mul_2exp(part, -exponent)) for part in (x, y))
                tiny.append((index, re, im, exponent))
            if edge[index]:
                margin = x * x + y * y - 4
                # Where it is exactly 0 float64 says so, and at -2 that is at every step.
                if margin or not (margins or self._state.margins):
                    exponent = gmpy2.get_exp(margin) if margin else 0
                    margins.append((index, float(gmpy2.mul_2exp(margin, -exponent)), exponent))
        return tiny, margins


class _Mpfr:
    """Iterates in gmpy2's floating point; the context sets the precision."""

    def __init__(self, target: Target, last: tuple[str, str] | None) -> None:
        self.c = tuple(mpfr(str(part)) for part in target.center)
        self._z = tuple(value_of(part, target) for part in last) if last else (mpfr(0), mpfr(0))

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
    """Iterates in compiled fixed point, without a library call for every operation."""

    def __init__(self, target: Target, last: tuple[str, str] | None) -> None:
        from pipeline.kernels.cpu.perturbation.fixed_point import INTEGER_BITS, iterate

        self._iterate = iterate
        self._bytes = fixed_bytes(target)
        self._fraction_bits = 8 * self._bytes - INTEGER_BITS
        self.c = tuple(mpfr(str(part)) for part in target.center)
        self._c_words = [self._words(self._integer(part)) for part in self.c]
        parts = [value_of(part, target) for part in last] if last else [bytes(self._bytes)] * 2
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


def _norm2(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values[:, 0] ** 2 + values[:, 1] ** 2)
