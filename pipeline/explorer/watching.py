"""The application of `watch`: the status page and the video of a config, and nothing else."""

import os
from urllib.parse import quote, unquote_to_bytes

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pipeline.explorer.file_answer import KINDS, FileAnswer
from pipeline.explorer.guard import SAFETY, Guard
from pipeline.plan.outputs import Outputs

PAGE_KIND = "text/html; charset=utf-8"
PAGE_POLICY = (
    "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Policy of the status page, which embeds its style and pictures, and has no script."""
_WAITING = (
    "<!DOCTYPE html><meta charset=utf-8><meta http-equiv=refresh content=5>"
    "<meta name=viewport content='width=device-width'>"
    "<meta name=color-scheme content='light dark'>"
    "<title>not yet</title><p>Nothing is rendered yet; this page looks again every 5 seconds."
)


def watch_app(outputs: Outputs) -> Guard:
    """Return the application that serves the page and the video of a config."""
    page = b"/" + os.fsencode(outputs.name) + b"/index.html"
    video = b"/" + os.fsencode(outputs.video.name)

    async def answer(request: Request) -> Response:
        # As bytes: a name may be no text.
        wanted = unquote_to_bytes(request.scope["raw_path"])
        if wanted == b"/":
            found = RedirectResponse("/", 302)
            found.headers["Location"] = quote(page)
            return found
        if wanted == page:
            if os.path.lexists(outputs.page):
                return FileAnswer(outputs.page, PAGE_KIND)
            return HTMLResponse(_WAITING)
        if wanted == video:
            kind = KINDS.get(outputs.ending, "application/octet-stream")
            return FileAnswer(outputs.video, kind, parts=True)
        return Response(status_code=404)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    safety = {**SAFETY, "Content-Security-Policy": PAGE_POLICY}
    return Guard(app, safety=safety, methods=("GET", "HEAD"))
