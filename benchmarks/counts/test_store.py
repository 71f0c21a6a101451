"""What storing costs beside computing, and how much it saves."""

from decimal import Decimal

import pytest

from pipeline.colour.look import Look
from pipeline.colour.shade import Shader
from pipeline.counts.codec_counts import counts_from_packed, packed_from_counts
from pipeline.counts.compute import counts_of_rows
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64

CENTER = Decimal("-0.743643887037151"), Decimal("0.131825904205330")
GRID = SampleGrid(View(CENTER, Decimal("1e-4"), Decimal(0), 1280, 25), 2000, FLOAT64)
COUNTS = counts_of_rows(GRID, 0, 25)

pytestmark = pytest.mark.benchmark(group="one chunk, 1280×25 samples")


def test_compute(benchmark):
    benchmark(counts_of_rows, GRID, 0, 25)


def test_pack(benchmark):
    packed = benchmark(packed_from_counts, COUNTS, 25, 1280)
    benchmark.extra_info["bytes a sample"] = len(packed) / (1280 * 25)


def test_unpack(benchmark):
    benchmark(counts_from_packed, packed_from_counts(COUNTS, 25, 1280), 25, 1280)


def test_colour(benchmark):
    shader = Shader(Look("dusk", 8.0, 0.0, 0.0, "sqrt", (0, 0, 0)))
    benchmark(shader.light, COUNTS.smooth.reshape(25, 1280), 1)
