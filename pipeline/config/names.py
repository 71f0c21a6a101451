"""Names that the outputs of a config may have."""

import os
import unicodedata

# The longest that is added to a name: a preview as pictures.
LONGEST_ENDING = len("-preview-frames")
# Of the usual 255 of a file's name.
LONGEST_NAME_BYTES = 255 - LONGEST_ENDING
# Control characters, and what else ends a line.
_UNFIT = ("Cc", "Zl", "Zp")


def name_fault(name: str) -> str | None:
    """Return what is wrong with a name, and what would be right; None for nothing.

    What may not be a file's name, what cannot be shown or kept as text, and what is too long for
    one of the files that bear it.
    """
    if not name.strip("."):
        return f"{name!r} is no name for files; it should hold more than dots"
    if "/" in name:
        return f"{name!r} leads to another folder; it should be a name without /"
    data = os.fsencode(name)
    try:
        # Of its bytes: in a locale without UTF-8 the name itself has other letters.
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
