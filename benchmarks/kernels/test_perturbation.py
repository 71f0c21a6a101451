"""How fast deep views are: by accuracy, beside single steps, and the reference orbit beside its
multiplications alone.
"""

import importlib
import math
from decimal import Decimal
from pathlib import Path

import gmpy2
import numpy as np
import pytest

from pipeline.config.load import load_config
from pipeline.counts.compute import counts_of_rows
from pipeline.counts.orbits.orbit import Orbit
from pipeline.counts.orbits.tables import References
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, perturbation
from pipeline.kernels.reference import Approximation

pytest.importorskip("numba")
counts = importlib.import_module("pipeline.kernels.cpu.perturbation.counts")
approximation = importlib.import_module("pipeline.kernels.cpu.perturbation.approximation")

CONFIGS = Path(__file__).parents[2] / "configs"
MAXITER = {"deep-1e50": 263_010, "deep-1e300": 212_138, "deep-1e1000": 32_000}


@pytest.fixture(scope="session")
def references(tmp_path_factory):
    folder = tmp_path_factory.mktemp("references")
    return References(folder, folder / "tables")


def grid_of(name, references, accuracy="fine"):
    """The deepest view of a config, at 640×360."""
    keyframe = load_config(CONFIGS / f"{name}.yaml").keyframes[-1]
    view = View(keyframe.center, keyframe.width, Decimal(0), 640, 360)
    target = Target(view.center, bits_for(view.spacing()))
    references.orbit(target).extend(MAXITER[name], math.inf)
    arithmetic = perturbation(ACCURACIES[accuracy])
    return SampleGrid(view, MAXITER[name], arithmetic, target, references)


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("name", MAXITER)
def test_a_picture(benchmark, references, name, accuracy):
    benchmark.group = f"640×360 pixels of {name}"
    grid = grid_of(name, references, accuracy)
    counts = benchmark.pedantic(counts_of_rows, (grid, 0, 360), rounds=5, warmup_rounds=1)
    benchmark.extra_info["steps a pixel"] = counts.iterations / counts.n.size
    benchmark.extra_info["mean n"] = float(counts.n.mean())


@pytest.mark.parametrize("stretches", [True, False])
def test_stretches_beside_single_steps(benchmark, references, stretches):
    """Of a hundredth of the pixels: one by one, they take hundreds of thousands of steps."""
    benchmark.group = "64×36 pixels of deep-1e50"
    grid = grid_of("deep-1e50", references)
    view = grid.geometry.resized(64, 36)
    exponent = view.distance_exponent(view.center)
    reference, table = references.loaded(grid.target, grid.maxiter, exponent, -40)
    if not stretches:
        nothing = np.empty((0, approximation.NODE_SIZE)), np.empty((0, 2)), np.zeros(3, np.int64)
        table = Approximation(*nothing, 2, exponent)
    points = view.points_from(view.center, exponent, 0, 36)
    benchmark.pedantic(
        counts.walk, (reference, table, *points, grid.maxiter), rounds=1, warmup_rounds=1
    )


@pytest.mark.parametrize("name", MAXITER)
def test_building_a_table(benchmark, references, name):
    benchmark.group = f"the table of {name}"
    grid = grid_of(name, references)
    reference = references.orbit(grid.target).reference(grid.maxiter)
    count = int(approximation.level_offsets(reference.steps)[-1])
    nodes, radius = np.zeros((count, approximation.NODE_SIZE)), np.zeros((count, 2))
    exponent = grid.geometry.distance_exponent(grid.geometry.center)
    benchmark(approximation.fill, reference, exponent, 2.0**-40, nodes, radius)


# So many that files cost nothing beside them.
STEPS = {256: 200_000, 1024: 100_000, 3456: 20_000, 17_664: 5_000}
# Inside the set, where no orbit ends.
CENTER = Decimal("-0.1"), Decimal("0.7")


@pytest.mark.parametrize("bits", STEPS)
@pytest.mark.parametrize("what", ["orbit", "its two multiplications"])
def test_the_reference_orbit(benchmark, tmp_path_factory, bits, what):
    benchmark.group = f"{STEPS[bits]} steps of {bits} bits"
    # Dividing by 3 fills all bits: short numbers multiply faster.
    with gmpy2.context(precision=bits):
        center = tuple(Decimal(str(gmpy2.mpfr(str(part)) / 3 * 3)) for part in CENTER)
    target = Target(center, bits)

    def orbit():
        Orbit(tmp_path_factory.mktemp("orbit"), target).extend(STEPS[bits], math.inf)

    def multiplications():
        with gmpy2.context(precision=bits):
            x, y = (gmpy2.mpfr(str(part)) / 3 for part in center)
            for _ in range(STEPS[bits]):
                x * y
                y * x

    benchmark.pedantic(orbit if what == "orbit" else multiplications, rounds=3, warmup_rounds=1)
