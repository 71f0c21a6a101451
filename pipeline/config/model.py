"""The config's sections and fields, each with its range and its default."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from pipeline.colour.look import Blend, By, InteriorBy, Rgb, Scale
from pipeline.colour.palette_files import MOST_COLOURS
from pipeline.config.quality import QUALITIES
from pipeline.config.value import (
    colour_from,
    frame_rate_from,
    number,
    text_of,
    whole,
    whole_or_auto,
    word,
    wrong,
)
from pipeline.kernels.choice import ACCURACIES, AUTO, DEVICES
from pipeline.kernels.tracing import TrapShape

CODECS = ("h264", "h265", "av1", "vp9", "prores", "ffv1", "png", "webp", "gif")
PIXEL_FORMATS = (
    "yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le",
    "gbrp", "gbrp16le",
)  # fmt: skip  # YCbCr, and RGB
LOOPS = ("none", "there-and-back")
EASES = ("linear", "in", "out", "in-out")
REUSES = ("bands", "frames", "auto")
ENGINES = ("local", "dask")
KEEPS = ("all", "needed", "nothing")
SCALES = ("linear", "sqrt", "log", "histogram")
BYS = ("count", "distance", "stripes", "trap", "decomposition")
BLENDS = ("normal", "multiply", "screen", "overlay", "soft-light", "add")
INTERIORS = ("colour", "multiplier", "period")
TRAPS = ("point", "cross")
MAX_LAYERS = 8
MAX_MOMENTS = 1000
MAX_KEYFRAMES = 10_000
MAX_MAXITER = 2_000_000_000
MAX_SECONDS = 86_400

Ease = Literal["linear", "in", "out", "in-out"]
Reuse = Literal["bands", "frames", "auto"]
Keep = Literal["all", "needed", "nothing"]


def _palette_from(value: Any) -> str | tuple[Rgb, ...]:
    """Read a palette: a name, checked with the other faults later, or a list of colours."""
    if not isinstance(value, list):
        return text_of(value, "the name of a palette, or a list of colours")
    if not 2 <= len(value) <= MOST_COLOURS:
        raise wrong(
            f"has {len(value)} colours, and should have 2 to {MOST_COLOURS}, "
            'such as ["#000764", "#ffffff", "#ffaa00"]'
        )
    return tuple(colour_from(colour) for colour in value)


def _layers_from(value: Any) -> Any:
    if not isinstance(value, list):
        raise wrong("should be a list of layers, each with by, palette and blend")
    if len(value) > MAX_LAYERS:
        raise wrong(f"has {len(value)} layers, and may have {MAX_LAYERS}")
    return value


def _moments_from(value: Any) -> Any:
    if not isinstance(value, list):
        raise wrong("should be a list of colour keyframes, each with time and what changes")
    if len(value) > MAX_MOMENTS:
        raise wrong(f"has {len(value)} colour keyframes, and may have {MAX_MOMENTS}")
    return value


def _two_numbers_from(value: Any) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise wrong("should be two numbers, [real, imaginary], such as [-0.75, 0]")
    return value


def _keyframes_from(value: Any) -> Any:
    if not isinstance(value, list) or not value:
        raise wrong("should be a list of keyframes, each with time, center and width")
    if len(value) > MAX_KEYFRAMES:
        raise wrong(f"has {len(value)} keyframes, and may have {MAX_KEYFRAMES}")
    return value


Coordinate = Annotated[Decimal, number("-1000", "1000", "a number from -1000 to 1000", deep=True)]
MaxIter = Annotated[int | Literal["auto"], whole_or_auto(1, MAX_MAXITER)]
Positive = number("1e-100000", "1000", "a number above 0 and up to 1000", deep=True)


class Section(BaseModel):
    """A mapping of the config: unknown keys are faults, and values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class VideoSection(Section):
    """How the MP4 is made."""

    width: Annotated[int, whole(16, 16384, even=True)] = 1280
    height: Annotated[int, whole(16, 16384, even=True)] = 720
    fps: Annotated[Fraction, BeforeValidator(frame_rate_from)] = Fraction(30)
    codec: Annotated[str, word(*CODECS)] = "h264"
    # None: the codec's own default.
    crf: Annotated[int | None, whole(0, 63)] = None
    # None: what the codec is mostly used with.
    pixel_format: Annotated[str | None, word(*PIXEL_FORMATS)] = None
    # HDR10: PQ and BT.2020, white as bright as this. BT.2408 has 203 nits for it.
    hdr_white_nits: Annotated[int | None, whole(100, 1000)] = None
    # "there-and-back" plays the frames back again, so that the end meets the start.
    loop: Annotated[str, word(*LOOPS)] = "none"
    preset: Annotated[
        str | None, BeforeValidator(lambda value: text_of(value, "a preset of the codec"))
    ] = None


class LightSection(Section):
    """A light from the side, on a relief that rises towards the set."""

    # Degrees, counterclockwise from the right: 135 is the upper left.
    azimuth: Annotated[Decimal, number("-360", "360", "degrees, from -360 to 360")] = Decimal(135)
    elevation: Annotated[Decimal, number("1", "90", "degrees, from 1 to 90")] = Decimal(45)
    strength: Annotated[Decimal, number("0", "1", "a number from 0 to 1")] = Decimal("0.6")


class LayerSection(Section):
    """Colours laid over those below."""

    by: Annotated[By, word(*BYS)]
    palette: Annotated[str | tuple[Rgb, ...], BeforeValidator(_palette_from)] = (
        (0, 0, 0),
        (255, 255, 255),
    )
    # None: what suits the property and the scale.
    period: Annotated[Decimal | None, number("1e-6", "1e9", "a number from 1e-6 to 1e9")] = None
    offset: Annotated[Decimal, number("-1e6", "1e6", "turns, from -1e6 to 1e6")] = Decimal(0)
    scale: Annotated[Scale, word(*SCALES)] = "sqrt"
    blend: Annotated[Blend, word(*BLENDS)] = "overlay"
    opacity: Annotated[Decimal, number("0", "1", "a number from 0 to 1")] = Decimal("0.5")


class MomentSection(Section):
    """A colour keyframe; what it leaves out is as the section has it."""

    time: Annotated[Decimal, number("0", str(MAX_SECONDS), f"seconds from 0 to {MAX_SECONDS}")]
    palette: Annotated[str | tuple[Rgb, ...] | None, BeforeValidator(_palette_from)] = None
    offset: Annotated[Decimal | None, number("-1e6", "1e6", "turns, from -1e6 to 1e6")] = None
    interior: Annotated[Rgb | None, BeforeValidator(colour_from)] = None
    light: LightSection | None = None


class ColourSection(Section):
    """How points look."""

    # What the palette is laid along. All but `count` need the orbits once more: about as long as
    # counting takes.
    by: Annotated[By, word(*BYS)] = "count"
    palette: Annotated[str | tuple[Rgb, ...], BeforeValidator(_palette_from)] = "dusk"
    # None: what suits the scale.
    period: Annotated[Decimal | None, number("1e-6", "1e9", "a number from 1e-6 to 1e9")] = None
    offset: Annotated[Decimal, number("-1e6", "1e6", "turns, from -1e6 to 1e6")] = Decimal(0)
    cycle: Annotated[Decimal, number("-100", "100", "turns a second, from -100 to 100")] = Decimal(
        0
    )
    scale: Annotated[Scale, word(*SCALES)] = "sqrt"
    interior: Annotated[Rgb, BeforeValidator(colour_from)] = (0, 0, 0)
    # By the cycle that a point is drawn to, where float64 finds it, and in the minibrot whose
    # nucleus a deep zoom's target is.
    interior_by: Annotated[InteriorBy, word(*INTERIORS)] = "colour"
    interior_palette: Annotated[str | tuple[Rgb, ...], BeforeValidator(_palette_from)] = "gray"
    light: LightSection | None = None
    layers: Annotated[list[LayerSection], BeforeValidator(_layers_from)] = []
    # Change in time, even to the eye between keyframes.
    keyframes: Annotated[list[MomentSection], BeforeValidator(_moments_from)] = []
    # Stripes around the origin.
    stripes: Annotated[int, whole(1, 16)] = 5
    # Bright is what comes near it in its last steps.
    trap: Annotated[TrapShape, word(*TRAPS)] = "cross"
    # None: i for a point, 0 for a cross.
    trap_at: Annotated[tuple[Coordinate, Coordinate] | None, BeforeValidator(_two_numbers_from)] = (
        None
    )


class SecuritySection(Section):
    """Files by which the machines of a cluster know each other; they stay where they are."""

    ca: Annotated[str, BeforeValidator(lambda value: text_of(value, "a file, such as ca.pem"))]
    certificate: Annotated[
        str, BeforeValidator(lambda value: text_of(value, "a file, such as cert.pem"))
    ]
    key: Annotated[str, BeforeValidator(lambda value: text_of(value, "a file, such as key.pem"))]


class RenderSection(Section):
    """How it is computed; nothing here changes the picture beyond what it names."""

    # None: the cores that this process may use. A worker costs about 30 MB.
    workers: Annotated[int | None, whole(1, 256)] = None
    # "dask" has rows counted by the workers of a cluster, the rest is done here.
    engine: Annotated[str, word(*ENGINES)] = "local"
    # What computes the counts; "auto" is the best that each machine has. "numpy" is slow, and goes
    # as deep as float64 does.
    device: Annotated[str, word(AUTO, *DEVICES)] = AUTO
    # Where the cluster's scheduler listens; "local-cluster" starts one here.
    scheduler: Annotated[
        str | None, BeforeValidator(lambda value: text_of(value, "an address"))
    ] = None
    security: SecuritySection | None = None
    # How many samples a picture is made of: "best" computes and stores four times as much as
    # "good", "draft" a quarter.
    quality: Annotated[str, word(*QUALITIES)] = "good"
    # "bands" computes a zoom once, as rings around its target, "frames" every picture for itself;
    # "auto" takes what is less work.
    reuse: Annotated[Reuse, word(*REUSES)] = "auto"
    # The part of a frame's time that the shutter is open; drawing takes several times as long.
    motion_blur: Annotated[Decimal, number("0", "1", "a number from 0 to 1")] = Decimal(0)
    # How far deep counts may lie from exact ones: "exact" costs up to twice as much as "fine".
    accuracy: Annotated[str, word(*ACCURACIES)] = "fine"
    # What stays on disk: "needed" drops counts once the frames that show them are encoded, so that
    # another palette computes them again; "nothing" leaves the video alone, and the report.
    keep: Annotated[Keep, word(*KEEPS)] = "all"
    # How far all processes stand back behind others, as `nice` does; 19 the farthest.
    nice: Annotated[int, whole(0, 19)] = 0
    # Degrees Celsius; None never pauses.
    pause_above_temperature: Annotated[
        Decimal | None, number("30", "120", "degrees Celsius, from 30 to 120")
    ] = None


class KeyframeModel(Section):
    """A point of the video; `width` or `zoom` is checked with the whole text at hand."""

    time: Annotated[Decimal, number("0", str(MAX_SECONDS), f"seconds from 0 to {MAX_SECONDS}")]
    center: Annotated[tuple[Coordinate, Coordinate], BeforeValidator(_two_numbers_from)]
    width: Annotated[Decimal | None, Positive] = None
    zoom: Annotated[
        Decimal | None, number("1e-3", "1e100000", "a number from 0.001 up", deep=True)
    ] = None
    rotation: Annotated[Decimal, number("-1e6", "1e6", "degrees, from -1e6 to 1e6")] = Decimal(0)
    maxiter: MaxIter | None = None
    ease: Annotated[Ease, word(*EASES)] = "linear"


class ConfigModel(Section):
    """The whole config."""

    video: VideoSection = VideoSection()
    maxiter: MaxIter = 5000
    colour: ColourSection = ColourSection()
    render: RenderSection = RenderSection()
    keyframes: Annotated[list[KeyframeModel], BeforeValidator(_keyframes_from)]
