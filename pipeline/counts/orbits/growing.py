"""A reference orbit in memory, extended on demand."""

from collections.abc import Callable

import gmpy2
import numpy as np

from pipeline.counts.orbits.orbit import OrbitRun
from pipeline.counts.orbits.orbit_state import OrbitState
from pipeline.counts.orbits.target import Target
from pipeline.kernels.reference import Reference

_FIRST_PIECE_STEPS = 1024
# Bits times steps of a piece: a tenth of a second, between two of which a signal ends it.
_PIECE_BITS = 1 << 25


class GrowingOrbit:
    """The orbit of a target, for searches that need it for some seconds only."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._state = OrbitState()
        with gmpy2.context(gmpy2.get_context(), precision=target.bits):
            self._run = OrbitRun(target, self._state)
        self._values = [np.zeros((1, 2))]

    @property
    def steps(self) -> int:
        """Index of its last value."""
        return self._state.steps

    @property
    def ended(self) -> str | None:
        """ESCAPED or PERIODIC where it goes no further."""
        return self._state.ended

    def extend(self, steps: int, tell: Callable[[int], object] = lambda _: None) -> None:
        """Extend it to this many steps, or to its end; `tell` is called with those done."""
        longest = max(_FIRST_PIECE_STEPS, _PIECE_BITS // self.target.bits)
        with gmpy2.context(gmpy2.get_context(), precision=self.target.bits):
            while not self._state.suffices(steps):
                self._values.append(self._run.piece(min(longest, steps - self.steps)))
                tell(self.steps)

    def reference(self) -> Reference:
        """Return the orbit as kernels take it, as far as it has come."""
        self._values = [np.concatenate(self._values)]
        tiny = self._state.tiny
        return Reference(
            z=self._values[0],
            tiny_index=np.array([value[0] for value in tiny], np.int64),
            tiny=np.array([value[1:3] for value in tiny], np.float64).reshape(-1, 2),
            tiny_exponent=np.array([value[3] for value in tiny], np.int64),
        )
