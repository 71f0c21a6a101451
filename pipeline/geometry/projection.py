"""Projections: how a picture shows the plane around the point that the camera looks at.

A pixel shows a point of the plane: that of the flat picture, of a sphere around the viewer on which
the plane lies, or of rings unrolled. Distances are in pixels of the flat picture of the same size.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.placement import Placement

Floats = NDArray[np.float64]

SPHERE_WIDTHS = 0.5 / math.tan(math.pi / 8)
"""Distance, in picture widths, that the sphere shows 90° beside the point it looks at: the width of
the flat picture spans 90°.

The plane lies on the sphere by stereographic projection: what is seen at the angle θ from the
middle is ``SPHERE_WIDTHS · tan(θ/2)`` from there. Small shapes keep their shape, and straight ahead
a zoom looks as it does in the flat picture.
"""

REACH_WIDTHS = 128.0
"""Distance, in picture widths, at which the plane ends behind the viewer: 8 octaves beyond the flat
picture, and about 1° from the point straight behind."""

# Rings smaller than this, in pixels, look like a point.
_SMALLEST_PX = 0.35
_EDGE_OCTAVES = 0.02
# A pixel of a dome's rim is 2/π times as long across as along the radius: its size is the mean.
_LEAST_MEAN = math.sqrt(2 / math.pi)


@dataclass(frozen=True, slots=True)
class Projection(ABC):
    """A projection, for pictures of one size."""

    name: ClassVar[str]
    wraps: ClassVar[bool] = False
    """Whether the last column is the first one's neighbour."""
    columns: int
    rows: int

    @property
    def corner_px(self) -> float:
        """Distance from the middle of the flat picture to its corners."""
        return math.hypot(self.columns, self.rows) / 2

    @property
    @abstractmethod
    def ring_px(self) -> float:
        """Radius of the longest ring around the middle: its pixels in the picture, over 2π."""

    @property
    def core_px(self) -> float:
        """Radius within which the deepest picture needs no rings."""
        return self.corner_px / 2

    @abstractmethod
    def reach_px(self, far_px: Floats) -> Floats:
        """Return the distance from a target to the farthest point that is shown.

        `far_px` is the distance to the farthest corner of the flat picture.
        """

    @abstractmethod
    def far_px(self, placement: Placement, /) -> float:
        """Return the same for a target's place in a picture."""

    @abstractmethod
    def near_px(self, placement: Placement, /) -> float:
        """Return the radius of the smallest ring around a target that is more than a point."""

    @abstractmethod
    def log2_sharpest(self, placement: Placement, log2_outer_px: float, /) -> float:
        """Return log2 of the radius of a band's rings where the picture shows them largest.

        That radius is counted in pixels of this picture. `log2_outer_px` is log2 of the band's
        outermost radius.
        """

    @property
    def window(self) -> int:
        """Number of octaves that a picture shows at most, with its target in the middle."""
        middle = Placement(self.columns / 2, self.rows / 2, 0.0, 0.0)
        return math.ceil(math.log2(self.far_px(middle) / self.near_px(middle))) + 1


@dataclass(frozen=True, slots=True)
class _Flat(Projection):
    """The plane as it is."""

    name: ClassVar[str] = "flat"

    @property
    def ring_px(self) -> float:
        return self.corner_px

    def reach_px(self, far_px: Floats) -> Floats:
        return far_px

    def far_px(self, placement: Placement, /) -> float:
        return placement.far_px(self.columns, self.rows)

    def near_px(self, placement: Placement, /) -> float:
        return max(placement.near_px(self.columns, self.rows), _SMALLEST_PX)

    def log2_sharpest(self, placement: Placement, log2_outer_px: float, /) -> float:
        return min(log2_outer_px, math.log2(self.far_px(placement)))

    @property
    def window(self) -> int:
        return math.ceil(math.log2(math.hypot(self.columns, self.rows))) + 2


@dataclass(frozen=True, slots=True)
class _OnSphere(Projection):
    """The plane on a sphere around the viewer."""

    @property
    @abstractmethod
    def pixel_radians(self) -> float:
        """Size of a pixel as the viewer sees it."""

    @property
    def least_pixel(self) -> float:
        """Size of the smallest pixel, where they are not all the same, relative to that."""
        return 1.0

    @property
    def sphere_px(self) -> float:
        """Distance that is seen 90° beside the middle."""
        return SPHERE_WIDTHS * self.columns

    def _distance_px(self, placement: Placement) -> float:
        """Return the distance of the target from the middle."""
        return math.hypot(placement.x - self.columns / 2, placement.y - self.rows / 2)

    def _pixel_px(self, distance_px: float) -> float:
        """Return the size of a pixel that shows a point at a distance from the middle."""
        return self.sphere_px * (1 + (distance_px / self.sphere_px) ** 2) / 2 * self.pixel_radians

    def near_px(self, placement: Placement, /) -> float:
        return _SMALLEST_PX * self._pixel_px(self._distance_px(placement))

    def log2_sharpest(self, placement: Placement, log2_outer_px: float, /) -> float:
        distance_px = self._distance_px(placement)
        # A ring is largest where it is nearest to the middle: r / _pixel_px(r - distance) rises up
        # to this radius, and falls from there on.
        largest_px = math.hypot(self.sphere_px, distance_px)
        outer_px = 2.0 ** min(log2_outer_px, 1000.0)
        radius_px = min(max(largest_px, outer_px / 2), outer_px)
        return math.log2(radius_px / self._pixel_px(radius_px - distance_px) / self.least_pixel)


@dataclass(frozen=True, slots=True)
class _Equirectangular(_OnSphere):
    """The whole sphere: columns are longitudes, rows latitudes, the middle is straight ahead."""

    name: ClassVar[str] = "equirectangular"
    wraps: ClassVar[bool] = True

    @property
    def pixel_radians(self) -> float:
        return 2 * math.pi / self.columns

    @property
    def ring_px(self) -> float:
        return self.columns / (2 * math.pi)

    def reach_px(self, far_px: Floats) -> Floats:
        return np.full_like(far_px, REACH_WIDTHS * self.columns)

    def far_px(self, _placement: Placement, /) -> float:
        return REACH_WIDTHS * self.columns


@dataclass(frozen=True, slots=True)
class _Fisheye(_OnSphere):
    """The half of the sphere in front, in a circle: distances from the middle are angles."""

    name: ClassVar[str] = "fisheye"

    @property
    def radius_px(self) -> float:
        """Radius of the circle, at which 90° from the middle are seen."""
        return min(self.columns, self.rows) / 2

    @property
    def pixel_radians(self) -> float:
        return math.pi / 2 / self.radius_px

    @property
    def least_pixel(self) -> float:
        return _LEAST_MEAN

    @property
    def ring_px(self) -> float:
        return self.radius_px

    def reach_px(self, far_px: Floats) -> Floats:
        return np.asarray(far_px - self.corner_px + self.sphere_px)

    def far_px(self, placement: Placement, /) -> float:
        return self._distance_px(placement) + self.sphere_px

    def near_px(self, placement: Placement, /) -> float:
        distance_px = self._distance_px(placement)
        smallest_px = _SMALLEST_PX * self._pixel_px(min(distance_px, self.sphere_px))
        return max(distance_px - self.sphere_px, smallest_px)


@dataclass(frozen=True, slots=True)
class _Tunnel(Projection):
    """Rings around the target unrolled: columns are angles, rows fall to smaller and smaller rings.

    The outermost ring is that of the flat picture's corners, and pixels are square.
    """

    name: ClassVar[str] = "tunnel"
    wraps: ClassVar[bool] = True

    @property
    def octaves(self) -> float:
        """Octaves from the upper edge to the lower."""
        return self.rows * 2 * math.pi / (self.columns * math.log(2))

    @property
    def ring_px(self) -> float:
        return self.columns / (2 * math.pi)

    @property
    def core_px(self) -> float:
        # A little further: the lower edge lies within the innermost ring.
        return float(self.corner_px * 2.0 ** (-self.octaves - _EDGE_OCTAVES))

    def reach_px(self, far_px: Floats) -> Floats:
        return np.full_like(far_px, self.corner_px)

    def far_px(self, _placement: Placement, /) -> float:
        return self.corner_px

    def near_px(self, _placement: Placement, /) -> float:
        return float(self.corner_px * 2.0**-self.octaves)

    def log2_sharpest(self, _placement: Placement, _log2_outer_px: float, /) -> float:
        # All rings are as long.
        return math.log2(self.ring_px)


_KINDS: tuple[type[Projection], ...] = (_Flat, _Equirectangular, _Fisheye, _Tunnel)
FLAT = _Flat.name
PROJECTIONS = tuple(kind.name for kind in _KINDS)
"""Names of the projections; the first is the usual one."""


def projection_named(name: str, columns: int, rows: int) -> Projection:
    """Return a projection for pictures of a size."""
    return _KINDS[PROJECTIONS.index(name)](columns, rows)
