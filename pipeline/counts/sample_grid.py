"""A sample grid: anything that has pixels to compute, a view's own grid of samples or a band."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target
from pipeline.errors import OrbitError
from pipeline.geometry.band import Band
from pipeline.geometry.decimals import canonical_text
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64, Kernel
from pipeline.kernels.results import Counts, Outcome
from pipeline.kernels.tracing import Tracing

if TYPE_CHECKING:
    # Their modules need numba, which only workers load.
    from pipeline.kernels.cpu.perturbation.approximation import Approximation
    from pipeline.kernels.cpu.traces.trace import Traces
    from pipeline.kernels.reference import Reference

# Samples of a chunk: the least that is computed, packed and stored at once.
CHUNK_SAMPLES = 1 << 15
# Before deep kernels, float64 sorts out what stays inside: where so many of its roundings lie
# between pixels, and so large a part stays, as seen at every so-manieth sample.
_SIEVE_ROUNDINGS = 512.0
_SIEVE_STEP = 17
_WORTH_SIEVING = 0.05

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """A grid of samples to count; equal sample grids have equal counts, whoever asks for them."""

    geometry: View | Band
    """Where its samples lie; one pixel of a view is one sample."""
    maxiter: int
    kernel: Kernel
    target: Target | None = None
    """Whose orbit a deep kernel runs against."""
    references: References | None = field(default=None, compare=False)
    """Where that orbit lies; no part of what is computed."""
    tracing: Tracing | None = None
    """Where it holds traces, what these are made of; None where it holds counts."""

    def with_references(self, references: References) -> "SampleGrid":
        """Return the same sample grid, told where the reference orbits lie."""
        return replace(self, references=references)

    def detached(self) -> "SampleGrid":
        """Return the same sample grid without files of this machine, for another."""
        return replace(self, references=None)

    def traced(self, tracing: Tracing) -> "SampleGrid":
        """Return the sample grid of the traces of this one's counts."""
        return replace(self, tracing=tracing)

    @property
    def counted(self) -> "SampleGrid":
        """The sample grid of the counts that these traces belong to, or itself."""
        return replace(self, tracing=None)

    def subsampled(self, samples: int) -> "SampleGrid":
        """Return the same place with about so many samples, counted by the same kernel."""
        return replace(self, geometry=self.geometry.subsampled(samples))

    @property
    def columns(self) -> int:
        """Samples across."""
        return self.geometry.columns

    @property
    def rows(self) -> int:
        """Samples down."""
        return self.geometry.rows

    @property
    def samples(self) -> int:
        """Of all rows."""
        return self.rows * self.columns

    @property
    def chunk_rows(self) -> int:
        """Rows of a chunk."""
        return max(1, min(self.rows, CHUNK_SAMPLES // self.columns))

    @property
    def chunks(self) -> int:
        """Number of chunks; the last may have fewer rows."""
        return -(-self.rows // self.chunk_rows)

    def chunk_bounds(self, chunk: int) -> tuple[int, int]:
        """Return the first row of a chunk and the row after its last."""
        first = chunk * self.chunk_rows
        return first, min(first + self.chunk_rows, self.rows)

    def key(self) -> str:
        """Return the hexadecimal digest of all that the counts depend on, but for maxiter.

        What escapes below a limit does so below any larger one: counts with a larger limit hold
        those with a smaller.
        """
        facts: dict[str, str | int] = {
            **self.geometry.key(),
            "arithmetic": self.kernel.arithmetic,
        }
        if self.target is not None:
            # More bits give the same values: they are no part of it.
            facts["target_re"], facts["target_im"] = map(canonical_text, self.target.center)
            if self.target.on_edge():
                # Counts made without margins are wrong there, and only there.
                facts["edge"] = "margins"
        if self.tracing is not None:
            facts["tracing"] = json.dumps(asdict(self.tracing))
            if (
                self.target is not None
                and self.geometry.distance_exponent(self.target.center) < -800
            ):
                # So deep, traces had no derivatives before.
                facts["slopes"] = "with an exponent"
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    def counts(self, first_row: int, last_row: int, smooth: bool = True) -> Counts:
        """Compute rows `first_row` up to, not including, `last_row`; arrays one-dimensional.

        Raises
        ------
        OrbitError
            The reference orbit has not been computed far enough.
        """
        parts = []
        iterations = 0
        for chunk in range(first_row // self.chunk_rows, -(-last_row // self.chunk_rows)):
            # Whole chunks: their samples are counted together, in every cut.
            counts = self._chunk_counts(chunk, smooth)
            first, _ = self.chunk_bounds(chunk)
            own = np.s_[
                max(0, first_row - first) * self.columns : (last_row - first) * self.columns
            ]
            parts.append((counts.n[own], counts.smooth[own], counts.outcome[own]))
            iterations += counts.iterations
        n, nu, outcome = map(np.concatenate, zip(*parts, strict=True))
        return Counts(n, nu, outcome, iterations)

    def counts_where(self, chunk: int, wanted: NDArray[np.bool_]) -> Counts:
        """Compute a chunk's samples where `wanted` says so, one-dimensional; only those count.

        Raises
        ------
        OrbitError
            The reference orbit has not been computed far enough.
        """
        counts = self._chunk_counts(chunk, True, wanted)
        parts = (counts.n[wanted], counts.smooth[wanted], counts.outcome[wanted])
        return Counts(*parts, counts.iterations)

    def traces(
        self, chunk: int, n: NDArray[np.integer[Any]], escaped: NDArray[np.bool_]
    ) -> "tuple[Traces, int]":
        """Trace a chunk's samples that escape, and return the iterations done, too.

        Parameters
        ----------
        n, escaped : ndarray, shape (samples,)
            Their counts, and which escape. Traces are of these alone, in their order.

        Raises
        ------
        OrbitError
            The reference orbit has not been computed far enough.
        """
        assert self.tracing is not None
        first, last = self.chunk_bounds(chunk)
        if not self.kernel.deep:
            from pipeline.kernels.cpu.traces import float64 as float64_trace

            middle, radius = self._surroundings()
            cr, ci = (part[escaped] for part in self.geometry.points(first, last))
            return float64_trace.traces(cr, ci, n[escaped], middle, radius, self.tracing)
        from pipeline.kernels.cpu.traces import perturbation as deep_trace

        tables, offsets = self._deep_tables(first, last)
        return deep_trace.traces(*tables, *offsets, n, escaped, self.tracing)

    def cycles(
        self, chunk: int, inside: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.complex128], int]:
        """Return period and multiplier of the cycles of a chunk's samples that stay inside.

        Period 0 where none was found; deep that is all but the minibrot about the target, if the
        target is its nucleus. Returns the iterations done, too.

        Raises
        ------
        OrbitError
            The reference orbit has not been computed far enough.
        """
        first, last = self.chunk_bounds(chunk)
        if self.kernel.deep:
            from pipeline.kernels.cpu.perturbation import minibrot

            (reference, approximation), offsets = self._deep_tables(first, last)
            w_re, w_im = (part.reshape(-1)[inside] for part in offsets)
            exponent = approximation.offset_exponent
            return minibrot.cycles(reference, exponent, w_re, w_im, self.maxiter)
        from pipeline.kernels.cpu.traces import float64 as float64_trace

        cr, ci = (part[inside] for part in self.geometry.points(first, last))
        return float64_trace.cycles(cr, ci, self.maxiter)

    def _chunk_counts(
        self, chunk: int, smooth: bool, only: NDArray[np.bool_] | None = None
    ) -> Counts:
        """Compute a chunk, or those of its samples that are wanted: the others mean nothing."""
        if self.kernel.deep:
            return self._deep_counts(chunk, smooth, only)
        return self._float64_counts(*self.chunk_bounds(chunk), smooth, only)

    def _float64_counts(
        self, first: int, last: int, smooth: bool, only: NDArray[np.bool_] | None = None
    ) -> Counts:
        # Imported here: only workers need the compiler.
        from pipeline.kernels.cpu.float64.chunk import escape_counts

        points = self.geometry.points(first, last)
        return escape_counts(*points, *self._surroundings(), self.maxiter, smooth, only)

    def _surroundings(self) -> tuple[tuple[float, float], float]:
        """Return a point, and a power of two that bounds the distance of all samples from it."""
        center = self.geometry.center
        return (float(center[0]), float(center[1])), 2.0 ** self.geometry.distance_exponent(center)

    def _deep_tables(
        self, first: int, last: int
    ) -> tuple["tuple[Reference, Approximation]", tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Return the reference and its table, and some rows' offsets from it in its unit."""
        assert self.target is not None
        assert self.kernel.error_exponent is not None
        if self.references is None:
            raise OrbitError("no reference orbits")
        point = self.target.center
        exponent = _rounded_up(self.geometry.distance_exponent(point))
        tables = self.references.loaded(
            self.target, self.maxiter, exponent, self.kernel.error_exponent
        )
        return tables, self.geometry.points_from(point, exponent, first, last)

    def _deep_counts(self, chunk: int, smooth: bool, only: NDArray[np.bool_] | None) -> Counts:
        first, last = self.chunk_bounds(chunk)
        tables, offsets = self._deep_tables(first, last)
        settled, sieved = self._settled(first, last)
        if only is not None:
            settled = np.where(only, _ESCAPED if settled is None else settled, _INTERIOR)
        counts = self.kernel.load()(*tables, *offsets, self.maxiter, smooth, settled)
        counts.iterations += sieved
        return counts

    def _settled(self, first: int, last: int) -> tuple[NDArray[np.uint8] | None, int]:
        """Return the outcomes of some rows in float64, if that spares work, and its iterations.

        float64 takes a fifth of the time a step, and what it finds not to escape is right: there
        an orbit is drawn in and errors shrink, where those of escaping orbits grow.
        """
        if self.geometry.roundings_a_sample() < _SIEVE_ROUNDINGS:
            return None, 0
        points = self.geometry.points(first, last)
        few = FLOAT64.load()(*(part[::_SIEVE_STEP].copy() for part in points), self.maxiter, False)
        staying = np.count_nonzero(few.outcome != Outcome.ESCAPED)
        if staying < _WORTH_SIEVING * few.outcome.size:
            return None, few.iterations
        counts = self._float64_counts(first, last, False)
        return counts.outcome, few.iterations + counts.iterations


def _rounded_up(exponent: int) -> int:
    """Return the exponent of the table that serves views of this size.

    The deeper, the less a table depends on the size: neighbouring octaves share one.
    """
    octaves = 1 if exponent > -40 else 4 if exponent > -80 else 16
    return -(-exponent // octaves * octaves)
