"""Connections that are not waited for: so many at most, each with a deadline."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 32
"""Largest number of open connections; a browser opens six."""


class PatientProtocol(H11Protocol):
    """HTTP/1.1 with a limit on connections, a deadline for requests, and one for the receiver.

    A request must have arrived within so many seconds of the connection's start, or of the answer
    before; and of what is sent something must be taken within as many. `patience_s` of a subclass
    is that time.
    """

    patience_s = 20.0
    _request: asyncio.TimerHandle | None = None
    _receiver: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a request; close what is one too many."""
        if len(self.connections) >= MOST_CONNECTIONS:
            self.transport = transport
            transport.abort()
            return
        super().connection_made(transport)
        # Whatever is not taken at once counts as waiting.
        transport.set_write_buffer_limits(high=0)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop(self._request, self._receiver)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request; a whole one has met its deadline."""
        super().data_received(data)
        self._end_wait_if_whole()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._await_request()
        super().on_response_complete()
        self._end_wait_if_whole()

    def pause_writing(self) -> None:
        """Wait for the receiver to take what was sent."""
        super().pause_writing()
        self._stop(self._receiver)
        self._receiver = self.loop.call_later(self.patience_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        self._stop(self._receiver)

    def _await_request(self) -> None:
        self._stop(self._request)
        self._request = self.loop.call_later(self.patience_s, self.transport.abort)

    def _end_wait_if_whole(self) -> None:
        # Before the first request there is none, whatever its type says.
        cycle = getattr(self, "cycle", None)
        if cycle is not None and not cycle.more_body and not cycle.response_complete:
            self._stop(self._request)

    @staticmethod
    def _stop(*timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()


def protocol_with(patience_s: float) -> type[PatientProtocol]:
    """Return the protocol that waits for so many seconds."""
    return type("PatientProtocol", (PatientProtocol,), {"patience_s": patience_s})
