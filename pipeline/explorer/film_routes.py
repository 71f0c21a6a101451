"""Routes of what the page may ask about films."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import anyio.to_thread
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from pipeline.explorer.film import Film, FilmAsked, MomentAsked
from pipeline.explorer.film_files import ExistsError
from pipeline.explorer.films import Films
from pipeline.explorer.wire import Asked, read

# It stands in the explorer's page as a stranger: it has scripts of its own, and reads nothing else.
_PLAYER_SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "img-src data: blob:; frame-ancestors 'self'; sandbox allow-scripts"
    )
}
_Endpoint = Callable[[Request], Awaitable[Response]]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Name(_Asked):
    name: str


class _Number(_Asked):
    number: int


class _FilmAsked(_Asked):
    film: FilmAsked


_Film = TypeVar("_Film", bound=_FilmAsked)


class _CheckAsked(_FilmAsked):
    thorough: bool = False
    """Whether to measure what it takes, too, which takes seconds to minutes."""


class _SaveAsked(_FilmAsked):
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

    async def player(request: Request) -> Response:
        page = films.player(request.path_params["name"])
        if page is None:
            return Response(status_code=404)
        return Response(page, media_type="text/html", headers=_PLAYER_SAFETY)

    async def jobs(_: Request) -> Response:
        return JSONResponse({"jobs": films.jobs.told()})

    async def video(request: Request) -> Response:
        return await anyio.to_thread.run_sync(films.video, request.path_params["name"])

    posted: dict[str, _Endpoint] = {
        "/api/film/open": _answering(_Name, lambda asked: films.open(asked.name)),
        "/api/film/check": _streaming(
            films, _CheckAsked, lambda film, asked: films.checked(film, asked.thorough)
        ),
        "/api/film/play": _streaming(films, _FilmAsked, lambda film, _: films.play(film)),
        "/api/film/at": _answering(MomentAsked, films.at),
        "/api/film/save": _answering(_SaveAsked, save),
        "/api/film/render": _answering(_Name, lambda asked: films.render(asked.name)),
        "/api/jobs/stop": _answering(_Number, stop),
    }
    return [
        *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posted.items()),
        Route("/api/configs", configs),
        Route("/api/jobs", jobs),
        Route("/api/player/{name}", player),
        Route("/api/video/{name}", video),
    ]


def _streaming(
    films: Films, kind: type[_Film], records: Callable[[Film, _Film], AsyncIterator[bytes]]
) -> _Endpoint:
    """Return an endpoint that reads a question about a film, and answers with records."""

    async def endpoint(request: Request) -> Response:
        asked = read(kind, await request.body())
        film = await anyio.to_thread.run_sync(films.film, asked.film)
        return StreamingResponse(records(film, asked), media_type="application/octet-stream")

    return endpoint


def _answering(kind: type[Asked], function: Callable[[Asked], dict[str, Any]]) -> _Endpoint:
    """Return an endpoint that reads what is asked for, and answers with what a function returns."""

    async def endpoint(request: Request) -> Response:
        asked = read(kind, await request.body())
        return JSONResponse(await anyio.to_thread.run_sync(function, asked))

    return endpoint
