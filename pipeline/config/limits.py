"""Limits of a config as a whole, beyond those of each value."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from pipeline.config.model import ConfigModel
from pipeline.geometry.decimals import decimal_exponent
from pipeline.kernels.choice import GPU, HAVE_NUMBA

MAX_FRAMES = 1_000_000
MAX_FRAME_DIGITS = 400_000_000
"""Largest number of frames times digits, if each frame has a grid of its own: some 350 MB."""


def limit_fault(
    model: ConfigModel, frames: Fraction, widths: Sequence[Decimal]
) -> tuple[tuple[str | int, ...], str] | None:
    """Return the path and fault of the first limit that a config is beyond; None within all.

    `frames` is the number of frame times from the first keyframe to the end.
    """
    frames += 1
    frames *= 2 if model.video.loop == "there-and-back" else 1
    if frames > MAX_FRAMES:
        return (
            ("keyframes", len(model.keyframes) - 1, "time"),
            f"makes {int(frames)} frames, and a video may have {MAX_FRAMES}; shorten it or lower "
            "fps",
        )
    digits = max(-decimal_exponent(width) for width in widths)
    if model.render.reuse == "frames" and frames * digits > MAX_FRAME_DIGITS:
        return (
            ("render", "reuse"),
            f"{int(frames)} frames of {digits} digits do not go into memory, each for itself; take "
            "bands, or shorten it",
        )
    if model.render.device == GPU and not HAVE_NUMBA:
        return ("render", "device"), "gpu needs numba, which is not installed; take cpu"
    return None
