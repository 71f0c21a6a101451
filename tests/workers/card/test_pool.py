"""The pool with a graphics processor: real processes, a real device, really killed and destroyed."""

import math
import os
import signal
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.errors import RenderError
from pipeline.explorer.counting import count_samples
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, perturbation
from pipeline.workers.card.pool import CardPool
from pipeline.workers.pool import Task
from pipeline.workers.processes import ProcessPool
from pipeline.workers.row_block import RowBlock
from tests.graphics import need_adapter

CENTER = Point(Decimal("-1.768778833280869931158"), Decimal("-0.001738996400414413917"))


@pytest.fixture(scope="module")
def adapter():
    need_adapter()
    from pipeline.kernels.gpu.adapters import adapters

    return adapters()[0].name


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """A deep view of a few chunks, and its orbit."""
    from pipeline.counts.orbits.tables import References

    folder = tmp_path_factory.mktemp("references")
    references = References(folder, folder / "tables")
    view = View(CENTER, Decimal("1e-18"), Decimal(0), 64, 6 * 512)
    target = Target(CENTER, bits_for(view.spacing()))
    references.orbit(target).extend(2000, math.inf)
    return SampleGrid(view, 2000, perturbation(ACCURACIES["fine"]), target, references)


@pytest.fixture(scope="module")
def right(grid):
    """The packed chunks, counted by this process."""
    return [RowBlock(grid, chunk, chunk + 1).count().chunks for chunk in range(grid.chunks)]


@pytest.fixture
def pool(adapter):
    with CardPool(ProcessPool(1), ProcessPool(1), adapter) as pool:
        yield pool


def tasks_of(grid):
    return [
        Task.counting(f"chunk {chunk}", RowBlock(grid, chunk, chunk + 1), chunk)
        for chunk in range(grid.chunks)
    ]


def kill_card(pool):
    """Kill the process that has the graphics processor."""
    [process] = pool._card.process._processes()
    os.kill(process.pid, signal.SIGKILL)


def test_processor_and_card_share_the_rows_and_count_the_same(pool, grid, right):
    found = {task.tag: result for task, result in pool.results(tasks_of(grid))}
    assert [found[chunk].chunks for chunk in range(grid.chunks)] == right
    assert pool.retried() == []
    assert pool.in_flight == 0


def test_a_card_lost_once_costs_only_its_blocks(pool, grid, right):
    found = {}
    for task in tasks_of(grid):
        pool.submit(task)
    kill_card(pool)
    while pool.in_flight:
        found |= {task.tag: result for task, result in pool.finished(1.0)}
    assert [found[chunk].chunks for chunk in range(grid.chunks)] == right
    assert pool.retried() == ["1 times the graphics processor lost"]
    assert "its row blocks are counted again" in "\n".join(pool.news())


def test_a_card_lost_twice_is_done_without(pool, grid, right):
    found = {}
    for task in tasks_of(grid):
        pool.submit(task)
    kill_card(pool)
    while pool._card.losses == 0:
        found |= {task.tag: result for task, result in pool.finished(1.0)}
    for task in tasks_of(grid):
        pool.submit(task)
    while not pool._card.process._processes():
        found |= {task.tag: result for task, result in pool.finished(0.05)}
    kill_card(pool)
    while pool.in_flight:
        found |= {task.tag: result for task, result in pool.finished(1.0)}
    assert [found[chunk].chunks for chunk in range(grid.chunks)] == right
    assert "the processor goes on without it" in "\n".join(pool.news())
    # And so it does.
    again = {task.tag: result for task, result in pool.results(tasks_of(grid))}
    assert [again[chunk].chunks for chunk in range(grid.chunks)] == right


def test_what_only_a_card_counts_says_so_once_there_is_none(pool, grid):
    other = replace(grid, arithmetic=perturbation(ACCURACIES["draft"], "f32"))
    pool._card.lost = 2
    pool.submit(Task.counting("frame 7, rows 0 to 512", RowBlock(grid, 0, 1)))
    with pytest.raises(RenderError, match=r"frame 7, rows 0 to 512: .* in f32, .*--device cpu"):
        pool.submit(Task.counting("frame 7, rows 0 to 512", RowBlock(other, 0, 1)))


def test_a_picture_of_the_explorer_is_counted_on_the_card_or_by_the_processor_alike(pool, grid):
    small = replace(grid, geometry=replace(grid.geometry, rows=64))
    tasks = [Task("picture", count_samples, (small,), k, counts_grid=True) for k in range(3)]
    found = {task.tag: result for task, result in pool.results(tasks)}
    right = count_samples(small).smooth
    assert sorted(found) == [0, 1, 2]
    for counted in found.values():
        np.testing.assert_array_equal(counted.smooth, right)
