"""Pictures of bands and cores, coloured and compressed by workers."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.colour.look import Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import HALO_ROWS, shader_of
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_samples import stored_samples
from pipeline.drawing.transfer import srgb_from_light
from pipeline.errors import DamagedError

MARGIN_ROWS = 16
"""Rings of its neighbours that a picture shows beyond each edge: a level of detail whose texels are
twice as wide, 32 samples, is interpolated across the edge as if there were none."""
MOST_COLUMNS = 8192
"""Largest side of a texture that every phone of the last years takes."""
# Rings that are coloured together, in the look of one moment.
_RINGS_AT_ONCE = 16
# JPEG, for all browsers read it, and phones faster than anything newer; with chroma in full, which
# costs a band of Seahorse Valley a third of its bytes and gains 5 dB: WebP has no such chroma.
_FULL_CHROMA = 0
QUALITY = 85
"""Of bands and cores, whose pixels are mostly averaged on the screen. Against frames drawn for the
video, Seahorse Valley in 720p: 40.5 dB, where its MP4 has 29."""
OVERVIEW_QUALITY = 95
"""Of overviews, a hundredth of all bytes, whose pixels are shown as they are."""

Rgb8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BandPaint:
    """A band whose picture is to be painted, with the bands beside it, whose rings it borrows."""

    store: Store
    grid: SampleGrid
    outer: SampleGrid | None
    inner: SampleGrid | None
    log2_px: float
    """log2 of the distance of its samples, in pixels of the film."""
    seconds: tuple[float, float]
    """Times whose looks its outermost and its innermost ring are painted in."""
    overview_columns: int
    overview_rows: int
    """Size of its part of the overview."""


@dataclass(frozen=True, slots=True)
class CorePaint:
    """A core whose picture is to be painted."""

    store: Store
    grid: SampleGrid
    log2_px: float
    seconds: float


def paint_band(paint: BandPaint, look: Look) -> tuple[bytes, Rgb8] | None:
    """Return a band's picture as JPEG, and the same band small, for the overview.

    None where stored counts are missing or damaged.
    """
    try:
        light = np.stack([row.copy() for row in _light_rows(paint, look)])
    except DamagedError:
        return None
    overview = _shrunk(light[MARGIN_ROWS:-MARGIN_ROWS], paint.overview_rows, paint.overview_columns)
    if (columns := light.shape[2]) > MOST_COLUMNS:
        # The margins shrink with the rest.
        rows = round(light.shape[0] * MOST_COLUMNS / columns)
        light = _shrunk(light, rows, MOST_COLUMNS)
    return jpeg(_rgb8(light), QUALITY), _rgb8(overview)


def paint_core(paint: CorePaint, look: Look) -> bytes | None:
    """Return a core's picture as JPEG; None where stored counts are missing or damaged."""
    shader = shader_of(look.at(paint.seconds))
    try:
        with stored_samples(paint.store, paint.grid, look.tracing, paint.log2_px) as stored:
            samples = stored.rows(0, paint.grid.rows)
        light = np.stack([row.copy() for row in shader.rows(samples, 0, 0, False)])
    except DamagedError:
        return None
    return jpeg(_rgb8(light), QUALITY)


def jpeg(picture: Rgb8, quality: int) -> bytes:
    """Return a picture as the bytes of a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(
        buffer, "JPEG", quality=quality, subsampling=_FULL_CHROMA, optimize=True
    )
    return buffer.getvalue()


def _rgb8(light: NDArray[np.float32]) -> Rgb8:
    """Return 8-bit sRGB, shape (rows, columns, 3), of light of shape (rows, 3, columns).

    It is not dithered, which would cost many bytes: the player dithers what it shows.
    """
    srgb = srgb_from_light(light.transpose(0, 2, 1)) * np.float32(255)
    return np.asarray(np.rint(srgb), np.uint8)


def _light_rows(paint: BandPaint, look: Look) -> Iterator[NDArray[np.float32]]:
    """Yield the light of each ring, those of the margins included; valid until the next."""
    rings = _Rings(paint, look)
    first, end = -MARGIN_ROWS, paint.grid.rows + MARGIN_ROWS
    for start in range(first, end, _RINGS_AT_ONCE):
        stop = min(start + _RINGS_AT_ONCE, end)
        outermost, innermost = paint.seconds
        progress = (start + stop) / 2 / paint.grid.rows
        shader = shader_of(look.at(max(0.0, outermost + (innermost - outermost) * progress)))
        samples = rings.rows(start - HALO_ROWS, stop + HALO_ROWS)
        yield from shader.rows(samples, HALO_ROWS, HALO_ROWS, True)


class _Rings:
    """The samples of a band's rings and of those that go on beside it, in the band's columns."""

    def __init__(self, paint: BandPaint, look: Look) -> None:
        self._paint = paint
        self._look = look
        self._beside = MARGIN_ROWS + HALO_ROWS
        rows = paint.grid.rows
        own = self._read(paint.grid, 0, rows)
        outer, inner = paint.outer, paint.inner
        # Where the zoom ends, its last ring goes on and on.
        before = (
            [self._read(paint.grid, 0, 1)] * self._beside
            if outer is None
            else [self._read(outer, outer.rows - self._beside, outer.rows)]
        )
        after = (
            [self._read(paint.grid, rows - 1, rows)] * self._beside
            if inner is None
            else [self._read(inner, 0, self._beside)]
        )
        self._samples = Samples.joined([*before, own, *after])

    def _read(self, grid: SampleGrid, first: int, last: int) -> Samples:
        paint, columns = self._paint, self._paint.grid.columns
        with stored_samples(paint.store, grid, self._look.tracing, paint.log2_px) as stored:
            rows = stored.rows(first, last)
        if grid.columns == columns:
            return rows
        return rows.columns_at(np.arange(columns) * grid.columns // columns)

    def rows(self, first: int, last: int) -> Samples:
        """Return some rings, counted from the band's first."""
        chosen = slice(first + self._beside, last + self._beside)
        traces = self._samples.traces
        return Samples(
            self._samples.smooth[chosen],
            None if traces is None else traces.rows(chosen),
            self._samples.log2_px,
        )


def _shrunk(light: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Return light, shape (rows, 3, columns), averaged to a smaller size."""
    return _averaged(_averaged(light, rows, 0), columns, 2)


def _averaged(light: NDArray[np.float32], count: int, axis: int) -> NDArray[np.float32]:
    """Return the means over `count` equal intervals of an axis."""
    total = np.cumsum(light, axis=axis, dtype=np.float64)
    total = np.concatenate([np.zeros_like(total.take([0], axis)), total], axis=axis)
    edges = np.linspace(0, light.shape[axis], count + 1)
    whole = np.minimum(edges.astype(np.int64), light.shape[axis] - 1)
    shape = [1, 1, 1]
    shape[axis] = -1
    part = (edges - whole).reshape(shape)
    at_edges = total.take(whole, axis) * (1 - part) + total.take(whole + 1, axis) * part
    width = light.shape[axis] / count
    return np.asarray(np.diff(at_edges, axis=axis) / width, np.float32)
