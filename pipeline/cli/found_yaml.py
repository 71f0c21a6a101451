"""A place as YAML: a keyframe to paste, and a zoom from the whole set to it."""

from decimal import Decimal

from pipeline.geometry.decimals import context, log2, short_text
from pipeline.geometry.point import Point
from pipeline.prepare.places.place import Place

_WHOLE_WIDTH = Decimal("3.5")
# Octaves a second, up to so many octaves; deeper zooms go faster, up to the largest.
_SPEED = 2.0
_LONG_OCTAVES = 600.0
_FASTEST = 2.5
# A center longer than this stands on lines of its own.
_LINE_WIDTH = 96


def framing_width(size: Decimal, view_width: Decimal, sizes: Decimal) -> Decimal:
    """Return the width of a picture of a place, at most that of the view it is in."""
    return min(context(3).multiply(size, sizes), context(6).plus(view_width))


def keyframe_of(center: Point, width: Decimal) -> list[str]:
    """Return the lines of a keyframe that is come to at an even speed."""
    octaves = max(log2(_WHOLE_WIDTH) - log2(width), 0.0)
    speed = min(_FASTEST, max(_SPEED, _SPEED * octaves / _LONG_OCTAVES))
    texts = [f"{part:f}" for part in center]
    inline = f"    center: [{', '.join(texts)}]"
    lines = (
        [inline]
        if len(inline) <= _LINE_WIDTH
        else ["    center:", *(f'      - "{text}"' for text in texts)]
    )
    return [f"  - speed: {speed:.3g}", *lines, f"    width: {_width_text(width)}"]


def config_to(place: Place, width: Decimal, title: str) -> str:
    """Return a config that zooms from the whole set to a place, as a person would write it."""
    lines = [
        "# yaml-language-server: $schema=schema.json",
        f"# {title}",
        "video: {width: 1280, height: 720, fps: 30}",
        "maxiter: auto",
        "keyframes:",
        "  - time: 0",
        "    center: [-0.75, 0]",
        f"    width: {_WHOLE_WIDTH}",
        *keyframe_of(place.center, width),
        "    hold: 1",
    ]
    return "\n".join(lines) + "\n"


def _width_text(width: Decimal) -> str:
    text = short_text(width) if width >= Decimal("1e-3") else f"{width.normalize():e}"
    # To other readers 1e-400 is 0.
    return f'"{text}"' if float(width) == 0.0 else text
