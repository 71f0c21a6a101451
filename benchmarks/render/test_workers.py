"""A whole video with one worker and with two: how much of it is spread."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFIG = """\
video: {{width: 640, height: 360, fps: 30}}
maxiter: 20000
render: {{workers: {workers}, reuse: frames}}
keyframes:
  - time: 0
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-8
  - time: 1
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-12
"""


@pytest.mark.benchmark(group="a video of 31 frames, 1e-8 to 1e-12")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_video(benchmark, tmp_path, workers):
    config = tmp_path / "deep.yaml"
    config.write_text(CONFIG.format(workers=workers))

    output = tmp_path / "output"

    def fresh():
        subprocess.run(["rm", "-rf", str(output)], check=True)

    def run():
        subprocess.run(
            [sys.executable, "-m", "pipeline", "zoom", str(config), "--output", str(output)],
            cwd=ROOT, check=True, capture_output=True,
        )  # fmt: skip  # one call

    benchmark.pedantic(run, setup=fresh, rounds=2)
