"""Routes of what the page may ask about films."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from pipeline.explorer.film import FilmAsked, MomentAsked
from pipeline.explorer.film_files import ExistsError
from pipeline.explorer.films import Films
from pipeline.explorer.wire import Asked, read

_Endpoint = Callable[[Request], Awaitable[Response]]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Name(_Asked):
    name: str


class _Number(_Asked):
    number: int


class _CheckAsked(_Asked):
    film: FilmAsked
    thorough: bool = False
    """Whether to measure what it takes, too, which takes seconds to minutes."""


class _SaveAsked(_Asked):
    film: FilmAsked
    over: bool = False
    """Whether it takes the place of another file: the person was asked."""


def film_routes(films: Films) -> list[BaseRoute]:
    """Return the routes of what a page may ask about films."""

    def save(asked: _SaveAsked) -> dict[str, Any]:
        try:
            return films.save(asked.film, asked.over)
        except ExistsError as error:
            return {"exists": True, "error": str(error)}

    def stop(asked: _Number) -> dict[str, Any]:
        films.jobs.stop(asked.number)
        return {"jobs": films.jobs.told()}

    async def configs(_: Request) -> Response:
        return JSONResponse(await anyio.to_thread.run_sync(films.listed))

    async def check(request: Request) -> Response:
        asked = read(_CheckAsked, await request.body())
        film = await anyio.to_thread.run_sync(films.film, asked.film)
        stream = films.checked(film, asked.thorough)
        return StreamingResponse(stream, media_type="application/octet-stream")

    async def jobs(_: Request) -> Response:
        return JSONResponse({"jobs": films.jobs.told()})

    async def video(request: Request) -> Response:
        return await anyio.to_thread.run_sync(films.video, request.path_params["name"])

    posted: dict[str, _Endpoint] = {
        "/api/film/open": _answering(_Name, lambda asked: films.open(asked.name)),
        "/api/film/check": check,
        "/api/film/at": _answering(MomentAsked, films.at),
        "/api/film/save": _answering(_SaveAsked, save),
        "/api/film/render": _answering(_Name, lambda asked: films.render(asked.name)),
        "/api/jobs/stop": _answering(_Number, stop),
    }
    return [
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posted.items()),
        Route("/api/configs", configs),
        Route("/api/jobs", jobs),
        Route("/api/video/{name}", video),
    ]


def _answering(kind: type[Asked], function: Callable[[Asked], dict[str, Any]]) -> _Endpoint:
    """Return an endpoint that reads what is asked for, and answers with what a function returns."""

    async def endpoint(request: Request) -> Response:
        asked = read(kind, await request.body())
        return JSONResponse(await anyio.to_thread.run_sync(function, asked))

    return endpoint
