"""`preview`: the video of a config, small and quick."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pipeline.cli.opening import opened
from pipeline.cli.zoom import make_video
from pipeline.config.load import Config
from pipeline.config.quality import QUALITIES
from pipeline.plan.outputs import Outputs

_SMALLER = 4
_FPS = Fraction(10)


def preview(path: Path, root: Path, name: str | None = None) -> None:
    """Make ``NAME-preview.mp4``: a quarter of the size, ten frames per second."""
    config = opened(path, name)
    outputs = Outputs.of(config, root)
    make_video(coarse(config), replace(outputs, name=f"{config.name}-preview"), "preview")


def coarse(config: Config) -> Config:
    """Return the config of a config's preview."""
    encoding = config.encoding
    columns, rows = (
        max(16, round(size / _SMALLER / 2) * 2) for size in (encoding.columns, encoding.rows)
    )
    return replace(
        config,
        encoding=replace(encoding, columns=columns, rows=rows, fps=min(_FPS, encoding.fps)),
        quality=QUALITIES["draft"],
    )
