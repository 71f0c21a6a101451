"""The text of a config that makes the same video on any machine; videos hold it as a tag."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.colour.palette_files import PaletteFiles, is_palette_file


def whole_text(plain: Mapping[str, Any], picture: Mapping[str, str], files: PaletteFiles) -> str:
    """Return the text of a config without faults, its palette files as lists of colours.

    Parameters
    ----------
    plain
        The config as texts, lists and mappings.
    picture
        Its `render` section, reduced to what changes the picture.
    files
        Its palette files.
    """
    kept = {key: value for key, value in plain.items() if key != "render"}
    if isinstance(audio := kept.get("video", {}).get("audio"), dict) and "file" in audio:
        # Its folder is nobody else's business.
        kept["video"] = {**kept["video"], "audio": {**audio, "file": Path(audio["file"]).name}}
    if "colour" in kept:
        kept["colour"] = _with_colours(kept["colour"], files)
    kept["render"] = dict(picture)
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, default_flow_style=None)


def text_digest(text: str) -> str:
    """Return the digest of a config's text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _with_colours(node: Any, files: PaletteFiles) -> Any:
    if isinstance(node, list):
        return [_with_colours(item, files) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _colours(value, files)
        if key in ("palette", "interior_palette")
        else _with_colours(value, files)
        for key, value in node.items()
    }


def _colours(palette: Any, files: PaletteFiles) -> Any:
    if not isinstance(palette, str) or not is_palette_file(palette):
        return palette
    return [f"#{bytes(colour).hex()}" for colour in files.file(palette).colours]
