"""A zoom from bands, beside its encoding alone and beside the same zoom frame by frame."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.load import load_config
from pipeline.monitor.report import Report
from pipeline.plan.outputs import Outputs
from pipeline.render.job import render_video
from pipeline.video import encoder
from pipeline.video.ffmpeg import FrameWriter

ROOT = Path(__file__).parents[2]
SEAHORSE = (ROOT / "configs" / "seahorse.yaml").read_text()


def zoom(config: Path, output: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pipeline", "zoom", str(config), "--output", str(output)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip  # one call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bands")
    for fps in (30, 60):
        folder.joinpath(f"{fps}.yaml").write_text(SEAHORSE.replace("fps: 30", f"fps: {fps}"))
    folder.joinpath("frames.yaml").write_text(
        SEAHORSE + "render: {reuse: frames, quality: draft}\n"
    )
    return folder


def clean(folder: Path) -> None:
    shutil.rmtree(folder / "output", ignore_errors=True)


@pytest.mark.benchmark(group="seahorse, 720p, to 1e-10")
@pytest.mark.parametrize("fps", [30, 60])
def test_everything(benchmark, folder, fps):
    benchmark.pedantic(
        zoom, (folder / f"{fps}.yaml", folder / "output"), setup=lambda: clean(folder), rounds=1
    )


@pytest.mark.benchmark(group="seahorse, 720p, to 1e-10")
@pytest.mark.parametrize("fps", [30, 60])
def test_encoding_alone(benchmark, folder, fps, monkeypatch):
    config = load_config(folder / f"{fps}.yaml")
    drawn = folder / "frames.yuv"
    # Its bands may be there, but all frames are to be drawn.
    shutil.rmtree(folder / "output" / f"{fps}" / "segments", ignore_errors=True)
    with drawn.open("wb") as file:

        class Kept(FrameWriter):
            def write(self, frame):
                file.write(frame)
                super().write(frame)

        monkeypatch.setattr(encoder, "FrameWriter", Kept)
        render_video(config, Outputs.of(config, folder / "output"), Report("zoom", {}))

    def encode():
        frames = np.memmap(drawn, np.uint8, "r").reshape(-1, config.encoding.frame_bytes)
        writer = FrameWriter(folder / "encoded.mp4", config.encoding)
        for frame in frames:
            writer.write(frame)
        writer.close()

    benchmark.pedantic(encode, rounds=2)
    drawn.unlink()


@pytest.mark.benchmark(group="seahorse, 720p, to 1e-10")
def test_recolouring(benchmark, folder):
    config = folder / "30.yaml"
    zoom(config, folder / "output")
    config.write_text(config.read_text().replace("dusk", "ember"))
    segments = folder / "output" / "30" / "segments"
    benchmark.pedantic(
        zoom,
        (config, folder / "output"),
        setup=lambda: shutil.rmtree(segments, ignore_errors=True),
        rounds=1,
    )


@pytest.mark.benchmark(group="seahorse, 720p, to 1e-10")
def test_twice_the_frame_rate_from_stored_bands(benchmark, folder):
    def before():
        clean(folder)
        zoom(folder / "30.yaml", folder / "output")
        (folder / "output" / "30").rename(folder / "output" / "60")

    benchmark.pedantic(zoom, (folder / "60.yaml", folder / "output"), setup=before, rounds=1)


@pytest.mark.benchmark(group="seahorse, 720p, to 1e-10")
def test_frame_by_frame_with_one_sample_a_pixel(benchmark, folder):
    clean(folder)
    benchmark.pedantic(zoom, (folder / "frames.yaml", folder / "output"), rounds=1)
