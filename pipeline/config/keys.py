"""The keys that a config may have, and how their paths are written."""

from typing import Any, get_args

from pipeline.config.fault import nearest, shortened
from pipeline.config.model import ConfigModel

SPELLINGS = {"color": "colour", "centre": "center"}
"""Keys by their other spelling: a config may use British or American, the code uses one."""
MISSING = {
    "keyframes": "is missing; a video needs at least one keyframe with time, center and width",
    "time": "is missing; add the keyframe's time in seconds, such as time: 0",
    "center": "is missing; add the point to look at, such as center: [-0.75, 0]",
    "ca": "is missing; name the file of the certificate authority",
    "certificate": "is missing; name the file of this machine's certificate",
    "key": "is missing; name the file of this machine's key",
    "by": "is missing; say what the layer shows, such as by: stripes",
}
"""Messages for required keys that are missing."""


def dotted(path: tuple[str | int, ...]) -> str:
    """Return a key's path as text: ``keyframes[0].center``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".")


def unknown(key: str, known: list[str]) -> str:
    """Return the message for an unknown key, with the nearest known one."""
    word, colon, value = key.partition(":")
    if colon and word.strip() in known:
        return f"a colon needs a space after it: {word.strip()}: {shortened(value)}"
    return f"is not a key here{nearest(key, known)}; the keys are {', '.join(known)}"


def known_keys(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys of the section at a path."""
    if not path:
        return list(ConfigModel.model_fields)
    section: Any = ConfigModel
    for part in path:
        if isinstance(part, str):
            section = _section_of(section.model_fields[part].annotation)
    return list(getattr(section, "model_fields", {}))


def _section_of(annotation: Any) -> Any:
    """Return the section in an annotation such as ``Section | None`` or ``list[Section]``."""
    for part in get_args(annotation):
        if hasattr(_section_of(part), "model_fields"):
            return _section_of(part)
    return annotation
