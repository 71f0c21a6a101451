"""Pieces of textures: how textures are cut, and which pieces a frame needs."""

import math
from itertools import pairwise
from typing import NamedTuple

from pipeline.drawing.arena import whole_pages
from pipeline.drawing.texture.layout import SHARPER_LEVELS, TEXEL_BYTES, Layout
from pipeline.geometry.projection import Projection
from pipeline.plan.frame_plan import FramePlan
from pipeline.plan.zoom import Zoom

# The coarsest level of a band has rings at least so long, that of a core sides.
_COARSEST_RING = 48
_COARSEST_SIDE = 2
# The two finest levels take 15/16 of a texture's memory, and are needed only near the picture's
# edge. Where whole textures would take more texels than this, textures are cut before these levels,
# and the pieces are painted and dropped separately; each piece costs one more colouring.
_CUTS = ((20_000_000, ()), (52_000_000, (1,)), (math.inf, (1, 2)))
_MARGIN_LEVELS = 0.02


class Piece(NamedTuple):
    """Some levels of the texture of a zoom's sample grid, painted and dropped together."""

    zoom: int
    """Index of the zoom."""
    index: int  # type: ignore[assignment]  # a tuple's method of that name is not needed
    """Index of the sample grid in the zoom."""
    first_level: int
    last_level: int
    """Level after the last."""
    node: int = 0
    """Index of the time for whose look it is painted."""


class Pieces:
    """Pieces into which the textures of some zooms are cut, for pictures of one projection."""

    def __init__(self, zooms: list[Zoom], projection: Projection) -> None:
        self.zooms = zooms
        self.projection = projection
        self._layouts: dict[tuple[int, int], Layout] = {}
        self._cuts: list[tuple[int, ...]] = []
        """Levels before which a zoom's textures are cut."""
        self._largest = 1
        self._window = projection.window
        for number, zoom in enumerate(zooms):
            sizes = []
            for index, grid in enumerate(zoom.grids):
                coarsest = _COARSEST_SIDE if index == len(zoom.bands) else _COARSEST_RING
                layout = Layout(grid.columns, grid.rows, coarsest)
                self._layouts[number, index] = layout
                sizes.append(layout.size(0, layout.levels))
            shown = max(sizes) * self._window
            self._cuts.append(next(cuts for most, cuts in _CUTS if shown <= most))
            self._largest = max(self._largest, *sizes)

    @property
    def most_bytes(self) -> int:
        """Bytes that the textures of one look take at most, while new ones are painted."""
        return whole_pages(TEXEL_BYTES * self._largest) * (self._window + 4)

    def layout(self, number: int, index: int) -> Layout:
        """Return the layout of the whole texture of a zoom's sample grid."""
        return self._layouts[number, index]

    def number(self, zoom: Zoom) -> int:
        """Return the index of a zoom."""
        return next(number for number, own in enumerate(self.zooms) if own is zoom)

    def texels(self, piece: Piece) -> int:
        """Return the size of a piece in texels."""
        return self.layout(piece.zoom, piece.index).size(piece.first_level, piece.last_level)

    def count(self, piece: Piece) -> int:
        """Return how many pieces this one's texture is cut into."""
        return len(self.ranges(piece.zoom, piece.index))

    def ranges(self, number: int, index: int) -> list[tuple[int, int]]:
        """Return the first and last levels of a texture's pieces, the last excluded."""
        levels = self.layout(number, index).levels
        cuts = (cut for cut in self._cuts[number] if cut < levels)
        return list(pairwise((0, *cuts, levels)))

    def needed(self, frame_plan: FramePlan, node: int = 0) -> frozenset[Piece]:
        """Return the pieces that a frame shows, painted in the look of a node."""
        assert frame_plan.zoom is not None
        number = self.number(frame_plan.zoom)
        pieces = []
        for index in frame_plan.needed:
            levels = self.layout(number, index).levels
            finest = self._finest(frame_plan, index)
            for first, last in self.ranges(number, index):
                # The coarsest serves all that is smaller.
                if finest < last or last == levels:
                    pieces.append(Piece(number, index, first, last, node))
        return frozenset(pieces)

    def _finest(self, frame_plan: FramePlan, index: int) -> float:
        """Return the finest level of a sample grid that a frame shows."""
        zoom = frame_plan.zoom
        assert zoom is not None
        finest = math.inf
        for placement in frame_plan.exposures:
            if index == len(zoom.bands):
                detail = placement.log2_spacing - zoom.log2_core_spacing
            else:
                outer = zoom.octave + 1 - index - placement.log2_spacing
                # A neighbour may have fewer columns, and show a finer level beside it.
                columns = min(band.columns for band in zoom.bands[max(index - 1, 0) : index + 2])
                sharpest = self.projection.log2_sharpest(placement, outer)
                detail = math.log2(columns / (2 * math.pi)) - sharpest
            finest = min(finest, detail + SHARPER_LEVELS - _MARGIN_LEVELS)
        return finest
