"""Backends: the same counts whichever device computes them, and none of it in a key."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.counts.compute import counts_of_rows
from pipeline.counts.orbits.target import Target
from pipeline.counts.sample_grid import SampleGrid
from pipeline.geometry.view import View
from pipeline.kernels.backend import Backend
from pipeline.kernels.choice import DEVICES, FLOAT64, backend_for, device_named
from pipeline.kernels.formula import MANDELBROT, Formula
from pipeline.timeline.frames import FrameList
from tests.kernels.cpu.float64.test_counts import JIT_OFF

pytest.importorskip("numba")
many_points = pytest.mark.skipif(JIT_OFF, reason="thousands of points, interpreted")

CENTER = Decimal("-0.743643887037158704752"), Decimal("0.131825904205311970493")
GRID = SampleGrid(View(CENTER, Decimal("1e-3"), Decimal(20), 64, 36), 2000, FLOAT64)
ZOOM = """
video: {width: 32, height: 18, fps: 4}
maxiter: 200
render: {workers: 1, device: DEVICE}
colour: {layers: [{by: stripes}], interior_by: period}
keyframes:
  - {time: 0, center: [-0.7, 0.1], width: 2.5}
  - {time: 1, center: ["-0.743643887037158704752", "0.131825904205311970493"], width: 0.1}
"""


@many_points
def test_a_zoom_stores_the_same_counts_and_traces_whichever_device_computes_them(cli):
    stored, devices, videos = [], [], []
    for device in ("cpu", "numpy"):
        cli.output = cli.folder / device
        cli.done("zoom", cli.config(ZOOM.replace("DEVICE", device)))
        files = (cli.output / "small" / "counts").iterdir()
        # After the header, which also says how many iterations it took.
        stored.append({path.name: path.read_bytes().partition(b"]]}")[2] for path in files})
        report = json.loads((cli.output / "small" / "report.json").read_text())
        devices.append(report["config"]["render"]["device"])
        videos.append((cli.output / "small.mp4").read_bytes())
    assert devices == ["cpu", "numpy"]
    assert len(stored[0]) == 10
    assert all(stored[0].values())
    assert stored[0] == stored[1]
    assert videos[0] == videos[1]


def test_what_computes_a_grid_is_no_part_of_it():
    other = replace(GRID, device="numpy")
    assert other == GRID
    assert other.key() == GRID.key()
    # But goes along where the grid goes.
    assert other.detached().subsampled(10).device == "numpy"


@many_points
def test_each_device_counts_the_same():
    one, *others = (
        # A graphics processor has tests of its own.
        counts_of_rows(replace(GRID, device=name), 0, GRID.rows)
        for name in ("cpu", "numpy")
    )
    for other in others:
        np.testing.assert_array_equal(other.n, one.n)
        np.testing.assert_array_equal(other.outcome, one.outcome)
        np.testing.assert_allclose(other.smooth, one.smooth, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", DEVICES)
def test_every_device_has_a_backend_for_the_mandelbrot_set(name):
    assert isinstance(backend_for(name, MANDELBROT), Backend)
    assert device_named(name).name == name


def test_another_formula_has_keys_of_its_own():
    """And the Mandelbrot set those that it had before there were formulas."""
    ship = Formula("burning ship")
    assert GRID.key() == "2928d6c43a3280b906d647b06af08a7b"
    assert replace(GRID, formula=ship).key() != GRID.key()
    target = Target(GRID.geometry.center, 64)
    assert target.key() == "6e7a8faca4c6ee288ad89f864f9ce11a"
    assert replace(target, formula=ship).key() != target.key()


def test_numpy_is_refused_where_float64_does_not_tell_pixels_apart(tmp_path):
    path = tmp_path / "deep.yaml"
    path.write_text(ZOOM.replace("DEVICE", "numpy").replace("0.1}", "1e-20}"))
    with pytest.raises(ConfigError) as raised:
        FrameList(load_config(path))
    (fault,) = raised.value.faults
    assert fault.text(path) == (
        f"{path}:8:87: keyframes[1].width: 1e-20 is deeper than float64 can tell pixels apart; "
        "render.device: numpy goes no deeper, cpu does"
    )


def test_an_unknown_device_is_refused(tmp_path):
    path = tmp_path / "gpu.yaml"
    path.write_text(ZOOM.replace("DEVICE", "abacus"))
    with pytest.raises(ConfigError, match="should be one of cpu, gpu, auto, numpy"):
        load_config(path)


def without_numba(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program where numba cannot be found, as on a machine without the wheel."""
    program = f"import sys; sys.modules['numba'] = None\n{program}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_a_graphics_processor_is_refused_where_there_is_no_numba(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(ZOOM.replace("DEVICE", "gpu"))
    result = without_numba(
        "from pathlib import Path\n"
        "from pipeline.config.load import load_config\n"
        f"load_config(Path({str(path)!r}))\n"
    )
    assert result.returncode == 1
    assert f"{path}:4:30: render.device: gpu needs numba" in result.stderr


def test_cpu_is_numpy_where_there_is_no_numba():
    result = without_numba(
        "from pipeline.kernels.choice import device_named\nprint(device_named('cpu').name)\n"
    )
    assert result.stdout == "numpy\n", result.stderr
