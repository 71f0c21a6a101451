"""`import`: a config from a location of another program, or from a video made here."""

import math
from pathlib import Path

from pipeline.colour.palette_files import PaletteFileError, colours_from_file, is_palette_file
from pipeline.config.load import load_config
from pipeline.decimals import log2
from pipeline.durable import write_durably
from pipeline.errors import UsageError
from pipeline.locations import Location, location_from_file
from pipeline.video.ffmpeg import tags_of

_VIDEOS = (".mp4", ".mov", ".mkv")
_OCTAVES_A_SECOND = 2.0
_LEAST_SECONDS = 6
_WHOLE_HEIGHT = 4
# Where pictures gain most from a light: flat places become reliefs.
_DEEP_OCTAVES = 40
_LIGHT = "# colour: {light: {azimuth: 135}}  # a relief; two to three times the computing"


def import_location(path: Path, config: Path | None, still: bool) -> None:
    """Write a config that zooms to the view of a file, or shows it alone; or a video's own.

    Raises
    ------
    UsageError
        The file cannot be read, or the config is there already.
    ConfigError
        The view is out of what a config may hold.
    """
    target = config or Path("configs") / f"{path.stem}.yaml"
    if target.exists():
        raise UsageError(f"{target} is there already; name another: import {path} {target}")
    if path.suffix.lower() in _VIDEOS:
        text = _config_of_video(path)
    else:
        text = _config_text(path, location_from_file(path), still)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_durably(target, [text.encode()])
    try:
        load_config(target)
    except BaseException:
        target.unlink()
        raise
    print(f"{target}; make plan CONFIG={target} says what it takes")


def _config_of_video(path: Path) -> str:
    if not path.exists():
        raise UsageError(f"{path}: is not there")
    text = tags_of(path).get("comment", "")
    if "keyframes" not in text:
        raise UsageError(f"{path}: does not tell what it was made of")
    return text


def _config_text(path: Path, location: Location, still: bool) -> str:
    octaves = max(0.0, math.log2(_WHOLE_HEIGHT) - log2(location.height))
    seconds = max(_LEAST_SECONDS, math.ceil(octaves / _OCTAVES_A_SECOND))
    # Its height in words of the config: 4 / height.
    digits = max(20, len(location.height.as_tuple().digits))
    zoom = f"{_WHOLE_HEIGHT / location.height:.{digits}E}"
    mantissa, _, exponent = zoom.partition("E")
    zoom = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    lines = [
        f"# The view of {path.name}.",
        "video: {width: 1280, height: 720, fps: 30}",
        f"maxiter: {location.maxiter or 'auto'}",
        *_colours(path),
        *([] if octaves < _DEEP_OCTAVES else [_LIGHT]),
        "keyframes:",
    ]
    if not still:
        lines += _keyframe(0, location, "1", "0")
    lines += _keyframe(0 if still else seconds, location, zoom, location.rotation)
    return "\n".join(lines) + "\n"


def _keyframe(seconds: int, location: Location, zoom: str, rotation: str) -> list[str]:
    return [
        f"  - time: {seconds}",
        "    center:",
        f'      - "{location.re}"',
        f'      - "{location.im}"',
        f"    zoom: {zoom}",
        *([f"    rotation: {rotation}"] if rotation.strip("+-0.") else []),
    ]


def _colours(path: Path) -> list[str]:
    """Return a remark on the file's own palette, if it has one."""
    if not is_palette_file(path.name):
        return []
    try:
        colours_from_file(path)
    except PaletteFileError:
        return []
    return [f'# colour: {{palette: "{path.resolve()}", scale: linear}}  # its own colours']
