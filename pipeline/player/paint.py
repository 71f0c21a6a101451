"""Pictures of bands and cores, coloured and compressed by workers."""

import io
import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.colour.look import Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import HALO_ROWS, shader_of
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.counts.stored_samples import StoredSamples, stored_samples
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
"""JPEG quality of bands and cores, whose pixels are mostly averaged on the screen. Against frames
drawn for the video, Seahorse Valley in 720p: 40.5 dB, where its MP4 has 29."""
OVERVIEW_QUALITY = 95
"""JPEG quality of overviews, a hundredth of all bytes, whose pixels are shown as they are."""

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

    None where stored counts are missing or damaged. Only some rings' light is in memory at once.
    """
    rows, columns = paint.grid.rows, paint.grid.columns
    shown_rows = rows + 2 * MARGIN_ROWS
    scale = min(1.0, MOST_COLUMNS / columns)
    # The margins shrink with the rest.
    picture = Shrunk(shown_rows, columns, round(shown_rows * scale), round(columns * scale))
    overview = Shrunk(rows, columns, paint.overview_rows, paint.overview_columns)
    try:
        for ring, light in enumerate(_light_rows(paint, look), -MARGIN_ROWS):
            picture.add(ring + MARGIN_ROWS, light)
            if 0 <= ring < rows:
                overview.add(ring, light)
    except DamagedError:
        return None
    return jpeg(_rgb8(picture.light), QUALITY), _rgb8(overview.light)


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
    outermost, innermost = paint.seconds
    first, end = -MARGIN_ROWS, paint.grid.rows + MARGIN_ROWS
    with ExitStack() as opened:
        rings = _Rings(paint, look, opened)
        for start in range(first, end, _RINGS_AT_ONCE):
            stop = min(start + _RINGS_AT_ONCE, end)
            progress = (start + stop) / 2 / paint.grid.rows
            shader = shader_of(look.at(max(0.0, outermost + (innermost - outermost) * progress)))
            samples = rings.rows(start - HALO_ROWS, stop + HALO_ROWS)
            yield from shader.rows(samples, HALO_ROWS, HALO_ROWS, True)


class _Rings:
    """The samples of a band's rings and of those that go on beside it, in the band's columns."""

    def __init__(self, paint: BandPaint, look: Look, opened: ExitStack) -> None:
        self._columns = paint.grid.columns
        # Each grid with the number of its first ring, counted from the band's first.
        self._stored: list[tuple[int, StoredSamples]] = []
        outer_rows = 0 if paint.outer is None else paint.outer.rows
        first = -outer_rows
        for grid in (paint.outer, paint.grid, paint.inner):
            if grid is not None:
                stored = stored_samples(paint.store, grid, look.tracing, paint.log2_px)
                self._stored.append((first, opened.enter_context(stored)))
                first += grid.rows
        self._first, self._end = -outer_rows, first

    def rows(self, first: int, last: int) -> Samples:
        """Return some rings; beyond the zoom's ends its last ring goes on and on."""
        parts: list[Samples] = []
        if first < self._first:
            parts += [self.rows(self._first, self._first + 1)] * (self._first - first)
        for start, stored in self._stored:
            begin, end = max(first, start), min(last, start + stored.grid_rows)
            if begin < end:
                parts.append(self._fitted(stored.rows(begin - start, end - start)))
        if last > self._end:
            parts += [self.rows(self._end - 1, self._end)] * (last - self._end)
        return Samples.joined(parts)

    def _fitted(self, samples: Samples) -> Samples:
        columns = samples.smooth.shape[1]
        if columns == self._columns:
            return samples
        return samples.columns_at(np.arange(self._columns) * columns // self._columns)


class Shrunk:
    """A picture that is made smaller, row by row: each of its pixels is the mean of what it covers.

    Parameters
    ----------
    rows, columns : int
        Size of what comes.
    to_rows, to_columns : int
        Size of the picture; the same or smaller.
    """

    def __init__(self, rows: int, columns: int, to_rows: int, to_columns: int) -> None:
        self.light = np.zeros((to_rows, 3, to_columns), np.float32)
        """Linear light of the picture, complete after the last row."""
        self._scale = to_rows / rows
        edges = np.linspace(0, columns, to_columns + 1)
        self._whole = np.minimum(edges.astype(np.int64), columns - 1)
        self._part = edges - self._whole
        self._width = columns / to_columns

    def add(self, row: int, light: NDArray[np.float32]) -> None:
        """Add a row of light, shape (3, columns)."""
        if self._width > 1:
            total = np.zeros((3, light.shape[1] + 1))
            np.cumsum(light, axis=1, dtype=np.float64, out=total[:, 1:])
            whole, part = self._whole, self._part
            at_edges = total[:, whole] * (1 - part) + total[:, whole + 1] * part
            light = np.asarray(np.diff(at_edges, axis=1) / self._width, np.float32)
        top, bottom = row * self._scale, (row + 1) * self._scale
        for into in range(int(top), min(math.ceil(bottom), len(self.light))):
            weight = min(bottom, into + 1) - max(top, into)
            self.light[into] += np.float32(weight) * light
