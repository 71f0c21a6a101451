"""`watch`: serve the status page of a config to browsers on the local network."""

import contextlib
import io
import ipaddress
import os
import re
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote_to_bytes

from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.plan.outputs import Outputs
from pipeline.system.terminal import say

PATIENCE_S = 20.0
"""Seconds a request may take to arrive, and a piece of the answer to be received."""
MOST_CONNECTIONS = 32
"""Largest number of open connections; a browser opens six."""
_MOST_REQUEST_BYTES = 1 << 17
_PIECE_BYTES = 1 << 18
_KINDS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_PAGE_KIND = "text/html; charset=utf-8"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
# The page embeds its style and pictures, and has no script.
_SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Domains that routers and mDNS give to local machines; no public name ends in them.
_LOCAL_ENDINGS = ("local", "lan", "home", "home.arpa", "internal", "localdomain", "fritz.box")
_WAITING = (
    b"<!DOCTYPE html><meta charset=utf-8><meta http-equiv=refresh content=5>"
    b"<meta name=viewport content='width=device-width'>"
    b"<meta name=color-scheme content='light dark'>"
    b"<title>not yet</title><p>Nothing is rendered yet; this page looks again every 5 seconds."
)


def watch(path: Path, root: Path, address: str, name: str | None = None) -> None:
    """Serve the status page and the video of a config, and nothing else, until stopped.

    Raises
    ------
    UsageError
        The address cannot be used, or is taken.
    """
    config = load_config(path, name=name)
    host, port = host_and_port(address)
    try:
        server = PageServer(Outputs.of(config, root), (host, port))
    except OSError as error:
        raise UsageError(f"--address {address}: {error.strerror}") from None
    with server:
        shown = f"http://{host}:{server.server_address[1]}/"
        say(f"{shown} shows {config.name}; Ctrl-C ends")
        server.serve_forever()


def host_and_port(address: str) -> tuple[str, int]:
    """Return the host and port of an address to listen at.

    Raises
    ------
    UsageError
        It is none.
    """
    host, _, port = address.rpartition(":")
    with contextlib.suppress(ValueError):
        ipaddress.IPv4Address(host)
        if 0 <= int(port) <= 65535:
            return host, int(port)
    raise UsageError(
        f"--address {address}: should be an address of this machine and a port, such as "
        "127.0.0.1:8000, or 0.0.0.0:8000 for the whole local network"
    )


class PageServer(ThreadingHTTPServer):
    """Serves two files of a config, with a limit on connections and a timeout on each."""

    request_queue_size = MOST_CONNECTIONS

    def __init__(
        self, outputs: Outputs, address: tuple[str, int], patience_s: float = PATIENCE_S
    ) -> None:
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, partial(_Handler, outputs, _own_names(), patience_s))

    def server_bind(self) -> None:
        """Bind the address, without the name look-up of the base class."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own; close it if there are too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            # The system gives no more threads.
            self._free.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer all requests of a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # as given
        """Say what went wrong, unless the other side closed the connection."""
        error = sys.exception()
        if not isinstance(error, OSError):
            say(f"watch: {type(error).__name__}: {error}")


def _own_names() -> frozenset[str]:
    """Return the names by which a browser may call this machine."""
    own = socket.gethostname().lower()
    short = own.partition(".")[0]
    return frozenset(("localhost", own, short, *(f"{short}.{end}" for end in _LOCAL_ENDINGS)))


class _PatientReader(io.RawIOBase):
    """Reads requests from a socket, each with a deadline and a size limit."""

    def __init__(self, connection: socket.socket, patience_s: float) -> None:
        self._connection = connection
        self._patience_s = patience_s
        self.begin()

    def begin(self) -> None:
        """Start the deadline and the size limit of the next request."""
        self._until = time.monotonic() + self._patience_s
        self._left = _MOST_REQUEST_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._until - time.monotonic()
        if left_s <= 0 or self._left <= 0:
            # The base class then closes the connection without a message.
            raise TimeoutError
        self._connection.settimeout(left_s)
        size = self._connection.recv_into(buffer)
        self._left -= size
        return size


class _Handler(BaseHTTPRequestHandler):
    """Answers for two files: the page and the video."""

    protocol_version = "HTTP/1.1"
    server_version = "watch"
    sys_version = ""

    def __init__(
        self, outputs: Outputs, names: frozenset[str], patience_s: float, *arguments: Any
    ) -> None:
        self._outputs = outputs
        self._names = names
        self._patience_s = patience_s
        super().__init__(*arguments)

    def setup(self) -> None:
        """Prepare for a connection."""
        super().setup()
        self._reader = _PatientReader(self.connection, self._patience_s)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Answer a request, or close the connection."""
        self._reader.begin()
        super().handle_one_request()

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        # The answer gets a timeout of its own, however long the request took.
        self.connection.settimeout(self._patience_s)
        if {"content-length", "transfer-encoding"} & {name.lower() for name in self.headers}:
            # A body is not read, and would be taken for the next request.
            self.close_connection = True
        if not self._is_for_us():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return
        outputs = self._outputs
        wanted = unquote_to_bytes(self.path.partition("?")[0])
        page = b"/" + os.fsencode(outputs.name) + b"/index.html"
        if wanted == b"/":
            self._head(HTTPStatus.FOUND, {"Location": quote(page), "Content-Length": "0"})
        elif wanted == page:
            if os.path.lexists(outputs.page):
                self._send_file(outputs.page, _PAGE_KIND, with_body)
            else:
                self._send(io.BytesIO(_WAITING), _PAGE_KIND, with_body)
        elif wanted == b"/" + os.fsencode(outputs.video.name):
            kind = _KINDS.get(outputs.ending, "application/octet-stream")
            self._send_file(outputs.video, kind, with_body, parts=True)
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _send_file(self, path: Path, kind: str, with_body: bool, parts: bool = False) -> None:
        """Send an output file, or 404 if it is missing or no regular file."""
        with _opened(path) as file:
            if file is None:
                self.send_error(HTTPStatus.NOT_FOUND)
            else:
                self._send(file, kind, with_body, parts)

    def _is_for_us(self) -> bool:
        """Tell whether the request names this machine as its host.

        Another site could make its own name point here (DNS rebinding), and its pages would be
        allowed to read the answer. Such requests carry that site's name.
        """
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1:
            return not hosts and self.request_version == "HTTP/1.0"
        name = re.sub(r":\d*$", "", hosts[0].strip()).lower().removesuffix(".")
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name in self._names
        return True

    def _send(self, file: BinaryIO, kind: str, with_body: bool, parts: bool = False) -> None:
        """Send a file, or the byte range of it that was asked for."""
        size = file.seek(0, os.SEEK_END)
        headers = {"Content-Type": kind, "Cache-Control": "no-store"}
        if parts:
            # A browser may keep it, but asks each time whether it has changed.
            headers |= {"Accept-Ranges": "bytes", "Cache-Control": "no-cache"}
        # Phones ask for ranges. If-Range needs an ETag, which is never sent.
        may_be_part = parts and with_body and "If-Range" not in self.headers
        part = _part(self.headers.get("Range", ""), size) if may_be_part else None
        status = HTTPStatus.OK
        first, last = 0, size - 1
        if part is not None:
            first, last = part
            if first > last:
                facts = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
                self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, facts)
                return
            status = HTTPStatus.PARTIAL_CONTENT
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        left = last - first + 1
        self._head(status, headers | {"Content-Length": str(left)})
        file.seek(first)
        # A player that has enough closes the connection, or stops receiving.
        with contextlib.suppress(OSError):
            while with_body and left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
                self.wfile.write(piece)
                left -= len(piece)
        if with_body and left > 0:
            self.close_connection = True

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (_SAFETY | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002  # the library's own words for it
        """Answer with a status alone, and close the connection."""
        # The base class answers 501 for methods that have no handler here.
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == 501 else HTTPStatus(code)
        headers = {"Content-Length": "0", "Cache-Control": "no-store", "Connection": "close"}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        self._head(status, headers)

    def log_message(self, *_: object) -> None:
        """Log nothing for each request."""


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """Open an output file; None if it is missing or no regular file."""
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


def _part(asked: str, size: int) -> tuple[int, int] | None:
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
