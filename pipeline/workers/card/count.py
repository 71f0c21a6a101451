"""Tasks of the process that has the graphics processor."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.counts.compute import count_together
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import DeviceLostError
from pipeline.kernels.choice import GPU
from pipeline.kernels.gpu.adapters import CHOICE
from pipeline.workers.row_block import RowBlock

# A card that is lost as often as this is not tried again.
MOST_LOSSES = 2


@dataclass(frozen=True, slots=True)
class CardResult:
    """The results of some blocks, or why there are none."""

    results: list[Any]
    seconds: float
    """Time that they took."""
    lost: str = ""
    """What became of the device, if it was lost."""


def count_on_card(adapter: str, blocks: Sequence[RowBlock]) -> CardResult:
    """Count blocks that differ in their chunks alone, all at once, on an adapter by name."""
    os.environ.setdefault(CHOICE, adapter)
    start = time.perf_counter()
    grid = replace(blocks[0].grid, device=GPU)
    ranges = [(block.first_chunk, block.last_chunk) for block in blocks]
    try:
        results = count_together(grid, ranges, blocks[0].reusable, blocks[0].tracing)
    except DeviceLostError as error:
        return _lost(error)
    seconds = time.perf_counter() - start
    chunks = sum(last - first for first, last in ranges)
    for result in results:
        # They were counted at once: each took its part of the time.
        for part in result.parts:
            part.chunk_cpu_s = [seconds / chunks / len(result.parts)] * len(part.chunks)
    return CardResult(results, seconds)


def call_on_card(
    adapter: str, function: Callable[..., Any], grid: SampleGrid, *arguments: Any
) -> CardResult:
    """Call a function that counts a sample grid, on an adapter by name."""
    os.environ.setdefault(CHOICE, adapter)
    start = time.perf_counter()
    try:
        result = function(replace(grid, device=GPU), *arguments)
    except DeviceLostError as error:
        return _lost(error)
    return CardResult([result], time.perf_counter() - start)


def _lost(error: DeviceLostError) -> CardResult:
    """Say that the device was lost, and have it opened anew the next time."""
    from pipeline.kernels.gpu.device import forget_device

    forget_device()
    return CardResult([], 0.0, str(error))


def goes_with(one: RowBlock, other: RowBlock) -> bool:
    """Tell whether two blocks can be counted at once."""
    return (
        one.grid == other.grid
        and one.tracing == other.tracing
        and not one.reusable
        and not other.reusable
    )
