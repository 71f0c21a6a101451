"""The interface of a backend, which counts and traces the samples of a chunk on one device."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.point import Points
from pipeline.kernels.formula import Formula
from pipeline.kernels.reference import Approximation, Reference
from pipeline.kernels.results import Counts, Cycles, Outcome, PointTraces
from pipeline.kernels.tracing import Tracing


class Disc(NamedTuple):
    """A disc that holds all points of a chunk."""

    re: float
    im: float
    radius: float
    """A power of two."""


class ReferenceTables(NamedTuple):
    """A reference orbit and its table of stretches."""

    reference: Reference
    approximation: Approximation


class Chunk(Protocol):
    """The samples that are counted together, in the form that a backend asks for."""

    @property
    def formula(self) -> Formula:
        """Formula that is iterated."""

    @property
    def needs_orbit(self) -> bool:
        """Whether the arithmetic runs against a reference orbit."""

    @property
    def numbers(self) -> str:
        """Name of the numbers that deltas are held in."""

    @property
    def maxiter(self) -> int:
        """The largest number of checks, 1 to 2**31 - 1."""

    def points(self) -> Points:
        """Return the points in float64, shape (samples,); neighbours follow each other."""

    def disc(self) -> Disc:
        """Return a disc in which all points lie."""

    def roundings_a_sample(self) -> float:
        """Return how many float64 roundings lie between neighbouring samples."""

    def tables(self) -> ReferenceTables:
        """Return the reference orbit that perturbation runs against, and its table.

        Raises
        ------
        OrbitError
            The orbit has not been computed far enough.
        """

    def offsets(self) -> Points:
        """Return the points less the reference, shape (rows, columns).

        In units of 2^k, k the `offset_exponent` of the table.
        """


class Backend(ABC):
    """Computes chunks on one device; equal chunks give equal results on every device."""

    @abstractmethod
    def counts(
        self, chunk: Chunk, smooth: bool = True, only: NDArray[np.bool_] | None = None
    ) -> Counts:
        """Count the steps before each sample's orbit first leaves the disc of radius 2.

        Parameters
        ----------
        smooth : bool
            Whether the smooth counts are needed; without, they are empty.
        only : ndarray of bool, shape (samples,), optional
            Which samples to count; the counts of the others mean nothing.
        """

    @abstractmethod
    def traces(
        self,
        chunk: Chunk,
        n: NDArray[np.integer[Any]],
        escaped: NDArray[np.bool_],
        tracing: Tracing,
    ) -> tuple[PointTraces, int]:
        """Trace the samples that escape, and return the iterations done, too.

        Parameters
        ----------
        n, escaped : ndarray, shape (samples,)
            The counts of all samples, and which of them escape. The traces are of these alone, in
            their order.
        """

    def counts_and_traces(self, chunk: Chunk, tracing: Tracing) -> tuple[Counts, PointTraces, int]:
        """Count all samples and trace those that escape: `counts` and `traces`, bit by bit.

        Backends that save work by doing both at once override this. Returns the iterations of the
        traces alone, too.
        """
        counts = self.counts(chunk)
        escaped = counts.outcome == Outcome.ESCAPED
        return counts, *self.traces(chunk, counts.n, escaped, tracing)

    def counts_and_traces_of_each(
        self, chunks: Sequence[Chunk], tracing: Tracing | None
    ) -> Iterator[tuple[Counts, tuple[PointTraces, int] | None]]:
        """Yield the counts of each chunk, and with `tracing` its traces and their iterations.

        Backends that compute many chunks at once override this.
        """
        for chunk in chunks:
            if tracing is None:
                yield self.counts(chunk), None
            else:
                counts, traces, iterations = self.counts_and_traces(chunk, tracing)
                yield counts, (traces, iterations)

    @abstractmethod
    def cycles(self, chunk: Chunk, inside: NDArray[np.bool_]) -> Cycles:
        """Find the attracting cycles of the chosen samples.

        Parameters
        ----------
        inside : ndarray of bool, shape (samples,)
            Samples that stay inside; the cycles are of these alone, in their order.
        """
