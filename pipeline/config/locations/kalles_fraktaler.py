"""Locations of Kalles Fraktaler 2, `.kfr`.

Notes
-----
By its source, fraktal_sft/Parameter.cpp, fraktal_sft.cpp, render.cpp and common/matrix.cpp (its
history in the GitHub repository smurfix/kf2; 2.15.5 in avachon100510/kf-2.15-alex-fork):

Lines `Key: value`. A pixel's spacing is 4 / (Zoom · height), and the pixel u to the right of the
middle and v below it is Re + x + i (Im + y), where (x, y) is (u, v) turned by RotateAngle degrees
from u towards v: the imaginary axis points down, and the picture is turned clockwise as ours are
counted. Before 2.15.1 it was `Rotate`, in radians and the other way round, and `Ratio`, 360 where
nothing is stretched. It draws the corner of each pixel, we its middle.

With `ImagPointsUp: 1` (since 2.15.4) the axis points up. Which way the picture is then turned its
author tells in Fraktaler 3's reader of these files (src/param.cc, from_kfr_string): it is reflected
first and turned after, counterclockwise as ours. (The elements of Kalles Fraktaler's own matrix, as
it takes them, would turn it clockwise.)
"""

import math
from decimal import Decimal
from pathlib import Path

from pipeline.config.locations.facts import Facts, pairs_of_lines
from pipeline.config.locations.kalles_colours import colour_from
from pipeline.config.locations.location import (
    Location,
    angle_from,
    mirrored,
    refusal,
    upside_down,
)

_OTHER = "draws another fractal than the Mandelbrot set"
_CUSTOM_RADIUS = 3
_STRETCHED = "stretches the picture, which is not done here"
# Keys that only concern computing, and those of older or newer versions.
_HARMLESS = (
    "Version", "Period", "SmoothMethod", "SmoothingMethod", "BailoutRadiusPreset",
    "BailoutRadiusCustom", "FactorAR", "FactorAI", "StretchAngle", "UseSRGB",
    "OpenResetsParameters", "ImageWidth", "ImageHeight", "TargetWidth", "TargetHeight",
    "TargetSupersample", "Comment", "HybridFormula",
)  # fmt: skip
# Settings of .kfs files, which some .kfr files hold, too.
_SETTINGS = (
    "ZoomSize", "MaxReferences", "GlitchLowTolerance", "ApproxLowTolerance", "AutoApproxTerms",
    "ApproxTerms", "WindowWidth", "WindowHeight", "WindowTop", "WindowLeft", "WindowBottom",
    "WindowRight", "ThreadsPerCore", "ThreadsReserveCore", "AnimateZoom", "ArbitrarySize",
    "ReuseReference", "AutoSolveGlitches", "Guessing", "SolveGlitchNear", "NoApprox",
    "AutoIterations", "ShowGlitches", "NoReuseCenter", "IsolatedGlitchNeighbourhood", "JitterSeed",
    "JitterShape", "JitterScale", "Derivatives", "ShowCrossHair", "UseNanoMB1", "UseNanoMB2",
    "OrderM", "OrderN", "InteriorChecking", "RadiusScale", "Shrink", "HalfColour", "SaveOverwrites",
    "ThreadedReference", "SIMDVectorSize", "SIMDChunkSize", "GlitchCenterMethod", "UseOpenCL",
    "OpenCLThreaded", "OpenCLPlatform", "EXRChannels", "EXRParallel", "SaveNewtonProgress",
    "DerivativeGlitch", "ReferenceStrictZero", "NumberTypes", "UseRescaledSeries",
    "UseArgMinAbsZAsGlitchCenter", "SettingsVersion", "Mirror",
)  # fmt: skip


def location_from(path: Path, text: str) -> Location:
    """Read a `.kfr`.

    Raises
    ------
    UsageError
        It lacks what a view needs, or shows anything but the Mandelbrot set as we draw it.
    """
    facts = Facts(path, pairs_of_lines(text))
    facts.only("FractalType", "0", otherwise=_OTHER)
    facts.only("Power", "2", otherwise=_OTHER)
    facts.only("UseHybridFormula", "0", otherwise=_OTHER)
    for key in ("SeedR", "SeedI"):
        facts.only(key, "0", otherwise="starts the orbits elsewhere, which draws another fractal")
    facts.only("StretchAmount", "0", otherwise=_STRETCHED)
    facts.only("ExponentialMap", "0", otherwise="draws an exponential map instead of the view")
    if facts.choice("BailoutRadiusPreset", 4) == _CUSTOM_RADIUS:
        facts.at_least("BailoutRadiusCustom", 2)
    center, zoom = facts.center("Re", "Im"), facts.zoom("Zoom")
    rotation = _rotation(facts)
    if not facts.is_set("ImagPointsUp"):
        center, rotation = upside_down(center), mirrored(rotation)
    maxiter = facts.maxiter("Iterations")
    colour = colour_from(facts)
    facts.passed_over(*_HARMLESS, *_SETTINGS)
    facts.check_rest()
    return Location(center, zoom, maxiter, rotation, colour, tuple(facts.remarks))


def _rotation(facts: Facts) -> Decimal:
    """Return the rotation of the plane in degrees, from the real to the imaginary axis."""
    # The newer key has precedence: versions that write it ignore the older one.
    if facts.has("RotateAngle"):
        facts.passed_over("Rotate", "Ratio")
        return facts.rotation("RotateAngle")
    ratio = facts.number("Ratio", "360")
    # The program computes it from whole pixels, and writes six digits after the point.
    if abs(ratio - 360) > Decimal("0.01"):
        raise refusal(facts.path, "Ratio", _STRETCHED)
    radians = facts.number("Rotate")
    if radians.copy_abs() > 1000:
        raise refusal(facts.path, "Rotate", "is out of range: it is in radians")
    degrees = -math.degrees(float(radians))
    return angle_from(facts.path, "Rotate", f"{degrees:.12g}")
