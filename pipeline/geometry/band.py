"""A band: one octave of rings around a zoom's target, and where each of its samples lies."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.decimals import canonical_text, split_in_two
from pipeline.geometry.point import Point, Points

Floats = NDArray[np.float64]

# The number of columns has at most this many leading bits: finer steps would gain little, and a
# picture twice as large has exactly twice as many columns.
_COLUMN_BITS = 8
_LEAST_COLUMNS = 64
# Of both series below: the first term left out is less than 2^-60 of the sum.
_TERMS = 20


@dataclass(frozen=True, slots=True)
class Band:
    """Rings from radius 2^(octave + 1) inwards to 2^octave, in log-polar coordinates.

    Sample (row j, column i) is the point
    ``center + 2^(octave + 1 - j/rows) · exp(2πi · i/columns)``: the rows of neighbouring octaves
    go on where this one's end.
    """

    center: Point
    """The target."""
    octave: int
    columns: int
    """Samples of a ring."""
    rows: int
    """Rings, as far apart as the samples of a ring."""

    def key(self) -> dict[str, str | int]:
        """Return the texts and numbers that say where every sample lies, and nothing else."""
        return {
            "re": canonical_text(self.center[0]),
            "im": canonical_text(self.center[1]),
            "octave": self.octave,
            "columns": self.columns,
            "rows": self.rows,
        }

    def multiplied(self, factor: Fraction) -> "Band | None":
        """Return the band with `factor` times as many columns and rows, if there is one.

        Where the factor is whole, every sample of this band is a sample of that band.
        """
        columns, rows = self.columns * factor, self.rows * factor
        if columns.denominator != 1 or rows.denominator != 1 or columns % 8:
            return None
        return replace(self, columns=int(columns), rows=int(rows))

    def subsampled(self, samples: int) -> "Band":
        """Return the same rings with about `samples` samples, if it has more."""
        scale = min(1.0, math.sqrt(samples / (self.columns * self.rows)))
        columns = max(8, round(self.columns * scale / 8) * 8)
        return replace(self, columns=columns, rows=max(1, round(self.rows * scale)))

    def roundings_a_sample(self) -> float:
        """Return how many roundings of float64 lie between samples, where they are closest."""
        reach = _power_of_two(self.octave + 1)
        largest = max(abs(float(component)) for component in self.center) + reach
        spacing = _power_of_two(self.octave) * 2 * math.pi / self.columns
        return spacing / float(np.spacing(largest))

    def log2_spacing(self, first_row: int, last_row: int) -> Floats:
        """Return log2 of the distance of samples of some rows, shape (last_row - first_row,)."""
        radii = self.octave + 1 - np.arange(first_row, last_row) / self.rows
        return np.asarray(radii + math.log2(2 * math.pi / self.columns))

    def points(self, first_row: int, last_row: int) -> Points:
        """Return the points of rows `first_row` up to, not including, `last_row`.

        Returns
        -------
        Points, shape ((last_row - first_row) · columns,)
            Row after row from the outermost.
        """
        offset_re, offset_im = self._offsets(self.octave + 1, first_row, last_row)
        (re_high, re_low), (im_high, im_low) = map(split_in_two, self.center)
        return Points(
            ((offset_re + re_low) + re_high).reshape(-1),
            ((offset_im + im_low) + im_high).reshape(-1),
        )

    def distance_exponent(self, point: Point) -> int:
        """Return k where every sample lies within 2^k of a point, which is the target."""
        assert point == self.center
        return self.octave + 1

    def points_from(self, point: Point, exponent: int, first_row: int, last_row: int) -> Points:
        """Return the points of some rows as offsets from the target, divided by 2^exponent.

        Returns
        -------
        Points, shape (last_row - first_row, columns)
            Row after row from the outermost.
        """
        assert point == self.center
        return self._offsets(self.octave + 1 - exponent, first_row, last_row)

    def _offsets(self, exponent: int, first_row: int, last_row: int) -> Points:
        """Return the offsets of some rows for an outermost radius of 2^exponent."""
        radii = _radii(self.rows)[first_row:last_row] * _power_of_two(exponent)
        cosines, sines = _unit_circle(self.columns)
        return Points(np.multiply.outer(radii, cosines), np.multiply.outer(radii, sines))


def columns_for(radius_px: float) -> int:
    """Return the columns of a ring whose samples are a pixel apart at this radius, or less."""
    needed = max(2 * math.pi * radius_px, _LEAST_COLUMNS)
    step = 1 << max(math.ceil(math.log2(needed)) - _COLUMN_BITS, 4)
    return math.ceil(needed / step) * step


def rows_for(columns: int) -> int:
    """Return the rings of an octave that are as far apart as the samples of a ring, or less."""
    step = 1 << max(math.ceil(math.log2(columns)) - _COLUMN_BITS - 1, 2)
    return math.ceil(columns * math.log(2) / (2 * math.pi) / step) * step


def _power_of_two(exponent: int) -> float:
    """Return 2^exponent, 0 where that is beyond float64."""
    return math.ldexp(1.0, exponent)


# Both are made of additions and multiplications alone, which every processor rounds alike: the
# functions of a library differ in their last bits, and so would the counts.
@lru_cache(maxsize=4)
def _radii(rows: int) -> Floats:
    """Return 2^(-j/rows) for every row j."""
    exponent = np.arange(rows) * (-math.log(2) / rows)
    total = np.ones(rows)
    for term in range(_TERMS, 0, -1):
        total = 1.0 + exponent * total / term
    return total


@lru_cache(maxsize=4)
def _unit_circle(columns: int) -> tuple[Floats, Floats]:
    """Return cosine and sine of every column's angle; columns are a multiple of 8.

    The first octant by its series, the others by symmetry.
    """
    octant = columns // 8
    angle = np.arange(octant + 1) * (2 * math.pi / columns)
    square = angle * angle
    cosine = np.ones(octant + 1)
    sine = np.ones(octant + 1)
    for term in range(_TERMS, 0, -2):
        cosine = 1.0 - square * cosine / (term * (term - 1))
        sine = 1.0 - square * sine / (term * (term + 1))
    sine *= angle
    # Both are √½, and must be the same, or mirrored columns would not be.
    sine[-1] = cosine[-1]
    quarter_cosine = np.concatenate([cosine, sine[-2::-1]])
    quarter_sine = np.concatenate([sine, cosine[-2::-1]])
    # The last of a quarter is the first of the next.
    half_cosine = np.concatenate([quarter_cosine, -quarter_sine[1:]])
    half_sine = np.concatenate([quarter_sine, quarter_cosine[1:]])
    return (
        np.concatenate([half_cosine, -half_cosine[1:-1]]),
        np.concatenate([half_sine, -half_sine[1:-1]]),
    )
