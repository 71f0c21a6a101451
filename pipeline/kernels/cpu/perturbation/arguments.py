"""What compiled functions of perturbation take together, as named tuples that numba understands.

What may be None is a parameter of its own: numba leaves a branch on `is None` out of the compiled
code only for parameters.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.reference import Approximation, Reference

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class OrbitArrays(NamedTuple):
    """A reference orbit; see :class:`~pipeline.kernels.reference.Reference`."""

    z: Floats
    tiny_index: Ints
    tiny: Floats
    tiny_exponent: Ints
    margin_index: Ints
    margin: Floats
    margin_exponent: Ints


def orbit_arrays(reference: Reference) -> OrbitArrays:
    """Return a reference orbit as compiled code takes it."""
    return OrbitArrays(
        reference.z, reference.tiny_index, reference.tiny, reference.tiny_exponent,
        reference.margin_index, reference.margin, reference.margin_exponent,
    )  # fmt: skip  # in order of the fields


class TableArrays(NamedTuple):
    """A table of stretches; see :class:`~pipeline.kernels.reference.Approximation`."""

    nodes: Floats
    radius: Floats
    offsets: Ints
    lowest: int
    exponent: int
    """k: offsets are in units of 2^k."""


def table_arrays(approximation: Approximation) -> TableArrays:
    """Return a table of stretches as compiled code takes it."""
    return TableArrays(
        approximation.nodes, approximation.radius, approximation.offsets, approximation.lowest,
        approximation.offset_exponent,
    )  # fmt: skip  # in order of the fields


class Results(NamedTuple):
    """Results of the points of a tile; without counts, or without slopes, empty arrays."""

    n: NDArray[np.int32]
    outcome: NDArray[np.uint8]
    last_re: Floats
    last_im: Floats
    """The value at which the point was left."""
    last_n: NDArray[np.int32]
    """That value's index, counted like n."""
    last_slope: Floats
    """Shape (2, points): the derivative there."""


class Waiting(NamedTuple):
    """Points that wait at index 0 of the reference, a column each; rows as in `group_lanes`."""

    numbers: Floats
    ints: Ints
    slope: Floats
    """Shape (3, points): mantissas of the derivative, and their exponent of two."""
