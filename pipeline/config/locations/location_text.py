"""The text of a location's file, bounded, in any encoding and with any line ends of Windows."""

import codecs
import stat
from pathlib import Path

from pipeline.config.locations.location import refusal

# Three numbers of 100 000 digits, a thousand colours, and room.
MOST_BYTES = 1 << 20

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def bytes_of_file(path: Path) -> bytes:
    """Read a file, up to a byte more than a location may have.

    Raises
    ------
    UsageError
        It is not there, no file, or cannot be read.
    """
    try:
        # A pipe or a device may never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise refusal(path, "", "is no file")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise refusal(path, "", error.strerror or "cannot be read") from None
    except ValueError:
        # A name with a NUL in it.
        raise refusal(path, "", "is no name of a file") from None


def text_from_bytes(path: Path, data: bytes) -> str:
    """Return a file's text.

    Raises
    ------
    UsageError
        It is larger than any location, or no text.
    """
    if len(data) > MOST_BYTES:
        raise refusal(path, "", f"is larger than {MOST_BYTES} bytes, which no location is")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(encoding, errors="replace")
            break
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            # Names of files in the encoding of whoever wrote it; what is read of it is ASCII.
            text = data.decode("latin-1")
    # DOS's end of a file.
    text = text.rstrip("\x1a")
    if "\0" in text:
        raise refusal(path, "", "holds NUL characters: it is no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")
