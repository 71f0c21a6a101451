"""Walks of many points along a reference on a graphics processor.

The points of a tile form the lane groups that they form on the processor, and each group goes the
same steps: a workgroup is a lane group. Two shaders take turns: `walk` has groups go some steps,
and `form` makes the groups of a tile's next round when all of its last have ended. The host only
starts them, and looks how many tiles are left. A dispatch is short, so that the screen stays usable
and no watchdog takes the device away: groups are put aside and go on in the next.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.cpu.perturbation.arguments import Results
from pipeline.kernels.cpu.perturbation.counts import Walk, tiles_of
from pipeline.kernels.cpu.perturbation.group_steps import LANES
from pipeline.kernels.gpu.device import GpuDevice
from pipeline.kernels.gpu.numbers import Numbers, shader_text
from pipeline.kernels.gpu.pacing import Pace
from pipeline.kernels.gpu.packing import Layout, packed_tables
from pipeline.kernels.reference import Approximation, Reference
from pipeline.kernels.results import Outcome

# Lane groups that are under way at once: more than any card runs.
_SLOTS = 8192
# Points of all tiles under way.
_MOST_POINTS = 1 << 19

_WAITS = -1
_ESCAPED = int(Outcome.ESCAPED)

_WALK = "lanes.wgsl", "reference.wgsl", "leave.wgsl", "group.wgsl", "steps.wgsl", "walk.wgsl"

# What follows is as in work.wgsl.
_PARAMS = [
    "zero", "points", "tiles", "slots", "most_steps", "maxiter", "steps_end", "k", "lowest_level",
    "levels", "deep", "wide", "tiny_reals", "tiny_ints", "tiny_size", "margin_reals",
    "margin_ints", "margin_size", "level_offsets", "node_ints",
]  # fmt: skip  # in order
_POINT_INTS = np.dtype(
    [(name, "<i4") for name in (
        "exponent", "count", "slope_exponent", "size_class", "outcome", "n",
    )]
)  # fmt: skip  # in order
# Reals of a point: where its delta, logarithm and product, slope, and offset begin.
_AT, _LOG, _SLOPE, _W, _POINT_REALS = 0, 2, 4, 6, 8
# Numbers of a lane, and those that a group has beside.
_LANE_REALS, _LANE_INTS, _GROUP_REALS, _GROUP_INTS = 8, 4, 2, 10
# Numbers at the head of the work, records of tiles, and lists as long as there are points.
_TAIL, _TILES_LEFT, _TILES = 1, 2, 4
_TILE = np.dtype(
    [(name, "<u4") for name in (
        "first", "size", "groups", "open_groups", "steps", "steps_above", "is_done", "unused",
    )]
)  # fmt: skip  # in order
_RING, _TILES_OF_GROUPS, _RANGES, _QUEUED, _ORDERS, _LISTS = 0, 1, 2, 3, 4, 10
# Bindings of the shader that forms groups.
_PARAMS_AT, _POINT_INTS_AT, _WORK_AT = 0, 6, 7


@dataclass(slots=True)
class Job:
    """Points of a chunk that are to walk."""

    w_re: NDArray[np.float64]
    """Shape (rows, columns), as for `perturbation.counts.walk`."""
    w_im: NDArray[np.float64]
    settled: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class _Tile:
    """The points of a tile, which stand side by side in the arrays of the card."""

    job: Job
    walk: Walk
    points: NDArray[np.intp]
    """Their numbers in the walk."""
    first: int
    """Number of the first of them on the card."""

    @property
    def own(self) -> slice:
        """Where they are in arrays of all points."""
        return slice(self.first, self.first + self.points.size)


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
        numbers_text = shader_text(numbers.shader, "complex.wgsl", "work.wgsl")
        slopes_text = f"const SLOPES = {str(slopes).lower()};\n"
        self._walk = device.pipeline(f"{slopes_text}{numbers_text}{shader_text(*_WALK)}", "walk")
        self._form = device.pipeline(f"{numbers_text}{shader_text('form.wgsl')}", "form")

    def _set(self, **values: int) -> None:
        for name, value in values.items():
            self._params[_PARAMS.index(name)] = value

    def batch(self, jobs: Sequence[Job]) -> list[Walk]:
        """Walk the points of some chunks, all at once."""
        tiles: list[_Tile] = []
        walks = []
        first = 0
        for job in jobs:
            walk = Walk.begun(
                *self._tables, job.w_re, job.w_im, self._maxiter, job.settled, self._slopes
            )
            walks.append(walk)
            for points in tiles_of(job.w_re.shape, job.settled):
                if points.size:
                    tiles.append(_Tile(job, walk, points, first))
                    first += points.size
        if tiles:
            self._follow(tiles, first)
        return walks

    def _follow(self, tiles: Sequence[_Tile], points: int) -> None:
        """Follow the points of some tiles to their ends, and fill their walks."""
        device, numbers = self._device, self._numbers
        reals = np.zeros((points, _POINT_REALS))
        reals[:, _LOG], reals[:, _LOG + 1] = -1.0, 1.0
        for tile in tiles:
            reals[tile.own, _W] = tile.job.w_re.reshape(-1)[tile.points]
            reals[tile.own, _W + 1] = tile.job.w_im.reshape(-1)[tile.points]
        ints = np.zeros(points, _POINT_INTS)
        ints["outcome"] = _WAITS
        ints["exponent"] = self._tables[1].offset_exponent if self._deep else 0
        group_bytes = numbers.real_bytes * (_GROUP_REALS + LANES * _LANE_REALS) + 4 * (
            _GROUP_INTS + LANES * _LANE_INTS
        )
        most_bytes = device.adapter.most_bytes
        slots = min(_SLOTS, -(-points // LANES), most_bytes // group_bytes)
        reals_buffer, ints_buffer = device.buffer(numbers.split(reals)), device.buffer(ints)
        work_buffer = device.buffer(_first_round(tiles, points))
        bindings = [
            self._params_buffer, *self._table, device.room(slots * group_bytes), reals_buffer,
            ints_buffer, work_buffer,
        ]  # fmt: skip  # in order
        walk = device.bound(self._walk, dict(enumerate(bindings)))
        forming = {at: bindings[at] for at in (_PARAMS_AT, _POINT_INTS_AT, _WORK_AT)}
        form = device.bound(self._form, forming)
        self._set(points=points, tiles=len(tiles), slots=slots)
        pace = Pace()
        left = len(tiles)
        while left:
            self._set(most_steps=pace.steps)
            device.write(self._params_buffer, self._params)
            with pace.timed():
                turns = [(self._walk, walk, slots), (self._form, form, len(tiles))]
                device.dispatch(turns * pace.turns)
                [head] = device.read([(work_buffer, 0, 4 * _TILES)])
            left = int(np.frombuffer(head, np.uint32)[_TILES_LEFT])
        parts = [
            (reals_buffer, 0, points * _POINT_REALS * numbers.real_bytes),
            (ints_buffer, 0, points * _POINT_INTS.itemsize),
            (work_buffer, 4 * _TILES, len(tiles) * _TILE.itemsize),
        ]
        reals_part, ints_part, tiles_part = device.read(parts)
        self._fill(
            tiles,
            numbers.joined(np.frombuffer(reals_part, numbers.dtype)).reshape(points, _POINT_REALS),
            np.frombuffer(ints_part, _POINT_INTS),
            np.frombuffer(tiles_part, _TILE),
        )

    def _fill(
        self,
        tiles: Sequence[_Tile],
        reals: NDArray[np.float64],
        ints: NDArray[Any],
        records: NDArray[Any],
    ) -> None:
        """Fill the walks with how their points ended."""
        for tile, record in zip(tiles, records, strict=True):
            own = ints[tile.own]
            escaped = own["outcome"] == _ESCAPED
            x, y = np.where(escaped[:, None], reals[tile.own, _AT : _AT + 2], 0.0).T
            slope = np.zeros((2, tile.points.size if self._slopes else 0))
            if self._slopes:
                exponent = np.where(escaped, own["slope_exponent"], 0)
                own_slopes = reals[tile.own, _SLOPE : _SLOPE + 2].T
                grown = np.ldexp(own_slopes, np.maximum(exponent, -2000))
                slope[:] = np.where(escaped, grown, 0.0)
            outcome = own["outcome"].astype(np.uint8)
            last_n = np.where(escaped, own["count"], 0)
            tile.walk.fill(tile.points, Results(own["n"], outcome, x, y, last_n, slope))
            tile.walk.iterations += int(record["steps"]) + (int(record["steps_above"]) << 32)


def _first_round(tiles: Sequence[_Tile], points: int) -> NDArray[np.uint32]:
    """Return the work as it begins: all points, in their order, in groups that wait to walk."""
    records = np.zeros(len(tiles), _TILE)
    lists = np.zeros((_LISTS, points), np.uint32)
    lists[_ORDERS] = np.arange(points)
    groups = 0
    for number, tile in enumerate(tiles):
        size = tile.points.size
        begins = np.arange(0, size, LANES)
        described = slice(tile.first, tile.first + begins.size)
        lists[_TILES_OF_GROUPS, described] = number
        lists[_RANGES, described] = begins * 2 * LANES + np.minimum(LANES, size - begins)
        lists[_RING, groups : groups + begins.size] = tile.first + np.arange(begins.size)
        groups += begins.size
        record = records[number]
        record["first"], record["size"] = tile.first, size
        record["groups"] = record["open_groups"] = begins.size
    head = np.zeros(_TILES, np.uint32)
    head[_TAIL], head[_TILES_LEFT] = groups, len(tiles)
    return np.concatenate([head, records.view(np.uint32), lists.reshape(-1)])
