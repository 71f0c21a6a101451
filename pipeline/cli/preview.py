"""`preview`: the video of a config, small and quick."""

from dataclasses import replace
from pathlib import Path

from pipeline.cli.opening import opened
from pipeline.cli.zoom import make_video
from pipeline.config.coarse import coarse
from pipeline.plan.outputs import Outputs


def preview(
    path: Path,
    root: Path,
    name: str | None = None,
    place: str | None = None,
    device: str | None = None,
) -> None:
    """Make ``NAME-preview.mp4``: a quarter of the size, ten frames per second."""
    config = opened(path, name, place=place, device=device)
    outputs = replace(Outputs.of(config, root), name=f"{config.name}-preview", variant="")
    make_video(coarse(config), outputs, "preview")
