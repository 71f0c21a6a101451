"""Walks of many points along a reference on a graphics processor.

The points of a tile form the lane groups that they form on the processor, and each group goes the
same steps: a workgroup is a lane group. The host sorts those who wait and forms the groups of the
next round; groups of many tiles are under way at once. A dispatch is short, so that the screen
stays usable and no watchdog takes the device away: groups are put aside and go on in the next.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.perturbation.arguments import Results
from pipeline.kernels.cpu.perturbation.counts import Walk, tiles_of
from pipeline.kernels.cpu.perturbation.group_steps import LANES
from pipeline.kernels.gpu.device import GpuDevice
from pipeline.kernels.gpu.numbers import Numbers, shader_text
from pipeline.kernels.gpu.packing import Layout, packed_tables
from pipeline.kernels.reference import Approximation, Reference
from pipeline.kernels.results import Outcome

# As `lane_groups` forms them.
_CLASSES_AN_OCTAVE = 4
_MOST_CLASSES = 1 << 18
_MOST_OCTAVES = 32
# Lane groups that are under way at once: more than any card runs.
_SLOTS = 8192
# Points of all tiles under way.
_MOST_POINTS = 1 << 19
_FIRST_STEPS = 256

_NEW, _ASIDE, _ENDED = range(3)
_WAITS = -1
_NOBODY = -1
_ESCAPED = int(Outcome.ESCAPED)

_GROUP = np.dtype(
    [(name, "<i4") for name in (
        "state", "m", "exponent", "far", "steps_here", "settle_at", "end", "slope_exponent",
        "drops", "lane_steps", "chosen", "unused",
    )]
    + [("points", "<i4", LANES)]
)  # fmt: skip  # as in walk.wgsl
_POINT_INTS = np.dtype(
    [(name, "<i4") for name in (
        "exponent", "count", "slope_exponent", "order", "outcome", "n", "size_class", "unused",
    )]
)  # fmt: skip  # as in walk.wgsl
_PARAMS = [
    "zero", "first_group", "groups", "most_steps", "maxiter", "steps_end", "k", "lowest_level",
    "levels", "deep", "wide", "tiny_reals", "tiny_ints", "tiny_size", "margin_reals",
    "margin_ints", "margin_size", "level_offsets", "node_ints", "unused",
]  # fmt: skip  # as in walk.wgsl
# Reals of a point: where its delta, logarithm and product, slope, and offset begin.
_AT, _LOG, _SLOPE, _W, _POINT_REALS = 0, 2, 4, 6, 8
# Numbers of a lane.
_LANE_REALS, _LANE_INTS = 8, 4


@dataclass(slots=True)
class Job:
    """Points of a chunk that are to walk."""

    w_re: NDArray[np.float64]
    """Shape (rows, columns), as for `perturbation.counts.walk`."""
    w_im: NDArray[np.float64]
    settled: NDArray[np.uint8] | None = None


@dataclass(slots=True)
class _Tile:
    """The points of a tile, which stand side by side in the arrays of the card."""

    walk: Walk
    points: NDArray[np.intp]
    """Their numbers in the walk."""
    first: int
    """Number of the first of them on the card."""
    group_of: NDArray[np.int32] = field(init=False)
    """Group of the round under way, by point."""

    def __post_init__(self) -> None:
        self.group_of = np.zeros(self.points.size, np.int32)


def walks(
    device: GpuDevice,
    numbers: Numbers,
    reference: Reference,
    approximation: Approximation,
    jobs: Sequence[Job],
    maxiter: int,
    slopes: bool = False,
) -> list[Walk]:
    """Follow the points of some chunks; each becomes what `perturbation.counts.walk` makes of it.

    Raises
    ------
    DeviceLostError
        The device was lost; nothing is known of these points.
    """
    run = _Run(device, numbers, reference, approximation, maxiter, slopes)
    most = min(_MOST_POINTS, device.adapter.most_bytes // (_POINT_REALS * numbers.real_bytes))
    done: list[Walk] = []
    batch: list[Job] = []
    for job in jobs:
        if batch and sum(each.w_re.size for each in batch) + job.w_re.size > most:
            done += run.batch(batch)
            batch = []
        batch.append(job)
    return done + (run.batch(batch) if batch else [])


def fits(
    device: GpuDevice, numbers: Numbers, reference: Reference, approximation: Approximation
) -> bool:
    """Tell whether a reference and its table are small enough for the card's buffers."""
    largest = max(reference.z.size, approximation.nodes.size + reference.tiny.size)
    return largest * numbers.real_bytes <= device.adapter.most_bytes


def _tables_on(
    device: GpuDevice, numbers: Numbers, reference: Reference, approximation: Approximation
) -> tuple[Layout, list[Any]]:
    """Return where a reference and its table are on the card; those of the latest walk stay."""
    kept = device.kept.get("tables")
    if kept is not None and all(
        one is other for one, other in zip(kept, (reference, approximation, numbers), strict=False)
    ):
        return kept[3], kept[4]
    # Room for the next.
    device.kept.pop("tables", None)
    packed = packed_tables(reference, approximation, numbers)
    buffers = [device.buffer(part) for part in (packed.orbit, packed.reals, packed.ints)]
    device.kept["tables"] = reference, approximation, numbers, packed.layout, buffers
    return packed.layout, buffers


class _Run:
    """Walks along one reference."""

    def __init__(
        self,
        device: GpuDevice,
        numbers: Numbers,
        reference: Reference,
        approximation: Approximation,
        maxiter: int,
        slopes: bool,
    ) -> None:
        self._device = device
        self._numbers = numbers
        self._tables = reference, approximation
        self._maxiter = maxiter
        self._slopes = slopes
        k = approximation.offset_exponent
        self._deep = k < numbers.plain_exponent
        self._wide = k <= numbers.wide_exponent
        layout, self._table = _tables_on(device, numbers, reference, approximation)
        self._params = np.zeros(len(_PARAMS), np.int32)
        self._set(
            maxiter=maxiter, steps_end=reference.steps, k=k, lowest_level=approximation.lowest,
            levels=approximation.offsets.size - 1, deep=self._deep, wide=self._wide,
            **asdict(layout),
        )  # fmt: skip  # what does not change
        self._params_buffer = device.room(self._params.nbytes)
        text = f"const SLOPES = {str(slopes).lower()};\n" + shader_text(
            numbers.shader, "complex.wgsl", "walk.wgsl"
        )
        self._pipeline = device.pipeline(text, "walk")
        self._pace = device.pace(f"walk in {numbers.name}", _FIRST_STEPS)

    def _set(self, **values: int) -> None:
        for name, value in values.items():
            self._params[_PARAMS.index(name)] = value

    def batch(self, jobs: Sequence[Job]) -> list[Walk]:
        """Walk the points of some chunks, all at once."""
        tiles = []
        walks = []
        first = 0
        for job in jobs:
            walk = Walk.begun(
                *self._tables, job.w_re, job.w_im, self._maxiter, job.settled, self._slopes
            )
            walks.append(walk)
            for points in tiles_of(job.w_re.shape, job.settled):
                if points.size:
                    tiles.append((job, _Tile(walk, points, first)))
                    first += points.size
        if first:
            self._walk(tiles, first)
        return walks

    def _walk(self, tiles: Sequence[tuple[Job, _Tile]], points: int) -> None:
        """Walk so many points of some tiles, and fill their walks."""
        device, numbers = self._device, self._numbers
        reals = np.zeros((points, _POINT_REALS))
        reals[:, _LOG], reals[:, _LOG + 1] = -1.0, 1.0
        for job, tile in tiles:
            own = slice(tile.first, tile.first + tile.points.size)
            reals[own, _W] = job.w_re.reshape(-1)[tile.points]
            reals[own, _W + 1] = job.w_im.reshape(-1)[tile.points]
        ints = np.zeros(points, _POINT_INTS)
        ints["outcome"] = _WAITS
        ints["exponent"] = self._tables[1].offset_exponent if self._deep else 0
        lanes_bytes = 2 * numbers.real_bytes + LANES * (
            _LANE_REALS * numbers.real_bytes + 4 * _LANE_INTS
        )
        slots = min(_SLOTS, -(-points // LANES), device.adapter.most_bytes // lanes_bytes)
        self._group_buffer = device.buffer(np.zeros(slots, _GROUP))
        self._reals = device.buffer(numbers.split(reals))
        self._ints = device.buffer(ints)
        bound = device.bound(
            self._pipeline,
            [
                self._params_buffer, *self._table, device.room(slots * lanes_bytes),
                self._group_buffer, self._reals, self._ints,
            ],
        )  # fmt: skip  # in order of the bindings
        every = [tile for _, tile in tiles]
        self._rounds(every, bound, slots)
        self._fill(every, points)

    def _rounds(self, tiles: Sequence[_Tile], bound: Any, slots: int) -> None:
        """Form groups and have them walk until nobody waits."""
        headers = np.zeros(slots, _GROUP)
        headers["state"] = _ENDED
        tile_of = np.full(slots, _NOBODY)
        waiting: deque[tuple[int, NDArray[np.intp]]] = deque()
        open_groups = np.zeros(len(tiles), np.int64)
        steps = np.zeros(len(tiles), np.int64)
        for number, tile in enumerate(tiles):
            groups = self._groups_of(tile, np.arange(tile.points.size), None)
            open_groups[number] = len(groups)
            waiting.extend((number, group) for group in groups)
        while open_groups.any():
            for slot in np.flatnonzero(tile_of == _NOBODY)[: len(waiting)]:
                tile_of[slot], chosen = waiting.popleft()
                header = headers[slot]
                header["state"], header["chosen"] = _NEW, chosen.size
                header["points"] = -1
                header["points"][: chosen.size] = chosen + tiles[tile_of[slot]].first
            self._device.write(self._group_buffer, headers)
            busy = np.flatnonzero(tile_of != _NOBODY)
            headers = self._dispatch(bound, slots, busy.size)
            np.add.at(steps, tile_of[busy], headers["lane_steps"][busy].astype(np.uint32))
            ended = busy[headers["state"][busy] == _ENDED]
            np.subtract.at(open_groups, tile_of[ended], 1)
            over = np.unique(tile_of[ended])
            over = over[open_groups[over] == 0]
            tile_of[ended] = _NOBODY
            for number, groups in self._next_round([tiles[number] for number in over]):
                open_groups[over[number]] = len(groups)
                waiting.extend((int(over[number]), group) for group in groups)
        for tile, taken in zip(tiles, steps, strict=True):
            tile.walk.iterations += int(taken)

    def _dispatch(self, bound: Any, slots: int, busy: int) -> NDArray[Any]:
        """Have all groups go some steps, and return their headers."""
        start = time.perf_counter()
        self._set(groups=slots, most_steps=self._pace.steps_for(busy))
        self._device.write(self._params_buffer, self._params)
        self._device.dispatch(self._pipeline, bound, slots)
        [headers] = self._device.read([(self._group_buffer, 0, slots * _GROUP.itemsize)])
        self._pace.took(time.perf_counter() - start)
        return np.frombuffer(headers, _GROUP).copy()

    def _next_round(self, tiles: Sequence[_Tile]) -> Iterator[tuple[int, list[NDArray[np.intp]]]]:
        """Yield the number of each tile and its groups of the next round."""
        if not tiles:
            return
        size = _POINT_INTS.itemsize
        parts = [(self._ints, tile.first * size, tile.points.size * size) for tile in tiles]
        for number, (tile, part) in enumerate(zip(tiles, self._device.read(parts), strict=True)):
            ints = np.frombuffer(part, _POINT_INTS)
            # Of those whose walk began, which are all.
            left = np.flatnonzero(ints["outcome"] == _WAITS)
            # In the order in which they came to wait: group after group, as the processor has it.
            order = np.lexsort((ints["order"][left], tile.group_of[left]))
            left = left[order]
            yield number, self._groups_of(tile, left, ints["size_class"][left])

    def _groups_of(
        self, tile: _Tile, left: NDArray[np.intp], classes: NDArray[np.int32] | None
    ) -> list[NDArray[np.intp]]:
        """Form the groups of a round from those who wait; `lane_groups` says how."""
        if classes is not None and left.size:
            keys = classes.astype(np.int64) - int(classes.min())
            shift = 0
            while int(keys.max()) >> shift >= _MOST_CLASSES:
                shift += 1
            order = np.argsort(keys >> shift, kind="stable")
            left, classes = left[order], classes[order]
        groups: list[NDArray[np.intp]] = []
        at = 0
        while at < left.size:
            end = min(at + LANES, left.size)
            if self._wide and classes is not None:
                apart = np.abs(classes[at:end] - classes[at]) > _CLASSES_AN_OCTAVE * _MOST_OCTAVES
                end = at + int(np.argmax(apart)) if apart.any() else end
            tile.group_of[left[at:end]] = len(groups)
            groups.append(left[at:end])
            at = end
        return groups

    def _fill(self, tiles: Sequence[_Tile], points: int) -> None:
        """Fill the walks with how their points ended."""
        parts = [
            (self._reals, 0, points * _POINT_REALS * self._numbers.real_bytes),
            (self._ints, 0, points * _POINT_INTS.itemsize),
        ]
        reals_part, ints_part = self._device.read(parts)
        reals = self._numbers.joined(np.frombuffer(reals_part, self._numbers.dtype))
        reals = reals.reshape(points, _POINT_REALS)
        ints = np.frombuffer(ints_part, _POINT_INTS)
        for tile in tiles:
            own = slice(tile.first, tile.first + tile.points.size)
            escaped = ints["outcome"][own] == _ESCAPED
            x, y = np.where(escaped[:, None], reals[own, _AT : _AT + 2], 0.0).T
            slope = np.zeros((2, tile.points.size if self._slopes else 0))
            if self._slopes:
                exponent = np.where(escaped, ints["slope_exponent"][own], 0)
                slope[:] = np.where(
                    escaped,
                    np.ldexp(reals[own, _SLOPE : _SLOPE + 2].T, np.maximum(exponent, -2000)),
                    0.0,
                )
            tile.walk.fill(
                tile.points,
                Results(
                    ints["n"][own],
                    ints["outcome"][own].astype(np.uint8),
                    x,
                    y,
                    np.where(escaped, ints["count"][own], 0),
                    slope,
                ),
            )
