"""The textures of a run: which pieces are painted, and where they lie."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.drawing.arena import Arena
from pipeline.drawing.texture.layout import TEXEL_BYTES
from pipeline.drawing.texture.paint import Painting, Tables
from pipeline.drawing.texture.pieces import Piece, Pieces
from pipeline.geometry.band import Band
from pipeline.plan.frame_plan import FramePlan
from pipeline.plan.zoom import CORE_EDGE, Zoom


@dataclass(slots=True)
class _Region:
    """Position of a piece in the arena."""

    offset: int
    """Offset from the arena's start, in bytes."""
    size: int
    """Size in bytes."""
    painted: bool = False

    @property
    def first_texel(self) -> int:
        """Offset in texels."""
        return self.offset // TEXEL_BYTES


@dataclass(slots=True)
class Textures:
    """The painted pieces of textures, and those that are being painted."""

    pieces: Pieces
    store: Store
    arena: Arena
    _regions: dict[Piece, _Region] = field(default_factory=dict)
    _tables: dict[tuple[int, range, int], Tables] = field(default_factory=dict)
    """Valid until a piece is painted or dropped."""

    def begin(self, piece: Piece) -> Painting:
        """Take room for a piece, and return what is to be painted there."""
        zoom = self.pieces.zooms[piece.zoom]
        size = TEXEL_BYTES * self.pieces.texels(piece)
        region = _Region(self.arena.take(size), size)
        self._regions[piece] = region
        grid = zoom.grids[piece.index]
        band = piece.index < len(zoom.bands)
        outer = piece.index - 1 if band and piece.index > 0 else None
        inner = piece.index + 1 if piece.index + 1 < len(zoom.bands) else None
        return Painting(
            self.store,
            grid,
            outer=None if outer is None else zoom.bands[outer],
            inner=None if inner is None else zoom.bands[inner],
            log2_px=self._log2_px(zoom, grid),
            layout=self.pieces.layout(piece.zoom, piece.index),
            first_level=piece.first_level,
            last_level=piece.last_level,
            offset=region.first_texel,
            wrapped=band,
        )

    def _log2_px(self, zoom: Zoom, grid: SampleGrid) -> float:
        """Return log2 of the distance between a sample grid's samples, in pixels.

        For a band: where it is largest on the screen, at the corners of a flat picture. For the
        core: when its edge is.
        """
        ring_px = self.pieces.projection.ring_px
        if isinstance(grid.geometry, Band):
            return math.log2(ring_px * 2 * math.pi / grid.columns)
        return math.log2(ring_px) + zoom.log2_core_spacing - zoom.core_exponent

    def finish(self, piece: Piece) -> None:
        """Note that a piece is painted, and copy its edges to its neighbours' borders and back."""
        self._regions[piece].painted = True
        self._tables.clear()
        bands = len(self.pieces.zooms[piece.zoom].bands)
        if piece.index >= bands:
            return
        for level in range(piece.first_level, piece.last_level):
            if piece.index > 0:
                self._stitch(piece._replace(index=piece.index - 1), level)
            if piece.index + 1 < bands:
                self._stitch(piece, level)

    def known(self, piece: Piece) -> bool:
        """Tell whether a piece is painted, or being painted."""
        return piece in self._regions

    def painted(self, pieces: Iterable[Piece]) -> bool:
        """Tell whether all of some pieces are painted."""
        return all(piece in self._regions and self._regions[piece].painted for piece in pieces)

    def drop(self, piece: Piece) -> None:
        """Free the room of a piece."""
        region = self._regions.pop(piece)
        self._tables.clear()
        self.arena.give_back(region.offset, region.size)

    def keep_only(self, wanted: set[Piece]) -> None:
        """Drop all painted pieces but some."""
        painted = [piece for piece, region in self._regions.items() if region.painted]
        for piece in painted:
            if piece not in wanted:
                self.drop(piece)

    def tables(self, frame_plan: FramePlan, node: int = 0) -> Tables:
        """Return where the textures that a frame needs lie, in the look of a node."""
        zoom = frame_plan.zoom
        assert zoom is not None
        number = self.pieces.number(zoom)
        needed = frame_plan.needed
        if (number, needed, node) not in self._tables:
            self._tables[number, needed, node] = self._listed(number, needed, node)
        return self._tables[number, needed, node]

    def _listed(self, number: int, needed: range, node: int) -> Tables:
        zoom = self.pieces.zooms[number]
        bands = [index for index in needed if index < len(zoom.bands)]
        levels = min(self.pieces.layout(number, index).levels for index in bands)
        offsets = np.zeros((len(bands), levels), np.int64)
        columns, rows = np.zeros_like(offsets), np.zeros_like(offsets)
        for k, index in enumerate(bands):
            for level in range(levels):
                rows[k, level], columns[k, level] = self.pieces.layout(number, index).shapes[level]
                offsets[k, level] = self._offset(number, index, level, node)
        core = len(zoom.bands)
        core_offsets = np.empty(0, np.int64)
        core_sides = np.empty(0, np.int64)
        if core in needed:
            layout = self.pieces.layout(number, core)
            core_sides = np.array([shape[1] for shape in layout.shapes], np.int64)
            core_offsets = np.array(
                [self._offset(number, core, level, node) for level in range(layout.levels)],
                np.int64,
            )
        # Beyond the innermost band lies the core, or rings too small to be seen: the band's inner
        # border is not looked up, so that nothing depends on whether the next band is painted.
        border = 1e-4 if bands[-1] + 1 == core else 0.5 / rows[-1, -1] + 0.5 / rows[-1, 0]
        return Tables(
            offsets, columns, rows, core_offsets, core_sides, len(bands) - border,
            float(zoom.octave + 1 - bands[0]), zoom.log2_core_spacing,
            zoom.core_exponent + math.log2(CORE_EDGE),
        )  # fmt: skip  # in signature order

    def _offset(self, number: int, index: int, level: int, node: int) -> int:
        """Return where a level lies, in texels; 0 if it is not painted, and so not looked up."""
        piece = self._piece_with(number, index, level, node)
        if piece is None:
            return 0
        layout = self.pieces.layout(number, index)
        return self._regions[piece].first_texel + layout.size(piece.first_level, level)

    def _piece_with(self, number: int, index: int, level: int, node: int) -> Piece | None:
        for first, last in self.pieces.ranges(number, index):
            piece = Piece(number, index, first, last, node)
            if first <= level < last and self.painted([piece]):
                return piece
        return None

    def _stitch(self, outer_piece: Piece, level: int) -> None:
        """Copy the edges of a band and the next within it to each other's borders.

        Only if both are painted.
        """
        shared = []
        number, index, node = outer_piece.zoom, outer_piece.index, outer_piece.node
        for near in (index, index + 1):
            layout = self.pieces.layout(number, near)
            piece = self._piece_with(number, near, level, node) if level < layout.levels else None
            if piece is None:
                return
            region = self._regions[piece]
            memory = self.arena.map.region(region.offset, region.size).view(np.uint32)
            shared.append(layout.bordered(level, piece.first_level, memory))
        outer, inner = shared
        for border, edge in ((outer[-1], inner[1]), (inner[0], outer[-2])):
            # At the same angles; the first and last column of a ring are borders, too.
            columns, others = border.size - 2, edge.size - 2
            at = np.maximum(np.arange(-1, columns + 1) * others // columns, -1)
            border[:] = edge[at + 1]
