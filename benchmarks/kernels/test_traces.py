"""What traces cost beside the counts they belong to, and a recolouring beside encoding alone."""

import importlib
from decimal import Decimal

import numpy as np
import pytest

from benchmarks.kernels.test_perturbation import grid_of, references  # noqa: F401  # a fixture
from pipeline.counts.chunk import GridChunk
from pipeline.counts.compute import backend_of, counts_of_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.kernels.results import Outcome
from pipeline.kernels.tracing import Tracing

pytest.importorskip("numba")
deep_traces = importlib.import_module("pipeline.kernels.cpu.traces.perturbation")

SEAHORSE = Decimal("-0.743643887037158704752191506114774"), Decimal("0.131825904205311970493132")
ALL = Tracing(5, "cross")
KINDS = {"counts": None, "distance and direction": Tracing(), "stripes and a trap too": ALL}


def traced(grid, tracing):
    counts = counts_of_rows(grid, 0, grid.rows)
    escaped = counts.outcome == Outcome.ESCAPED
    backend = backend_of(grid)

    def trace():
        for chunk in range(grid.chunks):
            first, last = grid.chunk_bounds(chunk)
            own = slice(first * grid.columns, last * grid.columns)
            n = counts.n[own].astype(np.int64)
            backend.traces(GridChunk.of(grid, chunk), n, escaped[own], tracing)

    return trace


def measured(benchmark, grid, kind):
    tracing = KINDS[kind]
    work = (
        (lambda: counts_of_rows(grid, 0, grid.rows)) if tracing is None else traced(grid, tracing)
    )
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", ["1e-2", "1e-5"])
def test_float64(benchmark, width, kind):
    benchmark.group = f"640×360 pixels of seahorse at {width}"
    view = View(SEAHORSE, Decimal(width), Decimal(0), 640, 360)
    measured(benchmark, SampleGrid(view, 5000, FLOAT64), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["deep-1e50", "deep-1e1000"])
def test_deep(benchmark, references, name, kind):  # noqa: F811  # a fixture
    benchmark.group = f"640×360 pixels of {name}"
    measured(benchmark, grid_of(name, references), kind)


def together(chunk):
    backend_of(chunk.grid).counts_and_traces(chunk, Tracing())


def in_turn(chunk):
    """As where the light came later, and the counts were stored."""
    backend = backend_of(chunk.grid)
    counts = backend.counts(chunk)
    backend.traces(chunk, counts.n, counts.outcome == Outcome.ESCAPED, Tracing())


def up_to_known_counts(chunk):
    """With a second walk of the escaping points alone, each up to its count."""
    counts = backend_of(chunk.grid).counts(chunk)
    escaped = counts.outcome == Outcome.ESCAPED
    deep_traces.traces(*chunk.tables(), *chunk.offsets(), counts.n, escaped, Tracing())


@pytest.mark.parametrize("way", [together, in_turn, up_to_known_counts])
@pytest.mark.parametrize("name", ["deep-1e50", "deep-1e300", "deep-1e1000"])
def test_one_walk_beside_two(benchmark, references, name, way):  # noqa: F811  # a fixture
    benchmark.group = f"640×360 pixels of {name}, counted and traced"
    grid = grid_of(name, references)
    chunks = [GridChunk.of(grid, number) for number in range(grid.chunks)]
    benchmark.pedantic(lambda: list(map(way, chunks)), rounds=5, warmup_rounds=1)
