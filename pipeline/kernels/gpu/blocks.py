"""Counts in float64 with their blocks of steps on a graphics processor.

The first steps of all points, and the last of each, are those of the processor's own kernel; what
lies between, which is nearly everything where counts are large, is done on the card.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.gpu.device import GpuDevice
from pipeline.kernels.gpu.numbers import FLOAT64, shader_text
from pipeline.kernels.gpu.pacing import Pace
from pipeline.kernels.results import BLOCK_STEPS, FIRST_CYCLE_BLOCKS, Outcome

_INTERIOR = np.uint8(Outcome.INTERIOR)
# Points of a workgroup.
_GROUP = 64
_GOES_ON, _LEFT, _IS_INTERIOR, _REACHES_MAXITER = range(4)
_POINT = np.dtype(
    [(name, "<f8") for name in ("x", "y", "a", "b", "seen_x", "seen_y")]
    + [(name, "<i4") for name in ("block", "due", "wait", "last")]
)  # as in blocks.wgsl
_FIRST_BLOCKS = 16


class Blocks:
    """Blocks of steps on a card; called as `block_lanes.blocks` is."""

    def __init__(self, device: GpuDevice) -> None:
        self._device = device
        text = shader_text(FLOAT64.shader, "blocks.wgsl")
        self._pipeline = device.pipeline(text, "blocks")

    def __call__(
        self,
        pixels: NDArray[np.int32],
        queue: NDArray[np.float64],
        waiting: int,
        maxiter: int,
        outcome: NDArray[np.uint8],
    ) -> tuple[int, int]:
        """Iterate the queue to the block in which each point ends; see `block_lanes.blocks`.

        Raises
        ------
        DeviceLostError
            The device was lost; `outcome` is as it was.
        """
        if waiting == 0:
            return 0, 0
        points = np.empty(waiting, _POINT)
        for row, name in enumerate(("x", "y", "a", "b")):
            points[name] = queue[row, :waiting]
        points["seen_x"], points["seen_y"] = points["x"], points["y"]
        begun = queue[4, :waiting].astype(np.int64)
        points["block"] = 0
        points["wait"] = FIRST_CYCLE_BLOCKS
        points["last"] = (maxiter - begun) // BLOCK_STEPS
        points["due"] = np.minimum(FIRST_CYCLE_BLOCKS, points["last"])
        points, states = self._run(points)
        taken = BLOCK_STEPS * (points["block"].astype(np.int64) + (states == _LEFT))
        outcome[pixels[:waiting][states == _IS_INTERIOR]] = _INTERIOR
        kept = np.flatnonzero(states != _IS_INTERIOR)
        pixels[: kept.size] = pixels[kept]
        for row, name in enumerate(("x", "y", "a", "b")):
            queue[row, : kept.size] = points[name][kept]
        queue[4, : kept.size] = (begun + BLOCK_STEPS * points["block"].astype(np.int64))[kept]
        return int(taken.sum()), kept.size

    def _run(self, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the points where they ended, and how."""
        device = self._device
        chosen = np.arange(points.size, dtype=np.int32)
        params = device.room(16)
        chosen_buffer = device.buffer(chosen)
        points_buffer = device.buffer(points)
        states_buffer = device.buffer(np.zeros(points.size, np.int32))
        buffers = [params, chosen_buffer, points_buffer, states_buffer]
        bound = device.bound(self._pipeline, dict(enumerate(buffers)))
        pace = Pace(steps=_FIRST_BLOCKS)
        states = np.zeros(points.size, np.int32)
        while chosen.size:
            device.write(params, np.array([0, chosen.size, pace.steps, 0], np.uint32))
            with pace.timed():
                groups = -(-chosen.size // _GROUP)
                device.dispatch([(self._pipeline, bound, groups)] * pace.turns)
                [ended] = device.read([(states_buffer, 0, 4 * points.size)])
            states = np.frombuffer(ended, np.int32)
            # Those that ended are packed away, so that all lanes of a workgroup have work.
            chosen = chosen[states[chosen] == _GOES_ON]
            if chosen.size:
                device.write(chosen_buffer, chosen)
        [whole] = device.read([(points_buffer, 0, points.nbytes)])
        return np.frombuffer(whole, _POINT), states
