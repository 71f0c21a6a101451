"""The arena: regions that do not overlap, are found again, and give their memory back."""

import mmap

import numpy as np
import pytest

from pipeline.drawing.arena import Arena, whole_pages
from pipeline.drawing.frame_buffers import FrameBuffers


@pytest.fixture
def arena():
    arena = Arena(4 * mmap.PAGESIZE)
    yield arena
    arena.close()


def test_regions_do_not_overlap_and_are_free_again(arena):
    sizes = [1, mmap.PAGESIZE, mmap.PAGESIZE + 1]
    offsets = [arena.take(size) for size in sizes]
    assert offsets == [0, mmap.PAGESIZE, 2 * mmap.PAGESIZE]
    with pytest.raises(MemoryError, match="left in the arena"):
        arena.take(1)
    for offset, size in zip(offsets[::-1], sizes[::-1], strict=True):
        arena.give_back(offset, size)
    assert arena.take(4 * mmap.PAGESIZE) == 0


def test_what_is_written_is_read_until_it_is_given_back(arena):
    offset = arena.take(100)
    arena.map.region(offset, 100)[:] = 7
    np.testing.assert_array_equal(arena.map.region(offset, 100), 7)
    arena.give_back(offset, 100)
    if hasattr(mmap, "MADV_REMOVE"):
        assert not arena.map.region(offset, 100).any()


@pytest.mark.parametrize("frame_bytes", [384, mmap.PAGESIZE])
def test_frames_of_any_size_lie_apart(frame_bytes):
    arena = Arena(3 * whole_pages(frame_bytes))
    try:
        buffers = FrameBuffers(arena, frame_bytes)
        for index in range(3):
            assert buffers.offset(index) == buffers.offset(index)
            buffers.frame(index)[:] = index
        assert [int(buffers.frame(index).max()) for index in range(3)] == [0, 1, 2]
        buffers.free(1)
        assert buffers.offset(3) == mmap.PAGESIZE
    finally:
        arena.close()
