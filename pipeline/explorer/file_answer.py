"""Answers that are files, or ranges of them; never what a link leads to."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

KINDS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
"""Media types of videos by their endings."""
_PIECE_BYTES = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


class FileAnswer(Response):
    """A regular file, in pieces; 404 if there is none.

    With `parts` the byte range that was asked for. Several ranges, or If-Range, which needs an ETag
    that is never sent, get the whole file (RFC 9110, 14.2).
    """

    def __init__(self, path: Path, kind: str, parts: bool = False) -> None:
        super().__init__(media_type=kind)
        self._path = path
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        with opened(self._path) as file:
            if file is None:
                await Response(status_code=404)(scope, receive, send)
                return
            await self._send(file, Request(scope), send)

    async def _send(self, file: BinaryIO, request: Request, send: Send) -> None:
        size = file.seek(0, os.SEEK_END)
        facts = {"content-type": self.media_type or "", "cache-control": "no-store"}
        if self._parts:
            # A browser may keep it, but asks each time whether it has changed.
            facts |= {"accept-ranges": "bytes", "cache-control": "no-cache"}
        with_body = request.method != "HEAD"
        may_be_part = self._parts and with_body and "if-range" not in request.headers
        part = part_of(request.headers.get("range", ""), size) if may_be_part else None
        first, last = part or (0, size - 1)
        status = 200
        if part is not None and first > last:
            status, facts = 416, {"content-range": f"bytes */{size}"}
            first, last = 0, -1
        elif part is not None:
            status = 206
            facts["content-range"] = f"bytes {first}-{last}/{size}"
        left = last - first + 1
        facts["content-length"] = str(left)
        headers = [(name.encode(), value.encode("latin-1")) for name, value in facts.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        file.seek(first)
        while with_body and left > 0:
            piece = await anyio.to_thread.run_sync(file.read, min(left, _PIECE_BYTES))
            if not piece:
                # It has become shorter: the length that was told is not reached.
                raise OSError("the file has become shorter")
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        if not with_body or last < first:
            await send({"type": "http.response.body", "body": b""})


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO | None]:
    """Open a file; None if it is missing or no regular file."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        yield None
        return
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        yield None
        return
    with open(descriptor, "rb") as file:  # noqa: PTH123  # a descriptor
        yield file


def part_of(asked: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a Range header; an empty range if it lies beyond the end.

    Returns None, for the whole file, where several ranges or something else is asked for (RFC
    9110, 14.1).
    """
    match = _RANGE.fullmatch(asked)
    if match is None or match[0] == "bytes=-":
        return None
    start, end = (_position(digits) for digits in match.groups())
    if start is None:
        return size - min(end or 0, size), size - 1
    if end is None:
        return start, size - 1
    return None if end < start else (start, min(end, size - 1))


def _position(digits: str) -> int | None:
    # No file needs more than 18 digits, and int refuses thousands of them.
    return int(digits.lstrip("0")[:19] or "0") if digits else None
