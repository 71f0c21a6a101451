"""A config made small and quick."""

from dataclasses import replace
from fractions import Fraction

from pipeline.config.load import Config
from pipeline.config.quality import QUALITIES

_FPS = Fraction(10)


def coarse(config: Config, smaller: float = 4) -> Config:
    """Return a config of the same film, so many times smaller, at 10 frames a second at most."""
    encoding = config.encoding
    columns, rows = (
        max(16, round(size / smaller / 2) * 2) for size in (encoding.columns, encoding.rows)
    )
    return replace(
        config,
        encoding=replace(encoding, columns=columns, rows=rows, fps=min(_FPS, encoding.fps)),
        quality=QUALITIES["draft"],
    )
