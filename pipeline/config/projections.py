"""Checks of a projection against the rest of its config."""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pipeline.config.model import ConfigModel
from pipeline.geometry.decimals import context, difference
from pipeline.geometry.projection import FLAT

# A target may lie so far from the middle of the picture, in distances of its corners.
_FARTHEST_CORNERS = 3


def projection_faults(
    model: ConfigModel, widths: Sequence[Decimal]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path and fault of what does not go with the projection.

    `widths` are those of the keyframes.
    """
    video = model.video
    if video.projection == FLAT:
        return
    if not fits(video.projection, video.width, video.height):
        whole = video.width - video.width % 4
        yield (
            ("video", "height"),
            f"{video.height} is not half of video.width, {video.width}: an equirectangular picture "
            f"is twice as wide as it is high; take width: {whole} and height: {whole // 2}",
        )
    if model.render.reuse == "frames":
        yield (
            ("render", "reuse"),
            f"frames computes every picture by itself, and video.projection: {video.projection} is "
            "drawn from bands; take bands or auto",
        )
    corner = math.hypot(1, video.height / video.width) / 2
    targets = set()
    for k in range(1, len(widths)):
        shallow, deep = (k - 1, k) if widths[k] <= widths[k - 1] else (k, k - 1)
        away = _distance(model, shallow, deep, widths[shallow])
        if away > _FARTHEST_CORNERS * corner:
            yield (
                ("keyframes", k, "center"),
                f"is more than {_FARTHEST_CORNERS * corner:.2g} picture widths from that of "
                f"keyframes[{k - 1}], and video.projection: {video.projection} is drawn from rings "
                "around a zoom's target, which reach no farther; zoom out between the two, or take "
                "projection: flat",
            )
        targets.add(model.keyframes[deep].center)
        if video.projection == "tunnel" and len(targets) == 2:
            yield (
                ("keyframes", k, "center"),
                "is another target, and a tunnel leads to one: give all keyframes of "
                "video.projection: tunnel the centre of the deepest",
            )
            return


def fits(projection: str, columns: int, rows: int) -> bool:
    """Tell whether pictures of a size can have a projection."""
    return projection != "equirectangular" or columns == 2 * rows


def _distance(model: ConfigModel, one: int, other: int, width: Decimal) -> float:
    """Return the distance between two keyframes' centres, in picture widths."""
    numbers = context(20)
    centers = model.keyframes[one].center, model.keyframes[other].center
    return math.hypot(
        *(float(numbers.divide(difference(*parts), width)) for parts in zip(*centers, strict=True))
    )
