"""Protection of the server: it answers its own page alone, by this machine's own names."""

import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Domains that routers and mDNS give to local machines; no public name ends in them.
_LOCAL_ENDINGS = ("local", "lan", "home", "home.arpa", "internal", "localdomain", "fritz.box")
_MOST_BODY_BYTES = 1 << 20
TOKEN_HEADER = "x-explorer-token"
SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self'; frame-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Middleware that refuses what does not come from the server's own page.

    Another site could make its own name point here (DNS rebinding), or send forms here: hosts must
    be names or addresses of this machine, and what changes or computes anything must carry the
    page's token, which other sites cannot read, and no foreign origin.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None = None,
        safety: Mapping[str, str] = SAFETY,
        methods: tuple[str, ...] = ("GET", "HEAD", "POST"),
    ) -> None:
        self._app = app
        self._safety = {**safety, "Cache-Control": "no-store"}
        self._methods = methods
        self._names = own_names()
        self.token = token or secrets.token_urlsafe(24)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], headers)
        if refusal is not None:
            status, why = refusal
            # What it sends besides is not read, and must not be taken for another request.
            facts = {**self._safety, "Connection": "close"}
            if status == 405:
                facts["Allow"] = ", ".join(self._methods)
            await PlainTextResponse(why, status, facts)(scope, receive, send)
            return
        await self._app(scope, _bounded(receive), self._safe(send))

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Return the status and the reason of a refusal; None where all is well."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return 421, "this server answers to its own names alone"
        if method not in self._methods:
            return 405, f"this server takes {', '.join(self._methods)}"
        if method in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != hosts[0]:
            return 403, "this came from another site"
        if not hmac.compare_digest(headers.get(TOKEN_HEADER, ""), self.token):
            return 403, "the page is of an earlier start of the server: load it again"
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _MOST_BODY_BYTES:
            return 413, f"at most {_MOST_BODY_BYTES} bytes, and their number, are taken"
        return None

    def _is_own(self, host: str) -> bool:
        """Tell whether a Host header names this machine."""
        name = re.sub(r":\d*$", "", host.strip()).lower().removesuffix(".")
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return name in self._names
        return True

    def _safe(self, send: Send) -> Send:
        """Send every answer with the headers that keep its page safe."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                more = [
                    (name.lower().encode(), value.encode())
                    for name, value in self._safety.items()
                    if name.lower().encode() not in known
                ]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        return send_safely


def own_names() -> frozenset[str]:
    """Return the names by which a browser may call this machine."""
    own = socket.gethostname().lower()
    short = own.partition(".")[0]
    return frozenset(("localhost", own, short, *(f"{short}.{end}" for end in _LOCAL_ENDINGS)))


def _bounded(receive: Receive) -> Receive:
    """Receive no more than a body may hold, whatever its length was said to be."""
    left = _MOST_BODY_BYTES

    async def receive_bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return receive_bounded
