"""The textures of a run: which are painted, where they lie, and which are to be painted next."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.drawing.texture.atlas import Atlas
from pipeline.drawing.texture.layout import SHARPER_LEVELS, Layout
from pipeline.drawing.texture.paint import Painting, Tables
from pipeline.geometry.band import Band
from pipeline.plan.frame_plan import FramePlan
from pipeline.plan.zoom import CORE_EDGE, Zoom

# The coarsest level of a band has rings at least so long, that of a core sides.
_COARSEST_RING = 48
_COARSEST_SIDE = 2
# The two finest levels of a texture take 15 of 16 parts of its memory, and are needed only near the
# picture's edge. Where whole textures would take more texels than this, textures are cut before
# these levels, and the pieces come and go apart; each piece is a colouring more.
_CUTS = ((20_000_000, ()), (52_000_000, (1,)), (math.inf, (1, 2)))
_MARGIN_LEVELS = 0.02


class Piece(NamedTuple):
    """Some levels of the texture of a zoom's sample grid, painted and let go together."""

    zoom: int
    """The number of the zoom."""
    index: int  # type: ignore[assignment]  # a tuple's method of that name is not needed
    """Of the sample grid in the zoom."""
    first_level: int
    last_level: int
    node: int = 0
    """Of the times for whose looks textures are painted."""


@dataclass(slots=True)
class _Place:
    """Where a piece lies."""

    offset: int
    texels: int
    painted: bool = False


@dataclass(slots=True)
class Textures:
    """The textures of some zooms, in an atlas of their own."""

    zooms: list[Zoom]
    store: Store
    columns: int
    rows: int
    shared_texels: int
    """Room for whatever else is shared, in texels."""
    looks_at_once: int = 1
    """How many looks a frame may be mixed of."""
    atlas: Atlas = field(init=False)
    _layouts: dict[tuple[int, int], Layout] = field(default_factory=dict)
    _cuts: list[tuple[int, ...]] = field(default_factory=list)
    """Before which levels a zoom's textures are cut."""
    _places: dict[Piece, _Place] = field(default_factory=dict)
    _tables: dict[tuple[int, range, int], Tables] = field(default_factory=dict)
    """As long as nothing is painted or dropped."""

    def __post_init__(self) -> None:
        window = math.ceil(math.log2(math.hypot(self.columns, self.rows))) + 2
        largest = 1
        for number, zoom in enumerate(self.zooms):
            for index, grid in enumerate(zoom.grids):
                least = _COARSEST_SIDE if index == len(zoom.bands) else _COARSEST_RING
                self._layouts[number, index] = Layout(grid.columns, grid.rows, least)
            sizes = [self._size(number, index) for index in range(len(zoom.grids))]
            shown = max(sizes) * window
            self._cuts.append(next(cuts for most, cuts in _CUTS if shown <= most))
            largest = max(largest, *sizes)
        # Twice what is ever needed: a place costs nothing until it is written.
        needed = self.looks_at_once * largest * (window + 4)
        self.atlas = Atlas(2 * (needed + self.shared_texels))

    def close(self) -> None:
        """Let go of the memory."""
        self.atlas.close()

    def pieces(self, frame_plan: FramePlan, node: int = 0) -> frozenset[Piece]:
        """Return what a frame needs to be painted in a look, from the outermost inwards."""
        assert frame_plan.zoom is not None
        number = self._number(frame_plan.zoom)
        pieces = []
        for index in frame_plan.needed:
            layout = self._layouts[number, index]
            finest = self._finest(frame_plan, index)
            for first, last in self._ranges(number, layout.levels):
                # The coarsest serves all that is smaller.
                if finest < last or last == layout.levels:
                    pieces.append(Piece(number, index, first, last, node))
        return frozenset(pieces)

    def pieces_of(self, piece: Piece) -> int:
        """Return into how many pieces this one's texture is cut."""
        return len(self._ranges(piece.zoom, self._layouts[piece.zoom, piece.index].levels))

    def begin(self, piece: Piece) -> Painting:
        """Find a place for a piece, and return what is to be painted there."""
        zoom = self.zooms[piece.zoom]
        layout = self._layouts[piece.zoom, piece.index]
        texels = self.texels(piece)
        place = _Place(self.atlas.take(texels), texels)
        self._places[piece] = place
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
            layout=layout,
            first_level=piece.first_level,
            last_level=piece.last_level,
            offset=place.offset,
            wrapped=band,
        )

    def _log2_px(self, zoom: Zoom, grid: SampleGrid) -> float:
        """Return log2 of the distance of a sample grid's samples in pixels.

        Of a band: as it leaves the screen by a corner. Of the core: as at its edge.
        """
        corner_px = math.hypot(self.columns, self.rows) / 2
        if isinstance(grid.geometry, Band):
            return math.log2(corner_px * 2 * math.pi / grid.columns)
        return math.log2(corner_px) + zoom.log2_core_spacing - zoom.core_exponent

    def finish(self, piece: Piece) -> None:
        """Take a piece as painted, and join it to its neighbours."""
        self._places[piece].painted = True
        self._tables.clear()
        bands = len(self.zooms[piece.zoom].bands)
        if piece.index >= bands:
            return
        for level in range(piece.first_level, piece.last_level):
            if piece.index > 0:
                self._stitch(piece._replace(index=piece.index - 1), level)
            if piece.index + 1 < bands:
                self._stitch(piece, level)

    def texels(self, piece: Piece) -> int:
        """Return the size of a piece."""
        layout = self._layouts[piece.zoom, piece.index]
        return layout.size(piece.first_level, piece.last_level)

    def known(self, piece: Piece) -> bool:
        """Tell whether a piece is painted, or being painted."""
        return piece in self._places

    def painted(self, pieces: Iterable[Piece]) -> bool:
        """Tell whether all of some pieces are painted."""
        return all(piece in self._places and self._places[piece].painted for piece in pieces)

    def drop(self, piece: Piece) -> None:
        """Make the place of a piece free."""
        place = self._places.pop(piece)
        self._tables.clear()
        self.atlas.give_back(place.offset, place.texels)

    def keep_only(self, wanted: set[Piece]) -> None:
        """Let go of all painted pieces but some."""
        for piece in [p for p, place in self._places.items() if place.painted and p not in wanted]:
            self.drop(piece)

    def tables(self, frame_plan: FramePlan, node: int = 0) -> Tables:
        """Return where the textures that a frame needs lie, in a look."""
        zoom = frame_plan.zoom
        assert zoom is not None
        number = self._number(zoom)
        needed = frame_plan.needed
        if (number, needed, node) not in self._tables:
            self._tables[number, needed, node] = self._listed(number, needed, node)
        return self._tables[number, needed, node]

    def _listed(self, number: int, needed: range, node: int) -> Tables:
        zoom = self.zooms[number]
        bands = [index for index in needed if index < len(zoom.bands)]
        levels = min(self._layouts[number, index].levels for index in bands)
        offsets = np.zeros((len(bands), levels), np.int64)
        columns, rows = np.zeros_like(offsets), np.zeros_like(offsets)
        for k, index in enumerate(bands):
            for level in range(levels):
                rows[k, level], columns[k, level] = self._layouts[number, index].shapes[level]
                offsets[k, level] = self._offset(number, index, level, node)
        core = len(zoom.bands)
        core_offsets = np.empty(0, np.int64)
        core_sides = np.empty(0, np.int64)
        if core in needed:
            layout = self._layouts[number, core]
            core_sides = np.array([shape[1] for shape in layout.shapes], np.int64)
            core_offsets = np.array(
                [self._offset(number, core, level, node) for level in range(layout.levels)],
                np.int64,
            )
        # Beyond the innermost band lies the core, or what no picture shows apart: its border is
        # not looked at, whether or not the band within it happens to be painted.
        border = 1e-4 if bands[-1] + 1 == core else 0.5 / rows[-1, -1] + 0.5 / rows[-1, 0]
        return Tables(
            offsets, columns, rows, core_offsets, core_sides, len(bands) - border,
            float(zoom.octave + 1 - bands[0]), zoom.log2_core_spacing,
            zoom.core_exponent + math.log2(CORE_EDGE),
        )  # fmt: skip  # in signature order

    def _number(self, zoom: Zoom) -> int:
        return next(number for number, own in enumerate(self.zooms) if own is zoom)

    def _ranges(self, number: int, levels: int) -> list[tuple[int, int]]:
        """Return the first and last levels of a zoom's pieces, the last excluded."""
        cuts = (cut for cut in self._cuts[number] if cut < levels)
        return list(pairwise((0, *cuts, levels)))

    def _size(self, number: int, index: int) -> int:
        layout = self._layouts[number, index]
        return layout.size(0, layout.levels)

    def _finest(self, frame_plan: FramePlan, index: int) -> float:
        """Return the finest level of a sample grid that a frame shows."""
        zoom = frame_plan.zoom
        assert zoom is not None
        finest = math.inf
        for place in frame_plan.exposures:
            if index == len(zoom.bands):
                detail = place.log2_spacing - zoom.log2_core_spacing
            else:
                outer = zoom.octave + 1 - index - place.log2_spacing
                far = math.log2(place.far_px(self.columns, self.rows))
                # A neighbour may have fewer columns, and show a finer level side by side with it.
                columns = min(band.columns for band in zoom.bands[max(index - 1, 0) : index + 2])
                detail = math.log2(columns / (2 * math.pi)) - min(outer, far)
            finest = min(finest, detail + SHARPER_LEVELS - _MARGIN_LEVELS)
        return finest

    def _offset(self, number: int, index: int, level: int, node: int) -> int:
        """Return where a level lies, 0 where it is not painted: then nobody looks there."""
        piece = self._piece_with(number, index, level, node)
        if piece is None:
            return 0
        layout = self._layouts[number, index]
        return self._places[piece].offset + layout.size(piece.first_level, level)

    def _piece_with(self, number: int, index: int, level: int, node: int) -> Piece | None:
        levels = self._layouts[number, index].levels
        for first, last in self._ranges(number, levels):
            piece = Piece(number, index, first, last, node)
            if first <= level < last and self.painted([piece]):
                return piece
        return None

    def _stitch(self, outer_piece: Piece, level: int) -> None:
        """Give a band and the one within it each other's edge as border, if both are painted."""
        shared = []
        number, index, node = outer_piece.zoom, outer_piece.index, outer_piece.node
        for near in (index, index + 1):
            layout = self._layouts[number, near]
            piece = self._piece_with(number, near, level, node) if level < layout.levels else None
            if piece is None:
                return
            place = self._places[piece]
            memory = self.atlas.map.mapped()[place.offset : place.offset + place.texels]
            shared.append(layout.bordered(level, piece.first_level, memory))
        outer, inner = shared
        for border, edge in ((outer[-1], inner[1]), (inner[0], outer[-2])):
            # The same angles; the ends of a ring are borders too.
            columns, others = border.size - 2, edge.size - 2
            at = np.maximum(np.arange(-1, columns + 1) * others // columns, -1)
            border[:] = edge[at + 1]
