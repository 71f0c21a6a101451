"""The samples of a view that are there already: kept while the hand moves, filled as they come."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.colour.samples import Samples
from pipeline.explorer.hand import point_at
from pipeline.geometry.decimals import context, difference
from pipeline.geometry.view import View
from pipeline.kernels.results import Traces
from pipeline.kernels.tracing import Tracing

# Two views share pixels if these lie as near to each other, in pixels.
_SAME_PX = 0.01


class Rect(NamedTuple):
    """A rectangle of samples of a plane."""

    left: int
    top: int
    columns: int
    rows: int

    def grown(self, reach: int, within: "Rect") -> "Rect":
        """Return it with the samples beside it that are as near as `reach`, within another."""
        left, top = max(within.left, self.left - reach), max(within.top, self.top - reach)
        end = min(within.left + within.columns, self.left + self.columns + reach)
        bottom = min(within.top + within.rows, self.top + self.rows + reach)
        return Rect(left, top, end - left, bottom - top)

    def pieces(self, samples: int) -> Iterator["Rect"]:
        """Yield it in strips of about so many samples, from its middle outwards."""
        rows = max(1, samples // self.columns)
        strips = [
            Rect(self.left, top, self.columns, min(rows, self.top + self.rows - top))
            for top in range(self.top, self.top + self.rows, rows)
        ]
        middle = self.top + self.rows / 2
        yield from sorted(strips, key=lambda strip: abs(strip.top + strip.rows / 2 - middle))


@dataclass(slots=True)
class Plane:
    """Samples of a view, `step` pixels apart: 8 for the coarsest picture, 1/2 for the finest.

    A sample lies in the middle of the `step` × `step` pixels that it stands for.
    """

    view: View
    step: float
    maxiter: int
    tracing: Tracing | None
    smooth: NDArray[np.float64] = field(init=False)
    known: NDArray[np.bool_] = field(init=False)
    _traces: dict[str, NDArray[Any]] = field(init=False, default_factory=dict)
    """Traces by the names of their fields, once there are any."""

    def __post_init__(self) -> None:
        rows = math.ceil(self.view.rows / self.step)
        columns = math.ceil(self.view.columns / self.step)
        self.smooth = np.full((rows, columns), np.nan)
        self.known = np.zeros((rows, columns), bool)

    @property
    def bytes(self) -> int:
        """Memory that it takes."""
        arrays = self.smooth, self.known, *self._traces.values()
        return sum(array.nbytes for array in arrays)

    @property
    def whole(self) -> Rect:
        """All of its samples."""
        rows, columns = self.known.shape
        return Rect(0, 0, columns, rows)

    def part(self, rect: Rect) -> View:
        """Return a rectangle of its samples as a view of its own, a sample a pixel."""
        step = self.step
        x = (rect.left + rect.columns / 2) * step
        y = (rect.top + rect.rows / 2) * step
        width = context(40).multiply(self.view.spacing(), Decimal(step * rect.columns))
        center = point_at(self.view, x, y)
        return View(center, width, self.view.rotation, rect.columns, rect.rows)

    def fill(self, rect: Rect, smooth: NDArray[np.float64], traces: Traces | None) -> None:
        """Take the samples of a rectangle."""
        own = np.s_[rect.top : rect.top + rect.rows, rect.left : rect.left + rect.columns]
        self.smooth[own] = smooth
        self.known[own] = True
        if traces is None:
            return
        for each in fields(traces):
            new = getattr(traces, each.name)
            if new is not None:
                if each.name not in self._traces:
                    self._traces[each.name] = np.zeros(self.known.shape, new.dtype)
                self._traces[each.name][own] = new

    def take_from(self, other: "Plane") -> None:
        """Take the samples that another plane has at the same points."""
        if (other.step, other.maxiter) != (self.step, self.maxiter):
            return
        if self.tracing not in (None, other.tracing):
            return
        shift = self._shift_from(other.view)
        if shift is None:
            return
        right, down = shift
        rows, columns = self.known.shape
        top, left = max(0, down), max(0, right)
        bottom = min(rows, other.known.shape[0] + down)
        end = min(columns, other.known.shape[1] + right)
        if bottom <= top or end <= left:
            return
        here = np.s_[top:bottom, left:end]
        there = np.s_[top - down : bottom - down, left - right : end - right]
        self.smooth[here] = other.smooth[there]
        self.known[here] = other.known[there]
        if self.tracing is None:
            return
        for name, its in other._traces.items():
            self._traces[name] = np.zeros(self.known.shape, its.dtype)
            self._traces[name][here] = its[there]

    def _shift_from(self, other: View) -> tuple[int, int] | None:
        """Return by how many samples another view's are shifted right and down; None if apart."""
        view = self.view
        if (
            view.rotation != other.rotation
            or view.columns * other.width != other.columns * view.width
        ):
            return None
        numbers = context(20)
        spacing = view.spacing()
        re, im = (
            float(numbers.divide(difference(its, mine), spacing))
            for its, mine in zip(other.center, view.center, strict=True)
        )
        if max(abs(re), abs(im)) > 1e6:
            return None
        turn = math.radians(float(view.rotation))
        across = re * math.cos(turn) + im * math.sin(turn)
        up = im * math.cos(turn) - re * math.sin(turn)
        # Of the left and top edges.
        right = (across + (view.columns - other.columns) / 2) / self.step
        down = (-up + (view.rows - other.rows) / 2) / self.step
        if max(abs(right - round(right)), abs(down - round(down))) * self.step > _SAME_PX:
            return None
        return round(right), round(down)

    def there(self) -> list[Rect]:
        """Return rectangles of what is known: all of it, but for rows with gaps."""
        rows = np.flatnonzero(self.known.any(axis=1))
        columns = np.flatnonzero(self.known.any(axis=0))
        if not rows.size:
            return []
        rect = Rect(int(columns[0]), int(rows[0]), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
        right, bottom = rect.left + rect.columns, rect.top + rect.rows
        if self.known[rect.top : bottom, rect.left : right].all():
            return [rect]
        return [
            Rect(0, top, self.known.shape[1], bottom - top)
            for top, bottom in runs(np.asarray(self.known.all(axis=1)))
        ]

    def missing(self) -> list[Rect]:
        """Return rectangles that together cover what is not known: at most four."""
        rows, columns = self.known.shape
        full_rows = np.flatnonzero(self.known.any(axis=1))
        full_columns = np.flatnonzero(self.known.any(axis=0))
        if not full_rows.size or self.known.all():
            return [] if self.known.all() else [self.whole]
        top, bottom = int(full_rows[0]), int(full_rows[-1]) + 1
        left, right = int(full_columns[0]), int(full_columns[-1]) + 1
        if not self.known[top:bottom, left:right].all():
            # Not one rectangle: what was stopped in the middle; count again what has gaps.
            return [
                Rect(0, first, columns, last - first)
                for first, last in runs(np.asarray(~self.known.all(axis=1)))
            ]
        rects = [
            Rect(0, 0, columns, top),
            Rect(0, bottom, columns, rows - bottom),
            Rect(0, top, left, bottom - top),
            Rect(right, top, columns - right, bottom - top),
        ]
        return [rect for rect in rects if rect.columns > 0 and rect.rows > 0]

    def samples(self, top: int, bottom: int, log2_px: float) -> Samples:
        """Return some rows of samples; what is not known is like the inside."""
        traces = None
        if self._traces:
            traces = Traces(**{name: each[top:bottom] for name, each in self._traces.items()})
        return Samples(self.smooth[top:bottom], traces, log2_px)


def runs(chosen: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the first and the last, excluded, of each run of what is chosen."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]])))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
