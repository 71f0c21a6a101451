"""What the page may ask about films, and what it may not."""

import http.client
import json
import os
import time
from dataclasses import dataclass

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from pipeline.config.fault import ConfigError
from pipeline.errors import PipelineError
from pipeline.explorer.film_routes import film_routes
from pipeline.explorer.films import Films
from pipeline.explorer.guard import SAFETY, TOKEN_HEADER, Guard
from pipeline.explorer.serving import Server
from tests.conftest import SMALL
from tests.processes import descendants, runs

VIDEO = bytes(range(256)) * 4
FILM = {
    "name": "new",
    "keyframes": [
        {"values": {"time": "0", "center": ["-0.75", "0"], "width": "3.5"}},
        {"values": {"time": "4", "center": ["-0.75", "0.1"], "width": "1e-20"}},
    ],
}


@dataclass
class Answer:
    status_code: int
    headers: dict
    content: bytes

    def json(self):
        return json.loads(self.content)


class Page:
    """Asks as the page does, over a real socket."""

    def __init__(self, address):
        self.address = address

    def get(self, path, **headers):
        return self._ask("GET", path, None, headers)

    def post(self, path, asked, **headers):
        body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
        return self._ask("POST", path, body, {TOKEN_HEADER: "token", **headers})

    def _ask(self, method, path, body, headers):
        line = http.client.HTTPConnection(*self.address, timeout=60)
        line.request(method, path, body, headers)
        with line.getresponse() as answer:
            facts = {name.lower(): value for name, value in answer.headers.items()}
            found = Answer(answer.status, facts, answer.read())
        line.close()
        return found


@pytest.fixture
def films(tmp_path):
    made = Films(tmp_path / "output", tmp_path / "configs")
    (tmp_path / "configs").mkdir()
    (tmp_path / "output").mkdir()
    (tmp_path / "configs" / "small.yaml").write_text(SMALL)
    (tmp_path / "output" / "small.mp4").write_bytes(VIDEO)
    (tmp_path / "secret.yaml").write_text(SMALL)
    (tmp_path / "secret.mp4").write_text("secret")
    yield made
    made.close()


@pytest.fixture
def page(films):
    async def refused(_, error):
        return JSONResponse({"error": str(error)}, 400)

    app = Starlette(
        routes=film_routes(films),
        exception_handlers={PipelineError: refused, ConfigError: refused},
    )
    with Server(Guard(app, "token"), "127.0.0.1:0") as server:
        yield Page(server.address)


def records(data: bytes) -> list[dict]:
    found = []
    while data:
        text = int.from_bytes(data[:4], "little")
        found.append(json.loads(data[8 : 8 + text]))
        data = data[8 + text :]
    return found


def test_a_film_is_looked_through_at_any_depth(page):
    for seconds, width in ((0, "3.5"), (4, "1e-20"), (99, "1e-20")):
        answer = page.post("/api/film/at", {"film": FILM, "seconds": seconds}).json()
        assert answer["view"]["width"] == width
    half = page.post("/api/film/at", {"film": FILM, "seconds": 2}).json()["view"]
    assert 1e-12 < float(half["width"]) < 1e-8
    # On its way to the target, from below.
    assert abs(float(half["im"]) - 0.1) < 1e-9


def test_what_nobody_waits_for_is_not_measured(page):
    def checks():
        return [each for each in descendants(os.getpid()) if runs(each, b"film_check")]

    line = http.client.HTTPConnection(*page.address, timeout=60)
    body = json.dumps({"film": FILM, "thorough": True})
    line.request("POST", "/api/film/check", body, {TOKEN_HEADER: "token"})
    answer = line.getresponse()
    assert answer.read(8)
    until(checks)
    answer.close()
    line.close()
    until(lambda: not checks())


def until(is_so, patience_s=60):
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_player_of_a_film_stands_in_the_page_as_a_stranger(page):
    ends = zip((("-0.75", "0.2"), ("-0.745", "0.11")), ("0.5", "0.02"), ("0", "2"), strict=True)
    values = [{"center": at, "width": width, "time": time} for at, width, time in ends]
    film = {"name": "", "video": {"width": "192", "height": "108"}, "keyframes": []}
    film["keyframes"] = [{"values": each} for each in values]
    busy, made = records(page.post("/api/film/play", {"film": film}).content)
    assert busy == {"state": "busy"}
    player = page.get(f"/api/player/{made['player']}")
    assert b"<canvas" in player.content
    safety = player.headers["content-security-policy"]
    assert "sandbox allow-scripts;" in f"{safety};"
    assert "frame-ancestors 'self'" in safety
    assert page.get("/api/player/another").status_code == 404
    none = page.post("/api/film/play", {"film": {**film, "keyframes": []}})
    assert none.status_code == 400


def test_what_is_known_is_told_at_once(page):
    answer = page.post("/api/film/check", {"film": FILM})
    ((facts,),) = (list(each.values()) for each in records(answer.content))
    assert facts["times"] == [0, 4]
    assert [each["key"] for each in facts["warnings"]] == ["keyframes[1]"]
    bad = {**FILM, "maxiter": "x", "keyframes": [{"values": {"time": "0", "width": "0"}}]}
    refused = page.post("/api/film/check", {"film": bad})
    assert refused.status_code == 400
    lines = refused.json()["error"].splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "maxiter", "keyframes[0].center", "keyframes[0].width",
    ]  # fmt: skip  # a list


def test_a_file_that_is_there_is_asked_about(page, films):
    assert page.get("/api/configs").json() == {"configs": ["small"], "start": None}
    film = {**FILM, "name": "small"}
    assert page.post("/api/film/save", {"film": film}).json()["exists"] is True
    assert films.files.read("small") == SMALL
    saved = page.post("/api/film/save", {"film": film, "over": True}).json()
    assert films.files.read("small") == saved["text"] != SMALL
    opened = page.post("/api/film/open", {"name": "small"}).json()
    assert opened == {key: value for key, value in saved.items() if key != "path"}


@pytest.mark.parametrize("name", ["../secret", "/../secret", "..", "a/../../secret", "x\0"])
def test_nothing_outside_of_the_folders_is_reached(page, tmp_path, name):
    for path, asked in (
        ("open", {"name": name}), ("render", {"name": name}),
        ("save", {"film": {**FILM, "name": name}, "over": True}),
    ):  # fmt: skip  # a question a line
        answer = page.post(f"/api/film/{path}", asked)
        assert answer.status_code == 400, path
        assert "small" not in answer.json()["error"]
    assert (tmp_path / "secret.yaml").read_text() == SMALL
    assert page.get("/api/jobs").json() == {"jobs": []}


@pytest.mark.parametrize("path", ["..%2fsecret", "%2e%2e%2fsecret", "../secret", "none", "small/"])
def test_no_other_video_is_sent(page, path):
    answer = page.get(f"/api/video/{path}")
    assert answer.status_code in (400, 404, 307)
    assert answer.content != b"secret"


def test_videos_come_in_ranges_and_never_through_links(page, tmp_path):
    whole = page.get("/api/video/small")
    assert (whole.status_code, whole.content) == (200, VIDEO)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["content-security-policy"] == SAFETY["Content-Security-Policy"]
    part = page.get("/api/video/small", Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, VIDEO[5:10])
    video = tmp_path / "output" / "small.mp4"
    video.unlink()
    video.symlink_to(tmp_path / "secret.mp4")
    assert page.get("/api/video/small").status_code == 404


@pytest.mark.parametrize(
    "path", ["film/open", "film/check", "film/at", "film/save", "film/render", "jobs/stop"]
)
def test_only_the_page_may_change_anything(page, path):
    for headers in ({TOKEN_HEADER: "wrong"}, {"Origin": "http://evil.example"}):
        assert page.post(f"/api/{path}", {"name": "small"}, **headers).status_code == 403
    for body in (b"", b"{", b"[]", b'{"name": 7}', b'{"surplus": 1}', b"\xff"):
        assert page.post(f"/api/{path}", body).status_code == 400
    assert page.get(f"/api/{path}").status_code == 405
