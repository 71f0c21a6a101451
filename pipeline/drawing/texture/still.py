"""A single picture from bands, drawn in this process."""

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.look import Look
from pipeline.counts.store import Store
from pipeline.drawing.arena import Arena, whole_pages
from pipeline.drawing.finish import Finish
from pipeline.drawing.picture import rgb8_from_light
from pipeline.drawing.texture.cache import Textures
from pipeline.drawing.texture.layout import TEXEL_BYTES, texels_in
from pipeline.drawing.texture.paint import bloom_of, light_of, paint
from pipeline.drawing.texture.pieces import Pieces
from pipeline.errors import DamagedError
from pipeline.plan.frame_plan import FramePlan

# Rows that are drawn at once.
_ROWS = 64


def rgb_from_bands(
    frame_plan: FramePlan, store: Store, look: Look, finish: Finish
) -> NDArray[np.uint8]:
    """Draw a frame from the stored counts of bands as 8-bit sRGB, shape (rows, columns, 3).

    Raises
    ------
    DamagedError
        Stored counts are missing or damaged.
    """
    assert frame_plan.zoom is not None
    projection = frame_plan.projection
    pieces = Pieces([frame_plan.zoom], projection)
    needed = sorted(pieces.needed(frame_plan))
    arena = Arena(sum(whole_pages(TEXEL_BYTES * pieces.texels(piece)) for piece in needed))
    try:
        textures = Textures(pieces, store, arena)
        seconds = float(frame_plan.frame.time)
        for piece in needed:
            well, _ = paint(textures.begin(piece), look.at(seconds), arena.map)
            if not well:
                raise DamagedError("stored counts are missing or damaged")
            textures.finish(piece)
        tables, texels = textures.tables(frame_plan), texels_in(arena.map)
        mixture, exposures = [(tables, 1.0)], frame_plan.exposures
        bloom = bloom_of(mixture, exposures, texels, projection, finish.bloom)
        side = min(projection.rows, projection.columns)
        picture = np.empty((projection.rows, projection.columns, 3), np.uint8)
        for first in range(0, projection.rows, _ROWS):
            rows = min(_ROWS, projection.rows - first)
            tile = first, rows, 0, projection.columns
            light = light_of(tables, exposures, texels, projection, *tile)
            finish.apply(light, first, 0, side, bloom)
            picture[first : first + rows] = rgb8_from_light(light.transpose(0, 2, 1), first)
        return picture
    finally:
        arena.close()
