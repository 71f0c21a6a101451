"""The player's page: one file that holds all pictures, or a folder with a file for each."""

import base64
import html
import json
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

_STATIC = files("pipeline.player") / "static"
# In the order in which a browser reads them.
_SCRIPTS = ("path.js", "pictures.js", "screen.js", "controls.js")
_SHADERS = ("square.vert", "light.glsl", "rings.frag", "core.frag")
_PICTURES = "{{pictures}}"


def write_file(
    path: Path, title: str, facts: dict[str, Any], pictures: Iterable[tuple[str, bytes]]
) -> None:
    """Write the page as one file, each picture as base64 in a script that is never run."""
    before, _, after = page(title, facts).partition(_PICTURES)
    with path.open("w", encoding="utf-8") as file:
        file.write(before)
        for name, data in pictures:
            file.write(f'<script type="text/plain" id="picture-{name}">{_text(data)}</script>\n')
        file.write(after)


def write_folder(
    folder: Path, title: str, facts: dict[str, Any], pictures: Iterable[tuple[str, bytes]]
) -> None:
    """Write the page as ``index.html``, and beside it a script for each picture.

    Scripts, for a page that was opened from a disk may read nothing else beside it.
    """
    folder.mkdir()
    for name, data in pictures:
        text = f'takePicture("{name}", "{_text(data)}")\n'
        (folder / f"{name}.js").write_text(text, encoding="utf-8")
    text = page(title, facts, " 'self' file:").replace(_PICTURES, "")
    (folder / "index.html").write_text(text, encoding="utf-8")


def page(title: str, facts: dict[str, Any], sources: str = "") -> str:
    """Return the page with a place for pictures.

    `sources` are those of other scripts than its own, as its Content-Security-Policy names them:
    the page may load nothing else.
    """
    shaders = "\n".join(
        f'<script type="text/plain" id="{name}">{_static(name)}</script>' for name in _SHADERS
    )
    # What a title or a name holds ends no script.
    scene = json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
    filled = {
        "title": html.escape(title),
        "sources": sources,
        "style": _static("player.css"),
        "scene": scene,
        "shaders": shaders,
        "script": "\n".join(map(_static, _SCRIPTS)),
    }
    text = _static("player.html")
    for key, value in filled.items():
        text = text.replace(f"{{{{{key}}}}}", value)
    return text


def _static(name: str) -> str:
    return (_STATIC / name).read_text("utf-8")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
