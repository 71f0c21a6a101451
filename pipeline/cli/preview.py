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


def preview(path: Path, root: Path, name: str | None = None, place: str | None = None) -> None:
    """Make ``NAME-preview.mp4``: a quarter of the size, ten frames per second."""
    config = opened(path, name, place=place)
    outputs = replace(Outputs.of(config, root), name=f"{config.name}-preview", variant="")
    make_video(coarse(config), outputs, "preview")


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
