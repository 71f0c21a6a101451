"""Pictures of a view, ever sharper: coarse ones at once, then each pixel, then 2 × 2 samples."""

import io
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.colour.look import Look
from pipeline.colour.shade import HALO_ROWS, shader_of
from pipeline.drawing.bloom import Bloom, reduction
from pipeline.drawing.finish import Finish
from pipeline.drawing.picture import rgb8_from_light
from pipeline.explorer.counting import count_samples
from pipeline.explorer.plane import Plane, Rect, runs
from pipeline.explorer.work import Check, results
from pipeline.explorer.zoom_context import ZoomContext
from pipeline.geometry.view import View
from pipeline.workers.pool import SharedPool, Task

# Steps of samples in pixels, one picture each; the last is smoothed over four samples a pixel.
STEPS = (8.0, 4.0, 2.0, 1.0, 0.5)
FULL = 1.0
# Samples of a task: short enough that a picture that is no longer wanted is given up at once.
_LEAST_SAMPLES, _MOST_SAMPLES = 1 << 11, 1 << 14
# Where so much of a picture is there already, coarse ones would only blur it.
_MOSTLY = 0.3
# The picture of every second pixel takes a quarter of the time of the full one: it is worth that
# only where the full one is long in coming.
_HALF = 2.0
_LONG_S = 2.5
# Planes of earlier views that are kept, for going back to, and their memory.
_KEPT_BYTES = 150_000_000
_JPEG_QUALITY = {8.0: 80, 4.0: 85, 2.0: 88, 1.0: 92, 0.5: 93}


@dataclass(frozen=True, slots=True)
class Strip:
    """Some rows of a picture, or of a part of it, as the browser takes them."""

    step: float
    """Distance of its samples, in pixels of the view."""
    x: int
    """Column of its left edge, in pixels of the view."""
    y: int
    columns: int
    """Size on the screen, in pixels of the view."""
    rows: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """A fact about a picture that is being made."""

    name: str
    value: object


class ProgressiveRenderer:
    """Makes pictures of views; keeps the samples of the latest."""

    def __init__(self, pool: SharedPool, zoom_context: ZoomContext) -> None:
        self._pool = pool
        self.zoom_context = zoom_context
        self._planes: list[Plane] = []

    def pictures(
        self,
        view: View,
        look: Look,
        maxiter: int | None,
        check: Check,
        shown_step: float = math.inf,
    ) -> Iterator[Strip | Told]:
        """Yield a view's picture from coarse to fine, in strips, and facts about it.

        Parameters
        ----------
        look
            Colours; tones are found where they need some.
        maxiter
            Maximum iterations of a pixel; chosen from the view if None.
        check
            Raises `StoppedError` once the picture is no longer wanted.
        shown_step
            Step down to which the browser shows all that is known here: that is not sent again.
        """
        if maxiter is None:
            maxiter = self.zoom_context.maxiter(view, check)
        yield Told("maxiter", maxiter)
        grid = self.zoom_context.grid(view, maxiter)
        yield Told("kernel", grid.arithmetic.name)
        self.zoom_context.compute_orbits([grid], check)
        fine = {step: self._plane(view, step, maxiter, look) for step in STEPS if step <= FULL}
        steps = [step for step in STEPS if step <= FULL or fine[FULL].known.mean() < _MOSTLY]
        hurried = steps[0] > FULL and look.needs_tones
        blooming = self._counted_for_bloom(view, maxiter, look, check) if look.bloom else None
        bloom: Bloom | None = None
        full_s = math.inf
        for number, step in enumerate(steps):
            if step == _HALF and full_s < _LONG_S:
                continue
            # The first picture is not kept waiting; from the next on colours stay.
            if number < (2 if hurried else 1):
                if look.needs_tones:
                    tones = self.zoom_context.tones(view, maxiter, check, hurried and number == 0)
                    look = replace(look, tones=tones)
                bloom = self._bloom(blooming, look) if blooming else None
            plane = fine.get(step) or Plane(view, step, maxiter, look.tracing)
            if step < shown_step:
                for rect in plane.there():
                    yield self._strip(plane, look, bloom, rect)
            start = time.monotonic()
            try:
                yield from self._filled(plane, look, bloom, check)
            finally:
                # What is there when it is stopped, too.
                self._keep(plane)
            full_s = (time.monotonic() - start) * (step / FULL) ** 2
            if step == FULL:
                yield Told("state", "full")
        yield Told("state", "fine")

    def _filled(
        self, plane: Plane, look: Look, bloom: Bloom | None, check: Check
    ) -> Iterator[Strip]:
        """Fill a plane, and yield strips of its picture as they become complete."""
        rects = plane.missing()
        shown = [np.zeros(rect.rows, bool) for rect in rects]
        for _ in self._counted(plane, rects, check):
            for rect, done in zip(rects, shown, strict=True):
                own = np.s_[rect.top : rect.top + rect.rows, rect.left : rect.left + rect.columns]
                lacking = ~np.asarray(plane.known[own].all(axis=1))
                # A strip waits for its neighbours: its light depends on theirs.
                ready = ~done & ~_near(lacking, HALO_ROWS)
                for top, bottom in runs(ready):
                    yield self._strip(
                        plane, look, bloom, _with_edges(rect, top, bottom, plane.whole)
                    )
                done |= ready

    def _counted(self, plane: Plane, rects: list[Rect], check: Check) -> Iterator[None]:
        """Count rectangles of a plane; yield whenever a piece has come."""
        tasks = []
        for rect in rects:
            size = rect.columns * rect.rows // (8 * self._pool.workers)
            for piece in rect.pieces(min(max(size, _LEAST_SAMPLES), _MOST_SAMPLES)):
                grid = self.zoom_context.grid(plane.part(piece), plane.maxiter)
                if plane.tracing is not None:
                    grid = grid.traced(plane.tracing)
                tasks.append(Task("picture", count_samples, (grid,), piece, counts_grid=True))
        for task, counted in results(self._pool, tasks, check):
            plane.fill(task.tag, counted.smooth, counted.traces)
            yield

    def _counted_for_bloom(self, view: View, maxiter: int, look: Look, check: Check) -> Plane:
        """Return the whole plane from which light spreads: as coarse as a film's small picture."""
        step = min(STEPS[0], float(reduction(view.rows, view.columns)))
        plane = self._plane(view, step, maxiter, look)
        for _ in self._counted(plane, plane.missing(), check):
            pass
        return plane

    def _bloom(self, plane: Plane, look: Look) -> Bloom:
        samples = plane.samples(0, plane.known.shape[0], float(np.log2(plane.step)))
        return Bloom.of(shader_of(look).pixels(samples, 1), int(plane.step), look.bloom)

    def _strip(self, plane: Plane, look: Look, bloom: Bloom | None, rect: Rect) -> Strip:
        """Draw a rectangle of a plane, and what shares pixels with it."""
        rows = plane.known.shape[0]
        together = round(1 / plane.step) if plane.step < 1 else 1
        top, bottom = rect.top // together * together, rect.top + rect.rows
        bottom = min(rows, -(-bottom // together) * together)
        above, below = min(HALO_ROWS, top), min(HALO_ROWS, rows - bottom)
        samples = plane.samples(top - above, bottom + below, float(np.log2(plane.step)))
        light = shader_of(look).pixels(samples, together, above, below)
        left, end = rect.left // together, -(-(rect.left + rect.columns) // together)
        first = top // together
        size = int(max(plane.step, 1))
        light = np.ascontiguousarray(light[..., left:end])
        if bloom is not None:
            # Of a picture smaller than a thumbnail, the coarsest have none.
            bloom = replace(bloom, factor=bloom.factor // size) if bloom.factor >= size else None
        grain = look.grain if size == 1 else 0.0
        smaller_side = min(plane.view.rows, plane.view.columns)
        Finish(look.bloom, grain, 0).apply(light, first, left, smaller_side, bloom)
        picture = rgb8_from_light(light.transpose(0, 2, 1), first)
        return Strip(
            plane.step, left * size, first * size, picture.shape[1] * size, picture.shape[0] * size,
            jpeg_from(picture, _JPEG_QUALITY[plane.step]),
        )  # fmt: skip  # in the order of the fields

    def _plane(self, view: View, step: float, maxiter: int, look: Look) -> Plane:
        """Return the plane of a view, with the samples that are there already."""
        best = Plane(view, step, maxiter, look.tracing)
        for other in reversed(self._planes):
            if best.known.all():
                break
            plane = Plane(view, step, maxiter, look.tracing)
            plane.take_from(other)
            if plane.known.sum() > best.known.sum():
                best = plane
        return best

    def _keep(self, plane: Plane) -> None:
        if plane.step > FULL or not plane.known.any():
            return
        self._planes = [kept for kept in self._planes if kept is not plane]
        self._planes.append(plane)
        while len(self._planes) > 1 and sum(kept.bytes for kept in self._planes) > _KEPT_BYTES:
            self._planes.pop(0)


def jpeg_from(picture: NDArray[np.uint8], quality: int) -> bytes:
    """Return an 8-bit sRGB picture as a JPEG with full chroma."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "JPEG", quality=quality, subsampling=0)
    return data.getvalue()


def _with_edges(rect: Rect, top: int, bottom: int, whole: Rect) -> Rect:
    """Return some rows of a rectangle, and beyond its edges what was drawn without knowing it."""
    rows = Rect(rect.left, rect.top + top, rect.columns, bottom - top)
    own = Rect(0, rows.top, whole.columns, rows.rows)
    if top == 0:
        own = own.grown(HALO_ROWS, Rect(0, 0, whole.columns, rows.top + rows.rows))
    if bottom == rect.rows:
        own = own.grown(HALO_ROWS, Rect(0, own.top, whole.columns, whole.rows - own.top))
    return rows.grown(HALO_ROWS, own)


def _near(chosen: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return what is chosen, or as near to it as `reach`."""
    return np.convolve(chosen, np.ones(2 * reach + 1), mode="same") > 0
