"""`watch`: the status page of a config, served to a browser elsewhere in the house."""

import contextlib
import ipaddress
import re
import sys
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.outputs import Outputs

_PIECE_BYTES = 1 << 18
_KINDS = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_WAITING = (
    b"<!DOCTYPE html><meta charset=utf-8><meta http-equiv=refresh content=5>"
    b"<meta name=viewport content='width=device-width'>"
    b"<meta name=color-scheme content='light dark'>"
    b"<title>not yet</title><p>Nothing is rendered yet; this page looks again every 5 seconds."
)


def watch(path: Path, root: Path, address: str, name: str | None = None) -> None:
    """Serve a config's status page and video, and nothing else, until stopped.

    Raises
    ------
    UsageError
        The address is none, or is taken.
    """
    config = load_config(path, name=name)
    host, port = _host_and_port(address)
    handler = partial(_Handler, Outputs.of(config, root))
    try:
        server = ThreadingHTTPServer((host, port), handler)
    except OSError as error:
        raise UsageError(f"--address {address}: {error.strerror}") from None
    with server:
        shown = f"http://{host}:{server.server_address[1]}/"
        print(f"{shown} shows {config.name}; Ctrl-C ends", file=sys.stderr, flush=True)
        server.serve_forever()


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    with contextlib.suppress(ValueError):
        ipaddress.IPv4Address(host)
        if 0 <= int(port) <= 65535:
            return host, int(port)
    raise UsageError(
        f"--address {address}: should be an address of this machine and a port, such as "
        "127.0.0.1:8000, or 0.0.0.0:8000 for the whole local network"
    )


class _Handler(BaseHTTPRequestHandler):
    """Answers for two files: the page and the video."""

    protocol_version = "HTTP/1.1"

    def __init__(self, outputs: Outputs, *arguments: object) -> None:
        self._outputs = outputs
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server gives them

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        outputs = self._outputs
        wanted = unquote(self.path.split("?")[0])
        page = f"/{outputs.name}/index.html"
        if wanted == "/":
            self._head(HTTPStatus.FOUND, {"Location": quote(page), "Content-Length": "0"})
        elif wanted == page:
            try:
                data = outputs.page.read_bytes()
            except FileNotFoundError:
                data = _WAITING
            self._head(
                HTTPStatus.OK,
                {
                    "Content-Type": "text/html; charset=utf-8",
                    "Content-Length": str(len(data)),
                    "Cache-Control": "no-store",
                },
            )
            if with_body:
                self.wfile.write(data)
        elif wanted == f"/{outputs.video.name}" and outputs.video.is_file():
            self._send_video(with_body)
        else:
            self._head(HTTPStatus.NOT_FOUND, {"Content-Length": "0"})

    def _send_video(self, with_body: bool) -> None:
        """Send the video, or the part of it that was asked for: phones ask for parts."""
        with self._outputs.video.open("rb") as file:
            size = file.seek(0, 2)
            first, last = 0, size - 1
            kind = _KINDS.get(self._outputs.ending, "application/octet-stream")
            headers = {"Content-Type": kind, "Accept-Ranges": "bytes"}
            status = HTTPStatus.OK
            if asked := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", "")):
                start, end = asked.groups()
                first = int(start) if start else max(0, size - int(end or 0))
                last = min(int(end), last) if start and end else last
                if first > last:
                    headers = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
                    self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers)
                    return
                status = HTTPStatus.PARTIAL_CONTENT
                headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            left = last - first + 1
            self._head(status, headers | {"Content-Length": str(left)})
            file.seek(first)
            # A phone that has seen enough closes the line.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while with_body and left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
                    self.wfile.write(piece)
                    left -= len(piece)

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing of every page that is fetched."""
