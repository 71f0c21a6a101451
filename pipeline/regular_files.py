"""Files of unknown origin: read whole, up to a limit, and never waited for."""

import errno
import os
import stat
from pathlib import Path

_PIECE_BYTES = 1 << 20
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


def _check_regular(path: Path, facts: os.stat_result) -> None:
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, "is a folder, and should be a file", str(path))
    if not stat.S_ISREG(facts.st_mode):
        kind = _KINDS.get(stat.S_IFMT(facts.st_mode), "no file")
        raise OSError(errno.EINVAL, f"is {kind}, and should be a file", str(path))


def _size_text(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"
