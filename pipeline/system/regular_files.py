"""Files of unknown origin: read up to a limit, without ever blocking, and decoded as text."""

import errno
import hashlib
import os
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path

_PIECE_BYTES = 1 << 20
# DOS's end-of-file character.
_DOS_END = "\x1a"
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def bytes_of_file(path: Path, most_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises
    ------
    OSError
        It does not exist, is not a regular file, or holds more than `most_bytes`; `strerror` says
        which.
    """
    return b"".join(_pieces(path, most_bytes))


def digest_of_file(path: Path, most_bytes: int) -> str:
    """Return the SHA-256 of a regular file, in hexadecimal.

    Raises
    ------
    OSError
        As `bytes_of_file` does.
    """
    digest = hashlib.sha256()
    for piece in _pieces(path, most_bytes):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(path: Path, most_bytes: int) -> Iterator[bytes]:
    """Yield the content of a regular file piece by piece."""
    try:
        # Before it is opened too, since opening a device can have effects.
        _check_regular(path, os.stat(path))  # noqa: PTH116  # with open and fstat, one family
        # Another file may have replaced it since: opening a pipe without a writer would block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError:
        # The name holds NUL or a lone surrogate.
        raise OSError(
            errno.EINVAL, "the name holds a character that no file's name has", str(path)
        ) from None
    try:
        _check_regular(path, os.fstat(descriptor))
        size = 0
        while piece := os.read(descriptor, min(_PIECE_BYTES, most_bytes + 1 - size)):
            size += len(piece)
            if size > most_bytes:
                raise OSError(errno.EFBIG, f"is larger than {_size_text(most_bytes)}, the limit")
            yield piece
    finally:
        os.close(descriptor)


def text_from_bytes(data: bytes) -> str:
    """Return the text of a file, with line feeds as line ends whichever system wrote it.

    Raises
    ------
    ValueError
        It is not text.
    """
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        text = data.decode("utf-16", errors="replace")
    else:
        data = data.removeprefix(BOM_UTF8)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            # Names of colours, gradients and files that old Windows programs wrote.
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
