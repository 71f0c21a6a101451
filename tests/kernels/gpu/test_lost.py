"""A device that is lost, as by a driver's reset: destroyed under the work that goes on on it."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from pipeline.counts.compute import counts_of_rows
from pipeline.errors import DeviceLostError
from pipeline.kernels.gpu.adapters import adapters
from pipeline.kernels.gpu.device import GpuDevice, forget_device, opened_device
from pipeline.kernels.gpu.numbers import F32
from pipeline.kernels.gpu.self_test import fault_of
from pipeline.workers.card.count import count_on_card
from pipeline.workers.row_block import RowBlock
from tests.kernels.gpu.test_walk import grid_of


@pytest.mark.usefixtures("device")
def test_a_device_destroyed_under_a_walk_ends_it_with_an_error():
    other = GpuDevice.opened(adapters()[0])
    begun = threading.Event()

    def destroy():
        begun.wait()
        other.destroy()

    def go_on():
        while True:
            assert fault_of(other, F32) is None
            begun.set()

    thread = threading.Thread(target=destroy)
    thread.start()
    with pytest.raises(DeviceLostError):
        go_on()
    thread.join()


def test_a_block_whose_device_was_lost_is_told_and_counted_when_it_is_asked_for_again(
    references, device
):
    grid = grid_of("e1000", references)
    block = RowBlock(grid, 0, 1)
    name = device.adapter.name
    forget_device()
    opened_device().destroy()
    lost = count_on_card(name, [block])
    assert lost.lost
    assert not lost.results
    again = count_on_card(name, [block])
    assert not again.lost
    assert again.results[0].chunks == block.count().chunks
    found = counts_of_rows(replace(grid, device="gpu"), 0, grid.rows)
    np.testing.assert_array_equal(found.n, counts_of_rows(grid, 0, grid.rows).n)
