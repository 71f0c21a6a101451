"""Files of unknown origin: read whole, up to a limit, never waited for, and taken as text."""

import errno
import os
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

_PIECE_BYTES = 1 << 20
# Where DOS took a text to end.
_DOS_END = "\x1a"
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def bytes_of_file(path: Path, most_bytes: int) -> bytes:
    """Return what a regular file holds.

    Raises
    ------
    OSError
        It is not there, is no regular file, or holds more than `most_bytes`; `strerror` says so.
    """
    try:
        # Before it is opened, as opening a device may do something.
        _check_regular(path, os.stat(path))  # noqa: PTH116  # with open and fstat, one family
        # Another may have taken its place since: a pipe without a writer would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        # NUL, or a lone surrogate.
        raise OSError(
            errno.EINVAL, "the name holds a character that no file's name has", str(path)
        ) from None
    try:
        _check_regular(path, os.fstat(descriptor))
        pieces = []
        size = 0
        while piece := os.read(descriptor, min(_PIECE_BYTES, most_bytes + 1 - size)):
            pieces.append(piece)
            size += len(piece)
            if size > most_bytes:
                raise OSError(errno.EFBIG, f"is larger than {_size_text(most_bytes)}, the limit")
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def text_from_bytes(data: bytes) -> str:
    """Return a file's text with line feeds alone, whichever system wrote it.

    Raises
    ------
    ValueError
        It is no text.
    """
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    else:
        data = data.removeprefix(BOM_UTF8)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            # Names of colours, gradients and files, from a Windows of old.
            text = data.decode("cp1252", errors="replace")
    text = text.partition(_DOS_END)[0]
    if "\0" in text:
        raise ValueError("holds NUL characters, which no text does")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _check_regular(path: Path, facts: os.stat_result) -> None:
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder, and should be a file", str(path))
    if not stat.S_ISREG(facts.st_mode):
        kind = _KINDS.get(stat.S_IFMT(facts.st_mode), "no file")
        raise OSError(errno.EINVAL, f"is {kind}, and should be a file", str(path))


def _size_text(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"
