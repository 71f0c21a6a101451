"""A view: centre, width, rotation and size in pixels, and where each of its pixels lies."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.decimals import canonical_text, context, difference, log2, split_in_two
from pipeline.geometry.point import Point, Points

_QUARTER_TURNS = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}


@dataclass(frozen=True, slots=True)
class View:
    """A rectangle of the complex plane, exact at any depth."""

    center: Point
    width: Decimal
    """Width of the picture on the real axis, before rotation."""
    rotation: Decimal
    """Degrees by which the view is turned, counterclockwise."""
    columns: int
    rows: int

    def key(self) -> dict[str, str | int]:
        """Return the texts and numbers that say where every pixel lies, and nothing else."""
        return {
            "re": canonical_text(self.center[0]),
            "im": canonical_text(self.center[1]),
            "width": canonical_text(self.width),
            "rotation": canonical_text(context(40).remainder(self.rotation, Decimal(360))),
            "columns": self.columns,
            "rows": self.rows,
        }

    def resized(self, columns: int, rows: int) -> "View":
        """Return the same rectangle with another number of pixels."""
        return replace(self, columns=columns, rows=rows)

    def subsampled(self, samples: int) -> "View":
        """Return the same rectangle with about `samples` pixels, if it has more."""
        scale = min(1.0, math.sqrt(samples / (self.columns * self.rows)))
        return self.resized(max(1, round(self.columns * scale)), max(1, round(self.rows * scale)))

    def spacing(self) -> Decimal:
        """Return the distance of neighbouring pixels, to 40 digits."""
        return context(40).divide(self.width, Decimal(self.columns))

    def largest_coordinate(self) -> float:
        """Return an upper bound of the absolute coordinates within the view."""
        reach = float(self.width) * (0.5 + 0.5 * self.rows / self.columns)
        return max(abs(float(component)) for component in self.center) + reach

    def roundings_a_sample(self) -> float:
        """Return how many roundings of float64 lie between neighbouring pixels."""
        return float(self.spacing()) / float(np.spacing(self.largest_coordinate()))

    def log2_spacing(self, first_row: int, last_row: int) -> NDArray[np.float64]:
        """Return log2 of the distance of pixels of some rows, shape (last_row - first_row,)."""
        return np.full(last_row - first_row, log2(self.spacing()))

    def points(self, first_row: int, last_row: int) -> Points:
        """Return the points of rows `first_row` up to, not including, `last_row`.

        Returns
        -------
        Points, shape ((last_row - first_row) · columns,)
            Row after row from the top; each point is computed on its
            own, so that it does not depend on the rows asked for.

        Notes
        -----
        Pixel (row j, column i) is centre + ((i + 0.5 - W/2) + 1j·(H/2 - j - 0.5)) · width/W,
        rotated about the centre. The centre is held in two float64, so that the sum is rounded
        once.
        """
        offset_re, offset_im = self._offsets(float(self.spacing()), first_row, last_row)
        (re_high, re_low), (im_high, im_low) = map(split_in_two, self.center)
        return Points(
            ((offset_re + re_low) + re_high).reshape(-1),
            ((offset_im + im_low) + im_high).reshape(-1),
        )

    def distance_exponent(self, point: Point) -> int:
        """Return k where every pixel lies within 2^k of a point."""
        numbers = context(20)
        half_diagonal = Decimal(0.5 * math.hypot(1.0, self.rows / self.columns))
        away = sum((abs(numbers.plus(component)) for component in self._from(point)), Decimal(0))
        bound = numbers.add(numbers.multiply(self.width, half_diagonal), numbers.plus(away))
        return math.floor(log2(bound)) + 1

    def points_from(self, point: Point, exponent: int, first_row: int, last_row: int) -> Points:
        """Return the points of some rows as offsets from a point, divided by 2^exponent.

        Returns
        -------
        Points, shape (last_row - first_row, columns)
            Row after row from the top. Any depth: the offset of the
            centre is exact before it is rounded, once.
        """
        numbers = context(40)
        unit = numbers.power(Decimal(2), exponent)
        spacing = float(numbers.divide(self.spacing(), unit))
        offset_re, offset_im = self._offsets(spacing, first_row, last_row)
        re, im = (float(numbers.divide(component, unit)) for component in self._from(point))
        return Points(offset_re + re, offset_im + im)

    def _from(self, point: Point) -> Point:
        """Return the centre less a point, exactly."""
        return Point(difference(self.center[0], point[0]), difference(self.center[1], point[1]))

    def _offsets(self, spacing: float, first_row: int, last_row: int) -> Points:
        """Return the offsets of some rows' points from the centre, for this distance of pixels."""
        across = ((np.arange(self.columns) + 0.5) - self.columns / 2) * spacing
        down = (self.rows / 2 - np.arange(first_row, last_row) - 0.5) * spacing
        if not self.rotation:
            shape = (down.size, across.size)
            return Points(np.broadcast_to(across, shape), np.broadcast_to(down[:, None], shape))
        cosine, sine = _cosine_and_sine(self.rotation)
        return Points(
            np.add.outer(-sine * down, cosine * across),
            np.add.outer(cosine * down, sine * across),
        )


def _cosine_and_sine(degrees: Decimal) -> tuple[float, float]:
    turned = context(40).remainder(degrees, Decimal(360))
    if turned < 0:
        turned += 360
    if turned == int(turned) and int(turned) in _QUARTER_TURNS:
        return _QUARTER_TURNS[int(turned)]
    angle = math.radians(float(turned))
    return math.cos(angle), math.sin(angle)
