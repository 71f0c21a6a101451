"""The server of the explorer: its page, and the answers to what the page asks."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.colour.palette_files import PaletteFileError, palette_from_bytes
from pipeline.config.fault import ConfigError
from pipeline.errors import PipelineError, UsageError
from pipeline.explorer.engine import Wish
from pipeline.explorer.explorer import Explorer
from pipeline.explorer.film_routes import film_routes
from pipeline.explorer.guard import Guard
from pipeline.explorer.places import NothingFoundError
from pipeline.explorer.wire import (
    JuliaAsked,
    LooksAsked,
    PictureAsked,
    PlaceAsked,
    PointAsked,
    read,
    record,
)

_STATIC = Path(__file__).parent / "static"
_STREAM = "application/octet-stream"
# What a person can mend.
_PERSONS = UsageError, ConfigError, PaletteFileError, NothingFoundError
_MOST_NAME = 300


def app_of(explorer: Explorer, token: str | None = None) -> Guard:
    """Return the application that serves an explorer; `token` is for tests."""

    async def page(_: Request) -> Response:
        # In a script's element nothing but its end tag ends it.
        start = json.dumps(explorer.start()).replace("<", "\\u003c")
        text = (_STATIC / "explorer.html").read_text(encoding="utf-8")
        return HTMLResponse(text.replace("{{token}}", guard.token).replace("{{start}}", start))

    async def picture(request: Request) -> Response:
        asked = read(PictureAsked, await request.body())
        wish = explorer.engine.wish(
            lambda check: explorer.pictures(asked, check), f"picture {asked.page}"
        )
        return StreamingResponse(_records(wish), media_type=_STREAM)

    async def looks(request: Request) -> Response:
        asked = read(LooksAsked, await request.body())
        wish = explorer.engine.wish(
            lambda check: explorer.looks(asked, check), f"looks {asked.page}"
        )
        return StreamingResponse(_records(wish), media_type=_STREAM)

    async def point(request: Request) -> Response:
        asked = read(PointAsked, await request.body())
        wish = explorer.desk.wish(lambda check: explorer.point(asked, check), f"point {asked.page}")
        return await answer(wish)

    async def julia(request: Request) -> Response:
        asked = read(JuliaAsked, await request.body())
        wish = explorer.desk.wish(lambda check: explorer.julia(asked, check), f"julia {asked.page}")
        return await answer(wish)

    async def place(request: Request) -> Response:
        asked = read(PlaceAsked, await request.body())
        wish = explorer.desk.wish(lambda check: explorer.place(asked, check), f"place {asked.page}")
        return await answer(wish)

    async def palette(request: Request) -> Response:
        name = request.query_params.get("name", "")[:_MOST_NAME]
        data = await request.body()
        found = await run_in_threadpool(palette_from_bytes, name, data)
        colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in found.colours]
        return JSONResponse({"colours": colours, "remarks": found.remarks})

    async def refused(_: Request, error: Exception) -> Response:
        status = 400 if isinstance(error, _PERSONS) else 500
        return JSONResponse({"error": str(error)}, status)

    posted = picture, looks, point, julia, place, palette
    app = Starlette(
        routes=[
            Route("/", page),
            *(Route(f"/api/{each.__name__}", each, methods=["POST"]) for each in posted),
            *film_routes(explorer.films),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={PipelineError: refused, PaletteFileError: refused},
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
    """Return a wish's only result: bytes are a JPEG, all else is JSON."""
    async for result in wish.results():
        if isinstance(result, bytes):
            return Response(result, media_type="image/jpeg")
        return JSONResponse(result)
    return JSONResponse({"error": "stopped"}, 409)
