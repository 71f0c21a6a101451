"""Textures painted from a zoom's counts, and frames drawn from textures, by workers."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import HALO_ROWS, shader_of
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_samples import stored_samples
from pipeline.drawing.arena import ArenaMap
from pipeline.drawing.bloom import Bloom, reduction
from pipeline.drawing.finish import Finish
from pipeline.drawing.picture import draw_tile, left_of_tiles
from pipeline.drawing.texture.layout import Layout, Texels, texels_in
from pipeline.errors import DamagedError
from pipeline.geometry.placement import Placement
from pipeline.geometry.projection import FLAT, Projection, projection_named
from pipeline.video.encoding import Encoding

# Pixels that are drawn at once; even numbers, as chroma has half the resolution.
_TILE_COLUMNS = 256
_TILE_ROWS = 144


@dataclass(frozen=True, slots=True)
class Painting:
    """Some levels of a sample grid's texture that are to be painted, and where."""

    store: Store
    grid: SampleGrid
    outer: SampleGrid | None
    """The band around it: light of the first rows depends on its last ones."""
    inner: SampleGrid | None
    """The band within it, whose first rows the last ones need."""
    log2_px: float
    """log2 of the distance between samples, in pixels, where they leave the screen."""
    layout: Layout
    first_level: int
    last_level: int
    """The level after the last."""
    offset: int
    """Offset of the first of these levels in the arena, in texels."""
    wrapped: bool
    """Whether it is a band, whose last column is the first one's neighbour."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Offsets in the arena of the textures that a picture shows, in texels.

    See `reproject.add_light`.
    """

    offsets: NDArray[np.int64]
    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    core_offsets: NDArray[np.int64]
    core_sides: NDArray[np.int64]
    innermost_octaves: float
    """Depth to which these bands can be looked up, in octaves from the outermost ring."""
    log2_top: float
    """log2 of the radius of the outermost ring."""
    log2_core: float
    """log2 of the distance between the core's samples."""
    log2_edge: float
    """log2 of the radius within which the core is shown."""


def paint(painting: Painting, look: Look, arena: ArenaMap) -> tuple[bool, float]:
    """Paint levels of a texture from stored counts; return whether it succeeded, and CPU seconds.

    It fails where stored counts are missing or damaged.
    """
    start = time.thread_time()
    # Outside of `try`: a missing arena does not mean missing counts.
    texels = texels_in(arena)
    try:
        _paint(painting, look, texels)
    except DamagedError:
        return False, time.thread_time() - start
    return True, time.thread_time() - start


def _paint(painting: Painting, look: Look, texels: Texels) -> None:
    from pipeline.drawing.texture.texels import halve, halve_even

    layout = painting.layout
    count = layout.size(painting.first_level, painting.last_level)
    memory = texels[painting.offset : painting.offset + count]
    levels = [
        layout.bordered(level, painting.first_level, memory)
        for level in range(painting.first_level, painting.last_level)
    ]
    _paint_first(painting, look, levels[0][1:-1, 1:-1])
    for finer, coarser in pairwise(level[1:-1, 1:-1] for level in levels):
        even = finer.shape == (2 * coarser.shape[0], 2 * coarser.shape[1])
        (halve_even if even else halve)(finer, coarser)
    for level in levels:
        _close_borders(level, painting.wrapped)


def _paint_first(painting: Painting, look: Look, texels: Texels) -> None:
    """Fill the first of a painting's levels, a few rows at a time, from all finer ones."""
    from pipeline.drawing.texture.texels import halve_even, pack_row

    # Textures are cut only before levels that are exact halves of level 0.
    together = 1 << painting.first_level
    strip = [
        np.empty((together >> level, painting.grid.columns >> level), np.uint32)
        for level in range(painting.first_level + 1)
    ]
    for row, light in enumerate(_light_rows(painting, look)):
        if together == 1:
            pack_row(light, texels[row])
            continue
        pack_row(light, strip[0][row % together])
        if (row + 1) % together == 0:
            for finer, coarser in pairwise(strip):
                halve_even(finer, coarser)
            texels[row // together] = strip[-1][0]


def _light_rows(painting: Painting, look: Look) -> Iterator[NDArray[np.float32]]:
    """Yield the light of each row of a sample grid's samples."""
    grid = painting.grid
    shader = shader_of(look)
    before = _edge_rows(painting, painting.outer, look, last=True)
    after = _edge_rows(painting, painting.inner, look, last=False)
    with stored_samples(painting.store, grid, look.tracing, painting.log2_px) as stored:
        for first in range(0, grid.rows, grid.chunk_rows):
            last = min(first + grid.chunk_rows, grid.rows)
            above, below = min(HALO_ROWS, first), min(HALO_ROWS, grid.rows - last)
            samples = stored.rows(first - above, last + below)
            if first == 0 and before is not None:
                samples, above = Samples.joined([before, samples]), HALO_ROWS
            if last == grid.rows and after is not None:
                samples, below = Samples.joined([samples, after]), HALO_ROWS
            yield from shader.rows(samples, above, below, painting.wrapped)


def _edge_rows(
    painting: Painting, neighbour: SampleGrid | None, look: Look, last: bool
) -> Samples | None:
    """Return the rows of a neighbouring band next to this one, in this one's columns."""
    if neighbour is None:
        return None
    first = neighbour.rows - HALO_ROWS if last else 0
    with stored_samples(painting.store, neighbour, look.tracing, painting.log2_px) as stored:
        rows = stored.rows(first, first + HALO_ROWS)
    columns = painting.grid.columns
    if neighbour.columns == columns:
        return rows
    return rows.columns_at(np.arange(columns) * neighbour.columns // columns)


def _close_borders(bordered: Texels, wrapped: bool) -> None:
    """Fill a level's border: columns from the other side if wrapped, rows from the edge itself."""
    bordered[:, 0] = bordered[:, -2 if wrapped else 1]
    bordered[:, -1] = bordered[:, 1 if wrapped else -2]
    bordered[0] = bordered[1]
    bordered[-1] = bordered[-2]


def draw_from_textures(
    mixture: Sequence[tuple[Tables, float]],
    exposures: tuple[Placement, ...],
    finish: Finish,
    encoding: Encoding,
    arena: ArenaMap,
    offset: int,
) -> float:
    """Draw a frame from textures into the arena, from byte `offset` on; return the CPU seconds.

    `mixture` holds the textures of one look, or of two looks to be blended, each with the weight
    that it has against those before it.
    """
    start = time.thread_time()
    texels = texels_in(arena)
    frame = arena.region(offset, encoding.frame_bytes)
    projection = projection_named(encoding.projection, encoding.columns, encoding.rows)
    side = min(encoding.rows, encoding.columns)
    bloom = bloom_of(mixture, exposures, texels, projection, finish.bloom)
    # Tile below tile: neighbouring ones share texels, which are still in the cache then.
    left = left_of_tiles(encoding.rows)
    for first_column in range(0, encoding.columns, _TILE_COLUMNS):
        columns = min(_TILE_COLUMNS, encoding.columns - first_column)
        for first_row in range(0, encoding.rows, _TILE_ROWS):
            rows = min(_TILE_ROWS, encoding.rows - first_row)
            tile = first_row, rows, first_column, columns
            light = mixed_light(mixture, exposures, texels, projection, *tile)
            finish.apply(light, first_row, first_column, side, bloom)
            beside = left[:, first_row : first_row + rows]
            draw_tile(light, first_row, first_column, encoding, frame, beside)
    return time.thread_time() - start


def bloom_of(
    mixture: Sequence[tuple[Tables, float]],
    exposures: tuple[Placement, ...],
    texels: Texels,
    projection: Projection,
    part: float,
) -> Bloom | None:
    """Return the bloom of a frame, from a small picture of it; None where no light spreads."""
    if part == 0:
        return None
    factor = reduction(projection.rows, projection.columns)
    rows, columns = -(-projection.rows // factor), -(-projection.columns // factor)
    reduced = tuple(placement.reduced(factor) for placement in exposures)
    small = projection_named(projection.name, columns, rows)
    light = mixed_light(mixture, reduced, texels, small, 0, rows, 0, columns)
    return Bloom.of(light, factor, part, projection.wraps)


def mixed_light(
    mixture: Sequence[tuple[Tables, float]],
    exposures: tuple[Placement, ...],
    texels: Texels,
    projection: Projection,
    first_row: int,
    rows: int,
    first_column: int,
    columns: int,
) -> NDArray[np.float32]:
    """Return the linear light of a tile in a mixture of looks, shape (rows, 3, columns)."""
    tile = first_row, rows, first_column, columns
    light = light_of(mixture[0][0], exposures, texels, projection, *tile)
    for tables, weight in mixture[1:]:
        other = light_of(tables, exposures, texels, projection, *tile)
        light += np.float32(weight) * (other - light)
    return light


def light_of(
    tables: Tables,
    exposures: tuple[Placement, ...],
    texels: Texels,
    projection: Projection,
    first_row: int,
    rows: int,
    first_column: int,
    columns: int,
) -> NDArray[np.float32]:
    """Return the linear light of a tile of a picture, shape (rows, 3, columns)."""
    from pipeline.drawing.texture.reproject import add_light

    light = np.zeros((rows, 3, columns), np.float32)
    for placement in exposures:
        if projection.name != FLAT:
            _add_projected(tables, placement, texels, projection, first_row, first_column, light)
            continue
        core_px = 2.0 ** (tables.log2_core - placement.log2_spacing)
        edge_px = 2.0 ** (tables.log2_edge - placement.log2_spacing)
        add_light(
            texels, tables.offsets, tables.columns, tables.rows, tables.innermost_octaves,
            tables.core_offsets, tables.core_sides,
            core_px, edge_px if tables.core_sides.size else 0.0,
            tables.log2_top - placement.log2_spacing,
            placement.x - first_column, placement.y - first_row, placement.turn, light,
        )  # fmt: skip  # in signature order
    if len(exposures) > 1:
        light *= np.float32(1 / len(exposures))
    return light


def _add_projected(
    tables: Tables,
    placement: Placement,
    texels: Texels,
    projection: Projection,
    first_row: int,
    first_column: int,
    light: NDArray[np.float32],
) -> None:
    """Add the light of a tile of a picture that is not flat."""
    from pipeline.drawing.texture.lens import KINDS
    from pipeline.drawing.texture.projected import add_projected_light

    log2_width = placement.log2_spacing + math.log2(projection.columns)
    add_projected_light(
        texels, tables.offsets, tables.columns, tables.rows, tables.innermost_octaves,
        tables.core_offsets, tables.core_sides, tables.log2_core - log2_width,
        2.0 ** (tables.log2_edge - log2_width) if tables.core_sides.size else 0.0,
        tables.log2_top - log2_width, KINDS[projection.name], projection.columns, projection.rows,
        first_column, first_row, placement.x / projection.columns - 0.5,
        (0.5 * projection.rows - placement.y) / projection.columns, placement.turn, light,
    )  # fmt: skip  # in signature order
