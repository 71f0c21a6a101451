"""Samples: what is known of some rows of points, as a shader takes it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.results import Traces


@dataclass(frozen=True, slots=True)
class Samples:
    """Some rows of a sample grid's samples."""

    smooth: NDArray[np.float64]
    """Smooth counts, shape (rows, columns); NaN where nothing escaped."""
    traces: Traces | None = None
    """Traces of the same samples; None unless the look needs them."""
    log2_px: float = 0.0
    """log2 of the distance of samples in pixels."""

    @staticmethod
    def joined(parts: "list[Samples]") -> "Samples":
        """Return several runs of rows as one."""
        if len(parts) == 1:
            return parts[0]
        traces = [part.traces for part in parts if part.traces is not None]
        return Samples(
            np.concatenate([part.smooth for part in parts]),
            Traces.joined(traces) if traces else None,
            parts[0].log2_px,
        )

    def columns_at(self, columns: NDArray[np.intp]) -> "Samples":
        """Return the same rows with only some columns."""
        traces = None if self.traces is None else self.traces.columns_at(columns)
        return Samples(self.smooth[:, columns], traces, self.log2_px)
