"""The text of a location's file, of limited size, in the encodings that Windows programs use."""

from pathlib import Path

from pipeline.config.locations.location import refusal
from pipeline.system import regular_files

# Three numbers of 100 000 digits, a thousand colours, and room.
MOST_BYTES = 1 << 20
# A larger file is read far enough to recognise its kind.
_MOST_BYTES_READ = 1 << 24


def bytes_of_file(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    UsageError
        It is not there, no file, larger than any location, or cannot be read.
    """
    try:
        return regular_files.bytes_of_file(path, _MOST_BYTES_READ)
    except OSError as error:
        raise refusal(path, "", error.strerror or "cannot be read") from None


def text_from_bytes(path: Path, data: bytes) -> str:
    """Return the text of a file's bytes.

    Raises
    ------
    UsageError
        It is larger than any location, or no text.
    """
    if len(data) > MOST_BYTES:
        raise refusal(path, "", f"is larger than {MOST_BYTES} bytes, which no location is")
    try:
        return regular_files.text_from_bytes(data)
    except ValueError as error:
        raise refusal(path, "", str(error)) from None
