"""`import`: make a config from another program's location, or from a video made here."""

import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from pipeline.colour.palette_files import is_palette_file
from pipeline.config import yaml_tree
from pipeline.config.fault import ConfigError
from pipeline.config.limits import MAX_FRAMES
from pipeline.config.load import load_config
from pipeline.config.locations.any_format import location_from_file
from pipeline.config.locations.location import PICTURE, Location, refusal
from pipeline.config.sounds import OF_A_SOUND
from pipeline.errors import UsageError, printable_name
from pipeline.geometry.decimals import log2
from pipeline.system.atomic_files import make_folder, write_durably
from pipeline.system.invocation import command_for
from pipeline.system.terminal import say, show
from pipeline.video.ffmpeg import tags_of

_VIDEOS = (".mp4", ".mov", ".mkv")
_FPS = 30
_OCTAVES_A_SECOND = 2.0
_LEAST_SECONDS = 6
# Beginning and ending gently takes longer by this.
_GENTLE_S = 1.5
# From this depth on a light is suggested: it gives flat regions a relief.
_DEEP_OCTAVES = 40
_LIGHT = "# colour: {light: {azimuth: 135}}  # a relief; two to three times the computing"
_PICTURE_KEYS = ("quality", "reuse", "motion_blur", "accuracy")
"""Keys of `render` that change the picture; the others concern the machine that renders, and are
not taken from a stranger's video."""
_PALETTES = ("palette", "interior_palette")
_LINE_WIDTH = 96


def import_location(path: Path, config: Path | None, still: bool) -> None:
    """Write a config that zooms to the view of a file, or a video's own config.

    Nothing is written unless the config can be used.

    Parameters
    ----------
    path
        A location of another program, or a video made here.
    config
        The file to write; ``configs/NAME.yaml`` if None.
    still
        Whether the config shows the view alone, without a zoom to it.

    Raises
    ------
    UsageError
        The file cannot be read or used, or the config exists already.
    """
    target = config or Path("configs") / f"{path.stem}.yaml"
    if target.exists():
        raise UsageError(f"{target} is there already; name another: import {path} {target}")
    if path.suffix.lower() in _VIDEOS:
        body, remarks = _config_of_video(path)
        title = f"The config of {path.name}."
    else:
        location = location_from_file(path)
        body, remarks = _config_of(location, still), list(location.remarks)
        title = f"The view of {path.name}."
    # A name or a key of the file may hold anything.
    head = "".join(f"# {printable_name(line)}\n" for line in (title, *remarks))
    try:
        load_config(target, head + body)
    except ConfigError as error:
        faults = "; ".join(f"{fault.key}: {fault.message}" for fault in error.faults)
        raise refusal(path, "", f"makes no config: {printable_name(faults)}") from None
    make_folder(target.parent)
    write_durably(target, [(head + body).encode()])
    for remark in remarks:
        say(f"{path}: {remark}")
    show(f"{target}; {command_for('plan', target)} says what it takes")


def _config_of_video(path: Path) -> tuple[str, list[str]]:
    """Return the config that a video holds, without what concerns a machine, and remarks."""
    if not path.is_file():
        raise refusal(path, "", "is not there, or no file")
    text = tags_of(path).get("comment", "")
    if "keyframes" not in text:
        raise refusal(path, "", "does not tell what it was made of")
    if len(text) > yaml_tree.MAX_BYTES:
        raise refusal(path, "", "holds a config larger than any")
    node, faults = yaml_tree.tree_from_text(text)
    if faults or not isinstance(node, yaml_tree.Mapping):
        said = printable_name(faults[0].message) if faults else "is no config"
        raise refusal(path, "", f"the config that it holds: {said}")
    plain = _plain(node)
    remarks = []
    render = plain.get("render")
    if isinstance(render, dict) and (
        foreign := [key for key in render if key not in _PICTURE_KEYS]
    ):
        remarks.append(f"left out of render, which is this machine's to say: {', '.join(foreign)}")
        plain["render"] = {key: value for key, value in render.items() if key in _PICTURE_KEYS}
    if named := _without_files(plain):
        remarks.append(f"left out, as palettes in files of another machine: {', '.join(named)}")
    if sound := _without_sound(plain.get("video")):
        remarks.append(f"left out, as a sound of another machine: {sound}")
    return _dumped(plain), remarks


def _without_sound(video: Any) -> str:
    """Remove the sound from a video section, but not the tempo of its beats; return its name."""
    audio = video.get("audio") if isinstance(video, dict) else None
    if not isinstance(audio, dict):
        return ""
    name = str(audio.get("file", ""))
    for key in OF_A_SOUND:
        audio.pop(key, None)
    if not audio:
        del video["audio"]
    return name


def _plain(node: yaml_tree.Node) -> Any:
    """Return a tree as plain texts, lists and mappings."""
    if isinstance(node, yaml_tree.Scalar):
        return node.text
    if isinstance(node, yaml_tree.Sequence):
        return [_plain(item) for item in node.items]
    return {key: _plain(child) for key, child in node.values.items()}


def _without_files(node: Any) -> list[str]:
    """Remove palettes that are files from a tree; return their names."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    named = [name for child in children for name in _without_files(child)]
    for key in _PALETTES:
        palette = node.get(key) if isinstance(node, dict) else None
        if isinstance(palette, str) and is_palette_file(palette.strip()):
            named.append(node.pop(key))
    return named


def _config_of(location: Location, still: bool) -> str:
    octaves = max(0.0, log2(location.zoom))
    seconds = max(_LEAST_SECONDS, math.ceil(octaves / _OCTAVES_A_SECOND + _GENTLE_S))
    # Below 1e-20000 it goes faster than that.
    seconds = min(seconds, (MAX_FRAMES - 1) // _FPS)
    columns, rows = PICTURE
    lines = [
        f"video: {{width: {columns}, height: {rows}, fps: {_FPS}}}",
        f"maxiter: {location.maxiter or 'auto'}",
    ]
    if location.colour is not None:
        lines.append(_dumped({"colour": dict(location.colour)}).rstrip())
    elif octaves >= _DEEP_OCTAVES:
        lines.append(_LIGHT)
    lines.append("keyframes:")
    if not still:
        lines += _keyframe(0, location, Decimal(1), Decimal(0))
    lines += _keyframe(0 if still else seconds, location, location.zoom, location.rotation)
    return "\n".join(lines) + "\n"


def _keyframe(seconds: int, location: Location, zoom: Decimal, rotation: Decimal) -> list[str]:
    return [
        f"  - time: {seconds}",
        "    center:",
        *(f'      - "{_number(part)}"' for part in location.center),
        f"    zoom: {_number(zoom)}",
        *([f"    rotation: {_number(rotation)}"] if rotation else []),
    ]


def _number(number: Decimal) -> str:
    return str(number).replace("E+", "e").replace("E", "e")


def _dumped(plain: Mapping[str, Any]) -> str:
    # What cannot be printed is written as an escape.
    return yaml.safe_dump(
        plain, sort_keys=False, allow_unicode=True, default_flow_style=None, width=_LINE_WIDTH
    )
