"""References and tables in the form in which shaders read them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.perturbation.approximation import (
    A_EXPONENT,
    B_EXPONENT,
    INVERSE_RADIUS,
    LARGER_PART,
    PLAIN_NODE_EXPONENT,
    R_EXPONENT,
    A,
    B,
    G,
)
from pipeline.kernels.gpu.numbers import Floats, Numbers
from pipeline.kernels.reference import TINY_EXPONENT, Approximation, Reference

NODE_REALS = 16
NODE_INTS = 4
# Columns of a node, besides those of the table: radius and log2 |A|.
RADIUS = INVERSE_RADIUS + 1
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
    reals, node_ints = _packed_nodes(approximation, numbers)
    tiny = _tiny_values(reference, numbers)
    ints: list[NDArray[Any]] = [
        approximation.offsets, node_ints.reshape(-1), tiny.indices, tiny.exponent,
        reference.margin_index, reference.margin_exponent,
    ]  # fmt: skip  # in order of the layout
    starts = [sum(part.size for part in ints[:k]) for k in range(len(ints))]
    layout = Layout(
        tiny_reals=reals.size,
        tiny_ints=starts[2],
        tiny_size=tiny.indices.size,
        margin_reals=reals.size + tiny.mantissa.size,
        margin_ints=starts[4],
        margin_size=reference.margin_index.size,
        level_offsets=0,
        node_ints=starts[1],
    )
    joined = np.concatenate([reals.reshape(-1), tiny.mantissa.reshape(-1), reference.margin])
    return PackedTables(
        numbers.split(reference.z),
        numbers.split(joined),
        np.concatenate([part.astype(np.int32) for part in ints]),
        layout,
    )


def _packed_nodes(
    approximation: Approximation, numbers: Numbers
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return the numbers of all nodes and their exponents, with exponents where they need them."""
    nodes = approximation.nodes
    reals = np.zeros((len(nodes), NODE_REALS))
    ints = np.zeros((len(nodes), NODE_INTS), np.int32)
    exponents = nodes[:, [A_EXPONENT, B_EXPONENT, R_EXPONENT]]
    ints[:, :3] = np.maximum(np.nan_to_num(exponents, neginf=_NEVER), _NEVER)
    reals[:, : INVERSE_RADIUS + 1] = nodes[:, : INVERSE_RADIUS + 1]
    reals[:, RADIUS : RADIUS + 2] = np.nan_to_num(approximation.radius, neginf=0.0)
    if numbers.node_exponent < PLAIN_NODE_EXPONENT:
        _fit(reals, ints, numbers.node_exponent)
    return reals, ints


def _fit(reals: NDArray[np.float64], ints: NDArray[np.int32], most: int) -> None:
    """Give exponents to nodes that need them in numbers of a smaller range than float64's."""
    passes = ints[:, 2] > _NEVER
    a_shift = _exponents(reals[:, A : A + 2])
    b_shift = _exponents(reals[:, B : B + 2])
    r_shift = _exponents(reals[:, INVERSE_RADIUS, None])
    a_exponent = ints[:, 0] + a_shift
    b_exponent = ints[:, 1] + b_shift
    # It is 1/R that is held, with the exponent of R.
    r_exponent = ints[:, 2] - r_shift
    plain = passes & (r_exponent >= -most) & (np.abs(a_exponent) <= most)
    plain_b = plain & (b_exponent > -most)
    for chosen, columns, shift, row, exponent in (
        (plain, np.s_[A : A + 2], a_shift, 0, a_exponent),
        (plain_b, np.s_[B : B + 2], b_shift, 1, b_exponent),
        (plain_b, np.s_[G : G + 2], b_shift, 1, b_exponent),
        (plain, np.s_[INVERSE_RADIUS : INVERSE_RADIUS + 1], r_shift, 2, r_exponent),
    ):
        sign = -1 if row == 2 else 1
        scale = np.where(chosen, sign * np.where(passes, exponent, 0), 0) - shift
        reals[:, columns] = np.ldexp(reals[:, columns], scale[:, None])
    for row, (chosen, exponent) in enumerate(
        ((plain, a_exponent), (plain_b, b_exponent), (plain, r_exponent))
    ):
        ints[:, row] = np.where(chosen, 0, np.where(passes, exponent, ints[:, row]))
    inverse = np.where(plain, reals[:, INVERSE_RADIUS], np.inf)
    reals[:, RADIUS] = LARGER_PART / inverse


def _exponents(parts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return e of the larger part of each row, in [2^e, 2^(e+1)); 0 for 0."""
    size = np.abs(parts).max(axis=1)
    return np.where(size > 0.0, np.frexp(size)[1] - 1, 0).astype(np.int64)


class _TinyValues(NamedTuple):
    """Values of a reference that are held with exponents of their own."""

    indices: NDArray[np.int64]
    mantissa: NDArray[np.float64]
    exponent: NDArray[np.int64]


def _tiny_values(reference: Reference, numbers: Numbers) -> _TinyValues:
    """Return the values that are tiny in these numbers, by index; the first is none of them."""
    index, mantissa, exponent = reference.tiny_index, reference.tiny, reference.tiny_exponent
    if numbers.tiny_exponent == TINY_EXPONENT:
        return _TinyValues(index, mantissa, exponent)
    size = np.abs(reference.z).max(axis=1)
    small = (size < 2.0**numbers.tiny_exponent) & (size >= 2.0**TINY_EXPONENT)
    small[index] = False
    more = np.flatnonzero(small)
    shift = np.frexp(size[more])[1]
    order = np.argsort(np.concatenate([index, more]), kind="stable")
    return _TinyValues(
        np.concatenate([index, more])[order],
        np.concatenate([mantissa, np.ldexp(reference.z[more], -shift[:, None])])[order],
        np.concatenate([exponent, shift])[order],
    )
