"""References and tables in the form in which shaders read them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.perturbation.approximation import (
    A_EXPONENT,
    B_EXPONENT,
    INVERSE_RADIUS,
    R_EXPONENT,
)
from pipeline.kernels.gpu.numbers import Floats, Numbers
from pipeline.kernels.reference import Approximation, Reference

NODE_REALS = 16
NODE_INTS = 4
# The exponent of what never passes.
_NEVER = -(1 << 28)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things begin in the two arrays of a table, as the shader's parameters have it."""

    tiny_reals: int
    tiny_ints: int
    tiny_size: int
    margin_reals: int
    margin_ints: int
    margin_size: int
    level_offsets: int
    node_ints: int


@dataclass(frozen=True, slots=True)
class PackedTables:
    """A reference orbit and its table of stretches, ready to be sent."""

    orbit: Floats
    """Shape (steps + 1, 2, parts)."""
    reals: Floats
    """Shape (numbers, parts): nodes, tiny values, margins."""
    ints: NDArray[np.int32]
    layout: Layout

    @property
    def nbytes(self) -> int:
        """Bytes on the card."""
        return self.orbit.nbytes + self.reals.nbytes + self.ints.nbytes


def packed_tables(
    reference: Reference, approximation: Approximation, numbers: Numbers
) -> PackedTables:
    """Return a reference and its table as shaders read them, in the numbers they compute in."""
    nodes = approximation.nodes
    reals = np.zeros((len(nodes), NODE_REALS))
    reals[:, : INVERSE_RADIUS + 1] = nodes[:, : INVERSE_RADIUS + 1]
    reals[:, INVERSE_RADIUS + 1 : INVERSE_RADIUS + 3] = approximation.radius
    node_ints = np.zeros((len(nodes), NODE_INTS), np.int32)
    exponents = nodes[:, [A_EXPONENT, B_EXPONENT, R_EXPONENT]]
    node_ints[:, :3] = np.maximum(np.nan_to_num(exponents, neginf=_NEVER), _NEVER)
    ints = [
        approximation.offsets, node_ints.reshape(-1), reference.tiny_index,
        reference.tiny_exponent, reference.margin_index, reference.margin_exponent,
    ]  # fmt: skip  # in order of the layout
    starts = np.cumsum([0] + [part.size for part in ints])
    layout = Layout(
        tiny_reals=reals.size,
        tiny_ints=int(starts[2]),
        tiny_size=reference.tiny_index.size,
        margin_reals=reals.size + reference.tiny.size,
        margin_ints=int(starts[4]),
        margin_size=reference.margin_index.size,
        level_offsets=0,
        node_ints=int(starts[1]),
    )
    joined = np.concatenate([reals.reshape(-1), reference.tiny.reshape(-1), reference.margin])
    return PackedTables(
        numbers.split(reference.z),
        numbers.split(joined),
        np.concatenate([part.astype(np.int32) for part in ints]),
        layout,
    )
