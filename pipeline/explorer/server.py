"""The server of the explorer: its page, and the answers to what the page asks."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.colour.palette_files import PaletteFileError, palette_from_bytes
from pipeline.config.fault import ConfigError
from pipeline.errors import PipelineError, UsageError
from pipeline.explorer.engine import Query
from pipeline.explorer.explorer import Explorer
from pipeline.explorer.film_routes import film_routes
from pipeline.explorer.guard import Guard
from pipeline.explorer.places import NothingFoundError
from pipeline.explorer.wire import (
    JuliaAsked,
    LooksAsked,
    PageAsked,
    PictureAsked,
    PlaceAsked,
    PointAsked,
    read,
    record,
)
from pipeline.explorer.work import Check

Asked = TypeVar("Asked", bound=PageAsked)
Work = Callable[[Asked, Check], Iterable[Any]]

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

    def stream(name: str, kind: type[Asked], work: Work[Asked]) -> Route:
        """Return the route of a question that is answered piece by piece, by the pool."""

        async def streamed(request: Request) -> Response:
            asked = read(kind, await request.body())
            query = explorer.engine.ask(lambda check: work(asked, check), f"{name} {asked.page}")
            return StreamingResponse(_records(query), media_type=_STREAM)

        return Route(f"/api/{name}", streamed, methods=["POST"])

    def question(name: str, kind: type[Asked], work: Work[Asked]) -> Route:
        """Return the route of a question that has one answer, and needs no pool."""

        async def answered(request: Request) -> Response:
            asked = read(kind, await request.body())
            query = explorer.questions.ask(lambda check: work(asked, check), f"{name} {asked.page}")
            return await answer(query)

        return Route(f"/api/{name}", answered, methods=["POST"])

    async def palette(request: Request) -> Response:
        name = request.query_params.get("name", "")[:_MOST_NAME]
        data = await request.body()
        found = await run_in_threadpool(palette_from_bytes, name, data)
        colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in found.colours]
        return JSONResponse({"colours": colours, "remarks": found.remarks})

    async def refused(_: Request, error: Exception) -> Response:
        status = 400 if isinstance(error, _PERSONS) else 500
        return JSONResponse({"error": str(error)}, status)

    app = Starlette(
        routes=[
            Route("/", page),
            stream("picture", PictureAsked, explorer.pictures),
            stream("looks", LooksAsked, explorer.looks),
            question("point", PointAsked, explorer.point),
            question("julia", JuliaAsked, explorer.julia),
            question("place", PlaceAsked, explorer.place),
            Route("/api/palette", palette, methods=["POST"]),
            *film_routes(explorer.films),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={PipelineError: refused, PaletteFileError: refused},
    )
    guard = Guard(app, token)
    return guard


async def _records(query: Query) -> AsyncIterator[bytes]:
    """Yield a query's records; a failure is the last of them."""
    try:
        async for part in query.results():
            yield part
    except PipelineError as error:
        yield record({"error": str(error)})


async def answer(query: Query) -> Response:
    """Return a query's only result: bytes are a JPEG, all else is JSON."""
    async for result in query.results():
        if isinstance(result, bytes):
            return Response(result, media_type="image/jpeg")
        return JSONResponse(result)
    return JSONResponse({"error": "stopped"}, 409)
