"""A sample grid: anything that has samples to compute, a frame's own grid or a band."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace

from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target
from pipeline.geometry.band import Band
from pipeline.geometry.decimals import canonical_text
from pipeline.geometry.view import View
from pipeline.kernels.choice import CPU, Arithmetic
from pipeline.kernels.formula import MANDELBROT, Formula
from pipeline.kernels.reference import WIDE_EXPONENT
from pipeline.kernels.tracing import Tracing

# Samples of a chunk: the least that is computed, packed and stored at once.
CHUNK_SAMPLES = 1 << 15


@dataclass(frozen=True, slots=True)
class SampleGrid:
    """A grid of samples to count; equal sample grids have equal counts, wherever computed."""

    geometry: View | Band
    """View or band that places its samples; one pixel of a view is one sample."""
    maxiter: int
    arithmetic: Arithmetic
    target: Target | None = None
    """Point of the reference orbit; None where the arithmetic needs no orbit."""
    references: References | None = field(default=None, compare=False)
    """Folder of that orbit on disk; it does not change what is computed."""
    tracing: Tracing | None = None
    """Recipe of its traces; None for a grid of counts."""
    formula: Formula = MANDELBROT
    device: str = field(default=CPU, compare=False)
    """Name of the device that computes it; the counts do not depend on it."""

    def with_references(self, references: References) -> "SampleGrid":
        """Return the same sample grid, with the folders of the reference orbits."""
        return replace(self, references=references)

    def detached(self) -> "SampleGrid":
        """Return the same sample grid without this machine's folders, to send it to another."""
        return replace(self, references=None)

    def traced(self, tracing: Tracing) -> "SampleGrid":
        """Return the sample grid of the traces of this one's counts."""
        return replace(self, tracing=tracing)

    @property
    def counted(self) -> "SampleGrid":
        """The sample grid of the counts that these traces belong to, or itself."""
        return replace(self, tracing=None)

    def subsampled(self, samples: int) -> "SampleGrid":
        """Return the same area with about `samples` samples, counted in the same arithmetic."""
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
        """Samples of all rows."""
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

        A point that escapes before a limit does so before any larger one: counts with a larger
        maxiter contain those with a smaller.
        """
        facts: dict[str, str | int] = {
            **self.geometry.key(),
            **self.formula.key(),
            "arithmetic": self.arithmetic.name,
        }
        if self.target is not None:
            # Not its bits: more of them give the same values.
            facts["target_re"], facts["target_im"] = map(canonical_text, self.target.center)
            if self.target.on_edge():
                # Counts of versions without margins are wrong there, and only there.
                facts["edge"] = "margins"
            if self.geometry.distance_exponent(self.target.center) <= WIDE_EXPONENT:
                # There earlier versions lost small deltas beside large ones.
                facts["deltas"] = "of like size"
        if self.tracing is not None:
            facts["tracing"] = json.dumps(asdict(self.tracing))
            if (
                self.target is not None
                and self.geometry.distance_exponent(self.target.center) < -800
            ):
                # Traces of earlier versions had no derivatives at such depths.
                facts["slopes"] = "with an exponent"
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
