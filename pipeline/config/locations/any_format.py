"""A location from another program's file, whose format is recognised by ending and keys."""

from collections.abc import Callable
from pathlib import Path

from pipeline.config.locations import (
    deep_drill,
    fraktaler,
    imagina,
    kalles_fraktaler,
    rust_fractal,
    xaos,
)
from pipeline.config.locations.location import Location, refusal
from pipeline.config.locations.location_text import bytes_of_file, text_from_bytes
from pipeline.config.locations.toml_text import table_from

_KALLES_PICTURE = "is a picture: open it in its program, and save a .kfr or .toml"
_NO_LOCATIONS = {
    ".kfb": "is a map of counts of Kalles Fraktaler, without a place: save a .kfr",
    ".kfs": "holds settings of Kalles Fraktaler, without a place: save a .kfr",
    ".kfp": "is a palette of Kalles Fraktaler, without a place: save a .kfr",
    ".xaf": "is an animation of XaoS: save the position, an .xpf",
    ".upr": "holds Ultra Fractal's parameters, which are not read",
    ".par": "holds Fractint's parameters, which are not read",
    ".exr": _KALLES_PICTURE,
    ".png": _KALLES_PICTURE,
    ".jpg": _KALLES_PICTURE,
    ".jpeg": _KALLES_PICTURE,
    ".tif": _KALLES_PICTURE,
    ".tiff": _KALLES_PICTURE,
}


def location_from_file(path: Path) -> Location:
    """Read a location of Kalles Fraktaler, Fraktaler 3, rust-fractal, DeepDrill, Imagina or XaoS.

    Starts no program, opens no other file, and takes at most a few seconds and 100 MB, whatever
    the file holds.

    Raises
    ------
    UsageError
        It cannot be read, lacks what a view needs, or shows anything but the Mandelbrot set as we
        draw it; the message names the file, and the key in it.
    """
    ending = path.suffix.lower()
    if ending in _NO_LOCATIONS:
        raise refusal(path, "", _NO_LOCATIONS[ending])
    if ending not in _READERS:
        raise refusal(path, "", f"its ending should be one of {', '.join(_READERS)}")
    data = bytes_of_file(path)
    if imagina.is_binary(data):
        raise refusal(path, "", "is a binary file of Imagina, which is not read: save it as .imt")
    return _READERS[ending](path, text_from_bytes(path, data))


def _from_toml(path: Path, text: str) -> Location:
    table = table_from(path, text)
    if table.get("program") == fraktaler.PROGRAM or any(key in table for key in fraktaler.SECTIONS):
        return fraktaler.location_from(path, table)
    if any(key in table for key in rust_fractal.VIEW_KEYS):
        return rust_fractal.location_from(path, table)
    raise refusal(
        path, "", "has neither the keys of Fraktaler 3 (location.real) nor of rust-fractal (real)"
    )


_READERS: dict[str, Callable[[Path, str], Location]] = {
    ".kfr": kalles_fraktaler.location_from,
    ".toml": _from_toml,
    ".ini": deep_drill.location_from,
    ".imt": imagina.location_from,
    ".im": imagina.location_from,
    ".xpf": xaos.location_from,
}
