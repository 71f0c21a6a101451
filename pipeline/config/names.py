"""Rules for the names of outputs."""

import os
import unicodedata

PLACES = ("youtube", "instagram", "x", "web")
"""Places that a video is made for, part of the name of its file."""
# Longest ending that is added to a name: that of a preview as pictures.
LONGEST_ENDING = len("-preview-frames")
# File names usually have at most 255 bytes.
LONGEST_NAME_BYTES = 255 - LONGEST_ENDING
# Control characters, and separators of lines and paragraphs.
_UNFIT = ("Cc", "Zl", "Zp")


def name_fault(name: str) -> str | None:
    """Return what is wrong with a name, and what would be right; None if nothing is.

    A name must be one that files can have, that can be shown and stored as text, and that leaves
    room for the endings of all outputs.
    """
    if not name.strip("."):
        return f"{name!r} is no name for files; it should hold more than dots"
    if "/" in name:
        return f"{name!r} leads to another folder; it should be a name without /"
    data = os.fsencode(name)
    try:
        # Decoded from its bytes: in a locale without UTF-8 the name itself has other letters.
        text = data.decode()
    except UnicodeDecodeError:
        return f"{data!r} is not UTF-8"
    for character in text:
        if unicodedata.category(character) in _UNFIT:
            return (
                f"{name!r} holds {character!r}; it should hold no line ends or control characters"
            )
    if len(data) > LONGEST_NAME_BYTES:
        return f"has {len(data)} bytes; it should have {LONGEST_NAME_BYTES} at most"
    return None
