"""A cluster beside this machine alone: the same processes, the network, and how many blocks go."""

import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.config.cluster import Cluster
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.kernels.choice import FLOAT64
from pipeline.workers.cluster.connection import Connection
from pipeline.workers.cluster.pool import ClusterPool
from pipeline.workers.pool import Task
from pipeline.workers.processes import ProcessPool
from pipeline.workers.row_block import RowBlock
from tests.clusters import DaskCluster

ROOT = Path(__file__).parents[3]
DEEP = (ROOT / "configs" / "deep-1e50.yaml").read_text()
CONFIGS = {
    "seahorse": (ROOT / "configs" / "seahorse.yaml").read_text(),
    "deep": "\n".join(line for line in DEEP.splitlines() if not line.startswith("colour"))
    .replace("width: 1280, height: 720, fps: 30", "width: 640, height: 360, fps: 10"),
}  # fmt: skip  # one a line
BLOCKS = 2000


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with DaskCluster(tmp_path_factory.mktemp("cluster"), workers=2) as cluster:
        yield cluster


def carried_bytes() -> int:
    """Return the bytes that the loopback has carried."""
    lines = Path("/proc/net/dev").read_text().splitlines()
    return next(int(line.split(":")[1].split()[0]) for line in lines if line.strip()[:3] == "lo:")


def zoom(config: Path, *options: str) -> None:
    command = [sys.executable, "-m", "pipeline", "zoom", config, "--output", config.parent / "o"]
    subprocess.run([*command, *options], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("engine", ["local", "cluster", "local-cluster"])
def test_a_video(benchmark, cluster, tmp_path, name, engine):
    benchmark.group = f"{name}, two workers"
    config = tmp_path / f"{name}.yaml"
    config.write_text(CONFIGS[name] + "\nrender: {workers: 2}\n")
    options = {"local": (), "cluster": ("--scheduler", cluster.address)}.get(
        engine, ("--scheduler", engine)
    )
    # What the workers load once, they have.
    if engine == "cluster":
        zoom(config, *options)
    before = carried_bytes()
    benchmark.pedantic(
        zoom,
        (config, *options),
        setup=lambda: shutil.rmtree(tmp_path / "o", ignore_errors=True),
        rounds=2,
    )
    benchmark.extra_info["loopback bytes a video"] = (carried_bytes() - before) // 2


@pytest.mark.benchmark(group="row blocks of 16 samples")
@pytest.mark.parametrize("engine", ["local", "cluster"])
def test_how_many_blocks_come_and_go(benchmark, cluster, engine):
    view = View(Point(Decimal(2), Decimal(0)), Decimal(1), Decimal(0), 4, 4)
    grid = SampleGrid(view, 10, FLOAT64)

    def tasks():
        for number in range(BLOCKS):
            yield Task.counting(f"{number}", RowBlock(grid, 0, 1))

    def run(pool):
        assert sum(1 for _ in pool.results(tasks())) == BLOCKS

    with ProcessPool(2) as processes:
        if engine == "local":
            benchmark.pedantic(run, (processes,), rounds=2)
            return
        with ClusterPool(Connection(Cluster(cluster.address, None), 2), processes) as pool:
            pool.prepare(print)
            benchmark.pedantic(run, (pool,), rounds=2)
