"""The config's sections and fields, each with its range and its default."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict

from pipeline.colour.look import Blend, By, InteriorBy, Rgb, Scale
from pipeline.config.beats import BPM, SECONDS, TIME, Time
from pipeline.config.kinds import (
    COLOUR,
    FRACTION,
    PALETTE,
    PERIOD,
    POINT,
    POSITIVE,
    SEAM,
    TURNS,
    Coordinate,
    MaxIter,
    Palette,
    listed,
    some_text,
)
from pipeline.config.quality import QUALITIES
from pipeline.config.value import (
    FRAME_RATE,
    number,
    whole,
    word,
)
from pipeline.geometry.projection import FLAT, PROJECTIONS
from pipeline.kernels.choice import ACCURACIES, AUTO, CPU, GPU, NUMPY
from pipeline.kernels.tracing import TrapShape
from pipeline.video.encoding import PIXEL_FORMATS, PRESETS

CODECS = tuple(PRESETS)
PIXELS = tuple(dict.fromkeys(name for names in PIXEL_FORMATS.values() for name in names))
Loop = Literal["none", "there-and-back"]
Ease = Literal["smooth", "linear", "in", "out", "in-out"]
Reuse = Literal["bands", "frames", "auto"]
Engine = Literal["local", "dask"]
Keep = Literal["all", "needed", "nothing"]
MAX_LAYERS = 8
MAX_MOMENTS = 1000
MAX_KEYFRAMES = 10_000


class Section(BaseModel):
    """A mapping of the config: unknown keys are faults, and values are fixed once read.

    The docstring below a field is its description in the JSON Schema, and in the reference.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class AudioSection(Section):
    """The sound of the video, and the tempo of the music for keyframes that keep to it.

    The sound begins and ends with the video: a longer one is cut, a shorter one begins again.
    """

    file: Annotated[str | None, some_text("a sound file, such as music.flac")] = None
    """Sound file, from the config's folder, in any usual format; no sound if left out."""
    start: Annotated[Decimal, SECONDS] = Decimal(0)
    """Position in the sound file at which the sound begins, in seconds."""
    gain: Annotated[Decimal, number("-60", "24", "decibels, from -60 to 24")] = Decimal(0)
    """Amplification of the sound, in decibels; below 0 it is quieter."""
    fade_in: Annotated[Decimal, SECONDS] = Decimal(0)
    """Time in which the sound fades in, in seconds."""
    fade_out: Annotated[Decimal, SECONDS] = Decimal(2)
    """Time in which the sound fades out before the video's end, in seconds."""
    bpm: Annotated[Decimal | None, BPM] = None
    """Tempo of the music, in beats per minute: times of keyframes may then be beats, such as
    time: 16 beats."""
    first_beat: Annotated[Decimal, SECONDS] = Decimal(0)
    """Time of the first beat, 0 beats, in seconds of the video."""


class VideoSection(Section):
    """How the video is encoded."""

    width: Annotated[int, whole(16, 16384, even=True)] = 1280
    """Width of the picture in pixels."""
    height: Annotated[int, whole(16, 16384, even=True)] = 720
    """Height of the picture in pixels."""
    fps: Annotated[Fraction, FRAME_RATE] = Fraction(30)
    """Frame rate, in frames per second; fractions such as 30000/1001 are exact."""
    codec: Annotated[str, word(*CODECS)] = "h264"
    """Codec: h264, h265, av1 and vp9 make an MP4, prores a MOV, ffv1 a lossless MKV, png a folder
    of pictures, webp and gif an animation."""
    crf: Annotated[int | None, whole(0, 63)] = None
    """Quality of a lossy codec: smaller is better and larger. If left out 18 for h264, 20 for h265,
    24 for av1 and 22 for vp9. h264 and h265 take up to 51."""
    pixel_format: Annotated[str | None, word(*PIXELS)] = None
    """Pixel format of the video, as ffmpeg calls it; if left out the one that the codec is mostly
    used with, yuv420p for h264. The ending 10le means 10 bits a component, which avoids banding."""
    hdr_white_nits: Annotated[int | None, whole(100, 1000)] = None
    """Makes an HDR10 video (PQ, BT.2020), whose white has this brightness in nits (cd/m²); 203 is
    usual (BT.2408). For h265 and av1. Left out: no HDR."""
    loop: Annotated[str, word(*get_args(Loop))] = "none"
    """Order of the frames: there-and-back plays them forwards and then backwards, so that the video
    loops without a jump."""
    projection: Annotated[str, word(*PROJECTIONS)] = FLAT
    """Projection of the pictures: flat is the plane; equirectangular the whole sphere around the
    viewer, twice as wide as high, for headsets and YouTube, which an MP4 or MOV says of itself;
    fisheye the half of it in front, in a circle, for domes; tunnel the rings around the target
    unrolled, angles across and depth downwards. All but flat are drawn from bands."""
    preset: Annotated[str | None, some_text("a preset of the codec")] = None
    """Preset of the encoder, from fast to small: ultrafast to veryslow for h264 and h265, 0 to 13
    for av1, 0 to 8 for vp9. If left out faster for h264, fast for h265, 8 for av1, 4 for vp9."""
    audio: AudioSection | None = None
    """Sound of the video, and its tempo."""


class LightSection(Section):
    """A light from the side, on a relief that rises towards the set.

    It needs traces, which take about as long again as counting; in deep views, three fifths of it.
    """

    azimuth: Annotated[Decimal, number("-360", "360", "degrees, from -360 to 360")] = Decimal(135)
    """Direction from which the light comes, in degrees counterclockwise from the right: 135 is the
    upper left."""
    elevation: Annotated[Decimal, number("1", "90", "degrees, from 1 to 90")] = Decimal(45)
    """Height of the light above the picture, in degrees."""
    strength: Annotated[Decimal, FRACTION] = Decimal("0.6")
    """Strength of the shadows: 0 for none, 1 for the darkest."""
    highlight: Annotated[Decimal, FRACTION] = Decimal("0.25")
    """Brightness of the highlight (Blinn and Phong): 0 for a matt relief, 1 for white."""
    shininess: Annotated[Decimal, number("1", "1000", "a number from 1 to 1000")] = Decimal(20)
    """Narrowness of the highlight: small is satin, large is glass."""


class FogSection(Section):
    """Fog around the set: thick far from it, where the picture is calm, thin at its details.

    It needs traces, which take about as long as counting.
    """

    colour: Annotated[Rgb, COLOUR] = (94, 114, 144)
    """Colour of the fog."""
    strength: Annotated[Decimal, FRACTION] = Decimal("0.5")
    """Part of the light that is the fog's own, far from the set."""
    distance: Annotated[Decimal, number("0.1", "10000", "pixels, from 0.1 to 10000")] = Decimal(40)
    """Distance from the set at which the fog is at 63 % of its strength, in pixels."""


class LayerSection(Section):
    """A layer of colours, blended over those below it."""

    by: Annotated[By, word(*get_args(By))]
    """Property of a point that the palette shows, as in colour.by."""
    palette: Annotated[Palette, PALETTE] = ((0, 0, 0), (255, 255, 255))
    """Palette of the layer; from black to white if left out."""
    period: Annotated[Decimal | None, PERIOD] = None
    """Length of one turn of the palette, as in colour.period."""
    offset: Annotated[Decimal, TURNS] = Decimal(0)
    """Shift of the palette, in turns."""
    scale: Annotated[Scale, word(*get_args(Scale))] = "adaptive"
    """Scale on which iteration counts map to the palette, as in colour.scale."""
    blend: Annotated[Blend, word(*get_args(Blend))] = "overlay"
    """Blend mode, as image editors name it."""
    opacity: Annotated[Decimal, FRACTION] = Decimal("0.5")
    """Opacity of the layer: 0 is invisible, 1 covers what lies below."""


class MomentSection(Section):
    """A colour keyframe; from one to the next colours change evenly to the eye.

    What it leaves out is as the section colour has it.
    """

    time: Annotated[Time, TIME]
    """Time of the colour keyframe, in seconds of the video, or in beats of video.audio.bpm."""
    palette: Annotated[Palette | None, PALETTE] = None
    """Palette from here on."""
    offset: Annotated[Decimal | None, TURNS] = None
    """Shift of the palette here, in turns."""
    interior: Annotated[Rgb | None, COLOUR] = None
    """Colour of the points that do not escape, from here on."""
    light: LightSection | None = None
    """Light from here on."""


class ColourSection(Section):
    """How counts become colours. Nothing in it makes counts be computed again."""

    by: Annotated[By, word(*get_args(By))] = "count"
    """Property of a point that the palette shows: count is the smooth iteration count, distance the
    distance to the set, stripes and trap are properties of the orbit, decomposition is the angle
    under which it escapes. All but count need traces, which take about as long as counting."""
    palette: Annotated[Palette, PALETTE] = "dusk"
    """Colours from the lowest count to the highest: the name of a palette of this program (dusk,
    lagoon, ember, ink, grove, nocturne, aurora, blossom), of matplotlib, colorcet or cmocean; a
    file of another program (.map, .ugr, .gpl, .ggr, …); or a list of colours, evenly spaced."""
    period: Annotated[Decimal | None, PERIOD] = None
    """Length of one turn of the palette, in the unit of the scale: spreads of a picture's counts
    (adaptive), counts (linear), square roots of counts (sqrt), doublings of the count (log), or
    octaves of the zoom (histogram). For distance the pixels at which the middle of the palette is
    shown. If left out 1, 60, 8, 1.6, 4, and 8 pixels."""
    offset: Annotated[Decimal, TURNS] = Decimal(0)
    """Shift of the palette, in turns."""
    cycle: Annotated[Decimal, number("-100", "100", "turns a second, from -100 to 100")] = Decimal(
        0
    )
    """Speed at which the palette moves, in turns per second."""
    scale: Annotated[Scale, word(*get_args(Scale))] = "adaptive"
    """Scale on which iteration counts map to the palette. adaptive fits it to how far the counts of
    a picture spread, at each depth of the zoom, so that it is as rich at 1e-300 as at the start.
    histogram spreads the palette so that every colour appears about equally often over the whole
    zoom."""
    seam: Annotated[Rgb | Literal["auto", "none"], SEAM] = "auto"
    """Tone of the finest detail, where the palette turns faster than pixels can show: auto mixes it
    of the palette's dark colours, none shows the mean of the palette, which is mostly grey."""
    interior: Annotated[Rgb, COLOUR] = (0, 0, 0)
    """Colour of the points that do not escape."""
    interior_by: Annotated[InteriorBy, word(*get_args(InteriorBy))] = "colour"
    """Property that colours the points that do not escape: colour is interior for all, multiplier
    and period are properties of the cycle that draws a point in, known where float64 finds it and
    in the minibrot at a deep zoom's target."""
    interior_palette: Annotated[Palette, PALETTE] = "gray"
    """Palette for interior_by: multiplier or period."""
    light: LightSection | None = None
    """Light from the side; {} for the usual one."""
    fog: FogSection | None = None
    """Fog around the set; {} for the usual one."""
    bloom: Annotated[Decimal, FRACTION] = Decimal(0)
    """Part of the light that spreads over its surroundings, as in a lens: 0.1 is soft, 0.3 a
    dream."""
    grain: Annotated[Decimal, FRACTION] = Decimal(0)
    """Film grain, new in each frame: by how much brightness varies from pixel to pixel, as a
    fraction of it. 0.05 is fine film, and makes the video about a third larger."""
    layers: Annotated[
        list[LayerSection],
        listed("layers", "layers, each with by, palette and blend", MAX_LAYERS),
    ] = []
    """Layers blended over the palette, from below."""
    keyframes: Annotated[
        list[MomentSection],
        listed(
            "colour keyframes", "colour keyframes, each with time and what changes", MAX_MOMENTS
        ),
    ] = []
    """Colour keyframes, in the order of their time."""
    stripes: Annotated[int, whole(1, 16)] = 5
    """Number of stripes around the origin, for by: stripes."""
    trap: Annotated[TrapShape, word(*get_args(TrapShape))] = "cross"
    """Shape of the orbit trap, for by: trap: points whose orbits come near it are bright."""
    trap_at: Annotated[tuple[Coordinate, Coordinate] | None, POINT] = None
    """Position of the orbit trap; i for a point and 0 for a cross if left out."""


class SecuritySection(Section):
    """TLS files by which the machines of a cluster authenticate each other."""

    ca: Annotated[str, some_text("a file, such as ca.pem")]
    """File of the certificate authority, from the config's folder."""
    certificate: Annotated[str, some_text("a file, such as cert.pem")]
    """File of this machine's certificate, from the config's folder."""
    key: Annotated[str, some_text("a file, such as key.pem")]
    """File of this machine's private key, from the config's folder."""


class RenderSection(Section):
    """How the video is computed; nothing here changes the picture beyond what it names."""

    workers: Annotated[int | None, whole(1, 256)] = None
    """Number of worker processes, of about 30 MB each; one for each usable core if left out."""
    engine: Annotated[str, word(*get_args(Engine))] = "local"
    """Place where rows are counted: local is this machine, dask the workers of a Dask cluster.
    Everything else is done on this machine."""
    device: Annotated[str, word(CPU, GPU, AUTO, NUMPY)] = CPU
    """Device that computes the counts: cpu, all cores of the processor; gpu, a graphics processor,
    too, which counts the same where it has float64; auto, a graphics processor where that is
    measured to be quicker; numpy, the processor again, slowly, and only as deep as float64 reaches,
    for where numba is not to be had."""
    scheduler: Annotated[str | None, some_text("an address")] = None
    """Address of the cluster's scheduler, such as tcp://pi0:8786; local-cluster starts a cluster on
    this machine."""
    security: SecuritySection | None = None
    """TLS files of a cluster whose address begins with tls://."""
    quality: Annotated[str, word(*QUALITIES)] = "good"
    """Samples a picture is made of: best computes and stores four times as many as good, draft a
    quarter."""
    reuse: Annotated[Reuse, word(*get_args(Reuse))] = "auto"
    """Sharing of samples among frames: bands computes a zoom once, as rings around its target;
    frames computes every picture by itself; auto takes what is less work."""
    motion_blur: Annotated[Decimal, FRACTION] = Decimal(0)
    """Fraction of a frame's time during which the shutter is open. Drawing takes several times as
    long."""
    accuracy: Annotated[str, word(*ACCURACIES)] = "fine"
    """Accuracy of the counts of deep zooms; exact costs up to twice as much as fine."""
    keep: Annotated[Keep, word(*get_args(Keep))] = "all"
    """Files that stay on disk: all; needed drops counts once the frames that show them are encoded,
    so that other colours compute them again; nothing leaves the video and the report."""
    nice: Annotated[int, whole(0, 19)] = 0
    """Niceness of all processes: other programs go first, most of all at 19."""
    pause_above_temperature: Annotated[
        Decimal | None, number("30", "120", "degrees Celsius, from 30 to 120")
    ] = None
    """Temperature of the processor above which rendering pauses, in degrees Celsius; never if left
    out."""


class KeyframeModel(Section):
    """A point of the video, with a width or a zoom; views between keyframes are interpolated."""

    time: Annotated[Time | None, TIME] = None
    """Time at which the keyframe is reached, in seconds, or in beats of video.audio.bpm, such as
    16 beats; the first is 0, and each later than the one before."""
    speed: Annotated[
        Decimal | None, number("1e-3", "1000", "octaves a second, from 0.001 to 1000")
    ] = None
    """Speed of the zoom from the keyframe before, in octaves a second, in place of time: an octave
    doubles or halves the width. Speeding up from standing still takes up to 0.75 s more, and so
    does slowing down."""
    hold: Annotated[Decimal, SECONDS] = Decimal(0)
    """Time for which the picture stands still at the keyframe, in seconds; at the last it makes the
    video longer."""
    center: Annotated[tuple[Coordinate, Coordinate], POINT]
    """Centre of the picture, [real, imaginary]. Every digit counts, quoted or not: a deep zoom
    needs about as many as its width has zeros."""
    width: Annotated[Decimal | None, POSITIVE] = None
    """Width of the picture on the real axis; any depth, such as 1e-400."""
    zoom: Annotated[
        Decimal | None, number("1e-3", "1e100000", "a number from 0.001 up", deep=True)
    ] = None
    """Magnification in place of width: 4 / the picture's height, as Kalles Fraktaler counts it."""
    rotation: Annotated[Decimal, number("-1e6", "1e6", "degrees, from -1e6 to 1e6")] = Decimal(0)
    """Angle by which the view is turned, in degrees counterclockwise."""
    maxiter: MaxIter | None = None
    """Maximum iterations per pixel at this keyframe; that of the whole config if left out."""
    ease: Annotated[Ease, word(*get_args(Ease))] = "smooth"
    """Easing of the zoom speed up to the next keyframe: smooth starts and ends gently where the
    zoom stands still, and passes keyframes without a jerk; linear is even, in starts slowly, out
    ends slowly."""


class ConfigModel(Section):
    """A Mandelbrot zoom.

    Keyframes of the view, and how the video is coloured, computed and encoded.
    """

    video: VideoSection = VideoSection()
    """How the video is encoded."""
    maxiter: MaxIter = 5000
    """Maximum iterations per pixel of every keyframe that has none of its own; auto chooses them
    from the counts."""
    colour: ColourSection = ColourSection()
    """How counts become colours."""
    render: RenderSection = RenderSection()
    """How the video is computed."""
    keyframes: Annotated[
        list[KeyframeModel],
        listed("keyframes", "keyframes, each with time, center and width", MAX_KEYFRAMES, 1),
    ]
    """Keyframes of the view, in the order of their time; one alone is a still."""
