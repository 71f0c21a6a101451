"""The config of a single view, for programs that have no YAML file."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from pipeline.colour.look import Look
from pipeline.colour.palette_files import PaletteFiles
from pipeline.config.colours import look_from
from pipeline.config.fault import Position
from pipeline.config.load import Config, Keyframe
from pipeline.config.model import ColourSection
from pipeline.config.quality import QUALITIES
from pipeline.geometry.view import View
from pipeline.kernels.choice import ACCURACIES, CPU, FLOAT64_NUMBERS
from pipeline.video.encoding import Encoding


def config_of_view(
    view: View,
    maxiter: int | None = None,
    look: Look | None = None,
    quality: str = "good",
    accuracy: str = "fine",
) -> Config:
    """Return the config whose one keyframe is a view; `maxiter` None lets the renderer choose.

    It counts and looks as a YAML file with that keyframe does.
    """
    keyframe = Keyframe(
        time=Fraction(0),
        center=view.center,
        width=view.width,
        rotation=view.rotation,
        maxiter=maxiter,
        ease="linear",
        hold=Fraction(0),
        position=Position(1, 1),
    )
    return Config(
        path=Path("view"),
        name="view",
        encoding=Encoding(view.columns, view.rows, Fraction(1), "png", None, "gbrp", None),
        loops=False,
        sound=None,
        look=look or look_from(ColourSection(), PaletteFiles(Path())),
        workers=None,
        cluster=None,
        certificates=None,
        device=CPU,
        numbers=FLOAT64_NUMBERS,
        quality=QUALITIES[quality],
        reuse="frames",
        motion_blur=Decimal(0),
        accuracy=ACCURACIES[accuracy],
        keep="all",
        nice=0,
        pause_above_c=None,
        keyframes=(keyframe,),
        warnings=(),
        text="",
    )
