"""The server of the explorer: its page, and the answers to what the page asks."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.config.fault import ConfigError
from pipeline.errors import PipelineError, UsageError
from pipeline.explorer.engine import Wish
from pipeline.explorer.explorer import Explorer
from pipeline.explorer.film_routes import film_routes
from pipeline.explorer.guard import Guard
from pipeline.explorer.wire import PictureAsked, read, record

_STATIC = Path(__file__).parent / "static"
_STREAM = "application/octet-stream"


def app_of(explorer: Explorer, token: str | None = None) -> Guard:
    """Return the application that serves an explorer; `token` is for tests."""

    async def page(_: Request) -> Response:
        text = (_STATIC / "explorer.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace("{{token}}", guard.token))

    async def picture(request: Request) -> Response:
        asked = read(PictureAsked, await request.body())
        wish = explorer.engine.wish(
            lambda check: explorer.pictures(asked, check), f"picture {asked.page}"
        )
        return StreamingResponse(_records(wish), media_type=_STREAM)

    async def refused(_: Request, error: Exception) -> Response:
        status = 400 if isinstance(error, (UsageError, ConfigError)) else 500
        return JSONResponse({"error": str(error)}, status)

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/api/picture", picture, methods=["POST"]),
            *film_routes(explorer.films),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={PipelineError: refused},
    )
    guard = Guard(app, token)
    return guard


async def _records(wish: Wish) -> AsyncIterator[bytes]:
    """Yield a wish's records; a failure is the last of them."""
    try:
        async for part in wish.results():
            yield part
    except PipelineError as error:
        yield record({"error": str(error)})


async def answer(wish: Wish) -> Response:
    """Return a wish's only result as JSON."""
    async for result in wish.results():
        return Response(json.dumps(result), media_type="application/json")
    return JSONResponse({"error": "stopped"}, 409)
