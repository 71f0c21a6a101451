"""A zoom: bands around a target, computed once for all frames, and where each frame finds them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.orbits.target import Target
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.band import Band, columns_for, rows_for
from pipeline.geometry.decimals import context, difference, log2
from pipeline.geometry.placement import Placement
from pipeline.geometry.point import Point
from pipeline.geometry.projection import Projection
from pipeline.geometry.view import View
from pipeline.timeline.frames import FrameList
from pipeline.timeline.leg import Leg

# How many pictures of a leg are examined for what they need: per octave, and at least.
_MOMENTS_PER_OCTAVE = 8
_LEAST_MOMENTS = 16
# The core is larger than the hole that the bands leave, and the bands end a little outside it.
_CORE_MARGIN = 1.02
CORE_EDGE = 1.01
# This close to a band's edge, in octaves, the next band is needed too.
_EDGE_OCTAVES = 0.02
# A projection whose rings are shorter than the flat picture's has bands with this fraction of its
# samples along each axis: the store finds those that both have.
_COARSER = (Fraction(1, 4), Fraction(1, 2))


@dataclass(frozen=True, slots=True)
class Zoom:
    """Bands around a target, from the outermost inwards, and the core that they leave open.

    The core is a square grid of samples, as dense as the bands are at its edge when the deepest
    frame shows it.
    """

    bands: tuple[SampleGrid, ...]
    octave: int
    """Octave of the outermost band."""
    core: SampleGrid
    center: Point
    """The target."""
    keys: tuple[tuple[str, int], ...]
    """Key and maxiter of each sample grid."""

    @property
    def grids(self) -> tuple[SampleGrid, ...]:
        """All sample grids: the bands, then the core."""
        return (*self.bands, self.core)

    @property
    def samples(self) -> int:
        """Number of samples of all grids."""
        return sum(grid.samples for grid in self.grids)

    @property
    def log2_core_spacing(self) -> float:
        """log2 of the distance between the core's samples."""
        assert isinstance(self.core.geometry, View)
        return log2(self.core.geometry.spacing())

    @property
    def core_exponent(self) -> int:
        """log2 of the radius inside which only the core has samples."""
        return self.octave + 1 - len(self.bands)

    def placement(self, view: View) -> Placement:
        """Return where the target lies in the picture of a view."""
        numbers = context(40)
        spacing = view.spacing()
        right, up = (
            float(numbers.divide(difference(target, middle), spacing))
            for target, middle in zip(self.center, view.center, strict=True)
        )
        turn = math.radians(float(numbers.remainder(view.rotation, Decimal(360))))
        cosine, sine = math.cos(turn), math.sin(turn)
        return Placement(
            view.columns / 2 + right * cosine + up * sine,
            view.rows / 2 - (up * cosine - right * sine),
            log2(spacing),
            turn,
        )

    def needed(self, placements: Iterable[Placement], projection: Projection) -> range:
        """Return the indices in `grids` of what a picture with these placements shows."""
        placements = list(placements)
        outermost = max(math.log2(projection.far_px(p)) + p.log2_spacing for p in placements)
        innermost = min(math.log2(projection.near_px(p)) + p.log2_spacing for p in placements)
        top = self.octave + 1
        first = min(max(math.floor(top - outermost - _EDGE_OCTAVES), 0), len(self.bands) - 1)
        last = min(max(math.floor(top - innermost), first), len(self.bands))
        return range(first, last + 1)

    def grids_for(self, needed: range) -> tuple[SampleGrid, ...]:
        """Return the sample grids that must be counted to colour those with these indices.

        A band's neighbours are needed with it: the light at its edge depends on theirs.
        """
        first, end = max(needed.start - 1, 0), min(needed.stop + 1, len(self.bands))
        core = (self.core,) if len(self.bands) in needed else ()
        return (*self.grids[first:end], *core)


def zoom_of(legs: list[int], frames: FrameList, density: float, projection: Projection) -> Zoom:
    """Return the zoom that serves some legs with the same target.

    It depends on the keyframes' centres, widths and maxiter alone: times, rotation and easing do
    not change what is computed, unless the zoom goes on smoothly to another target.
    """
    first_view = frames[0].view
    columns, rows = first_view.columns, first_view.rows
    target = frames.target(legs[0])
    corner_px = math.hypot(columns, rows) / 2
    moments = _Moments.of(
        [moment for leg in legs for moment in _moments(frames, leg, columns, corner_px)]
    )
    width = min(frames.legs[leg].deep.width for leg in legs)
    deepest = log2(width) - math.log2(columns)
    core_exponent = math.floor(math.log2(projection.core_px) + deepest)
    octave = moments.octave(projection.reach_px(moments.far_px))
    flat_octave = moments.octave(moments.far_px)
    coarser = next((part for part in _COARSER if projection.ring_px <= part * corner_px), None)

    def band(octave_of_band: int) -> SampleGrid:
        # Rings that no flat picture shows are as its outermost ones.
        seen = min(octave_of_band, flat_octave)
        grid = _band(target, seen, moments.near(seen, corner_px), corner_px, frames, density)
        geometry = grid.geometry
        assert isinstance(geometry, Band)
        if coarser is not None:
            geometry = geometry.multiplied(coarser) or geometry
        if octave_of_band == seen:
            return replace(grid, geometry=geometry)
        return frames.shared_grid(replace(geometry, octave=octave_of_band), grid.maxiter, target)

    bands = tuple(map(band, range(octave, core_exponent - 1, -1)))
    core = _core(target, width, columns, core_exponent, frames, legs, density)
    keys = tuple((grid.key(), grid.maxiter) for grid in (*bands, core))
    return Zoom(bands, octave, core, target.center, keys)


@dataclass(frozen=True, slots=True)
class _Moments:
    """Pictures along the legs, as the bands see them at any rotation, by rising pixel distance."""

    log2_spacing: NDArray[np.float64]
    far_px: NDArray[np.float64]
    maxiter: NDArray[np.int64]
    farthest_px: float
    """Largest of all `far_px`."""
    largest_maxiter: int

    @staticmethod
    def of(moments: list[tuple[float, float, int]]) -> "_Moments":
        """Take log2 of the pixel distance, the farthest corner and maxiter of each picture."""
        spacing, far_px, maxiter = map(np.array, zip(*sorted(moments), strict=True))
        return _Moments(spacing, far_px, maxiter, float(far_px.max()), int(maxiter.max()))

    def octave(self, reach_px: NDArray[np.float64]) -> int:
        """Return the octave of the outermost band, given how far from the target each reaches."""
        return math.ceil(float(np.max(np.log2(reach_px) + self.log2_spacing))) - 1

    def near(self, octave: int, corner_px: float) -> "_Moments":
        """Return the pictures that decide a band's size, in which it is neither tiny nor gone.

        Without this, planning a zoom would take time proportional to the square of its depth.
        """
        deepest = -math.inf
        if self.farthest_px < 2.0**62:
            # Where even the band's inner edge lies beyond the farthest corner, with some margin.
            deepest = octave + 1 - math.log2(2 * self.farthest_px) - 1
        shallowest = octave + 1 - math.log2(corner_px / 2) + 1
        first, last = np.searchsorted(self.log2_spacing, [deepest, shallowest])
        chosen = slice(int(first), int(last))
        return replace(
            self,
            log2_spacing=self.log2_spacing[chosen],
            far_px=self.far_px[chosen],
            maxiter=self.maxiter[chosen],
        )


def _moments(
    frames: FrameList, leg: int, columns: int, corner_px: float
) -> Iterator[tuple[float, float, int]]:
    """Yield log2 of the pixel distance, the farthest corner in pixels, and maxiter."""
    way: Leg = frames.legs[leg]
    numbers = context(20)
    apart = [
        float(numbers.divide(difference(*parts), way.shallow.width))
        for parts in zip(way.shallow.center, way.deep.center, strict=True)
    ]
    apart_px = math.hypot(*apart) * columns
    count = max(_LEAST_MOMENTS, math.ceil(way.octaves * _MOMENTS_PER_OCTAVE))
    start = log2(way.shallow.width) - math.log2(columns)
    for index in range(count + 1):
        depth = Fraction(index, count)
        progress = depth if way.deep is way.end else 1 - depth
        yield (
            start - way.octaves * float(depth),
            # No smooth glide from standing still is farther off than an even one: bands depend on
            # the glide only where a zoom changes its target under way.
            corner_px + apart_px * float(max(1 - depth, way.glide.at(depth))),
            frames.maxiter(leg, progress),
        )


def _band(
    target: Target,
    octave: int,
    moments: _Moments,
    corner_px: float,
    frames: FrameList,
    density: float,
) -> SampleGrid:
    """Return the band of an octave, with one sample per pixel where it is largest on the screen."""
    outer_px = np.exp2(np.minimum(octave + 1 - moments.log2_spacing, 64.0))
    seen = outer_px / 2 <= moments.far_px
    largest_px = max(
        corner_px, float(np.max(np.minimum(outer_px, moments.far_px)[seen], initial=0))
    )
    # The frames in which the band leaves the screen, or fills it.
    leaving = seen & (outer_px >= corner_px / 2)
    columns = columns_for(largest_px * density)
    band = Band(target.center, octave, columns, rows_for(columns))
    maxiter = int(np.max(moments.maxiter[leaving])) if leaving.any() else moments.largest_maxiter
    return frames.shared_grid(band, maxiter, target)


def _core(
    target: Target,
    width: Decimal,
    columns: int,
    exponent: int,
    frames: FrameList,
    legs: list[int],
    density: float,
) -> SampleGrid:
    """Return the grid around the target, its samples half a pixel of the deepest frame apart."""
    numbers = context(40)
    spacing = numbers.divide(width, Decimal(columns) * Decimal(2 * density))
    # Even, so that two coarser levels of detail are exact halves.
    half = 2 * math.ceil(2.0 ** (exponent - log2(spacing)) * _CORE_MARGIN / 2)
    side = numbers.multiply(spacing, Decimal(2 * half))
    view = View(target.center, side, Decimal(0), 2 * half, 2 * half)
    limits = [
        frames.maxiter(leg, Fraction(1 if frames.legs[leg].deep is frames.legs[leg].end else 0))
        for leg in legs
        if frames.legs[leg].deep.width == width
    ]
    return frames.shared_grid(view, max(limits), target)
