"""A server in a thread of its own, which ends when the command does."""

import contextlib
import ipaddress
import socket
import threading
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.errors import UsageError
from pipeline.explorer.connections import MOST_CONNECTIONS, protocol_with
from pipeline.system.terminal import say

PATIENCE_S = 20.0
"""Seconds a request may take to arrive, and a piece of the answer to be received."""
# Answers that are not complete when the server ends may take so long.
_LAST_S = 1


class Server:
    """Serves an application until it is closed.

    It has a thread of its own, so that signals are the command's: uvicorn would end the process by
    the signal that it got.

    Raises
    ------
    UsageError
        The address cannot be used, or is taken.
    """

    def __init__(self, app: ASGIApp, address: str, patience_s: float = PATIENCE_S) -> None:
        host, port = host_and_port(address)
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
            self._socket.listen(MOST_CONNECTIONS)
        except OSError as error:
            self._socket.close()
            raise UsageError(f"--address {address}: {error.strerror}") from None
        self.address: tuple[str, int] = self._socket.getsockname()
        self._server = uvicorn.Server(
            uvicorn.Config(
                _telling(app), http=protocol_with(patience_s), ws="none", lifespan="off",
                log_config=None, log_level="critical", access_log=False, server_header=False,
                timeout_keep_alive=int(PATIENCE_S), timeout_graceful_shutdown=_LAST_S,
                proxy_headers=False,
            )
        )  # fmt: skip  # one call
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def shown(self) -> str:
        """Address of the page, as it is typed into a browser."""
        host, port = self.address
        return f"http://{host}:{port}/"

    def wait(self) -> None:
        """Wait until a signal raises an exception here."""
        # Not by `join`: interrupted, that takes the thread for ended (bpo-45274).
        self._ended.wait()

    def close(self) -> None:
        """End all connections, and the thread."""
        self._server.should_exit = True
        self._ended.wait()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ended.set()


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


def _telling(app: ASGIApp) -> ASGIApp:
    """Return an application that says in one line what went wrong in it."""

    async def told(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception as error:
            # A receiver that has enough closes the connection.
            if not isinstance(error, OSError):
                say(f"server: {type(error).__name__}: {error}")
            raise

    return told
