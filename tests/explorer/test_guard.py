"""Who is answered: the server's own page, on this machine's own names, within limits."""

import json
import socket

import pytest

VIEW = {"re": "-0.75", "im": "0", "width": "3.5", "columns": 64, "rows": 36}
POINT = {"page": "test", "view": VIEW, "x": 10, "y": 10}


def test_the_page_may_use_nothing_but_its_own_files(server):
    status, _, headers = server.ask("GET", "/", token=None)
    policy = headers["content-security-policy"]
    assert status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", socket.gethostname()])
def test_own_names_are_answered(server, name):
    assert server.ask("GET", "/", Host=f"{name}:{server.port}")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80", ""])
def test_other_names_are_not(server, host):
    status, body, _ = server.ask("GET", "/", Host=host)
    assert status in (400, 421)
    assert server.token.encode() not in body


def test_a_question_carries_the_token_of_the_page(server):
    assert server.post("/api/point", POINT)[0] == 200
    assert server.post("/api/point", POINT, token=None)[0] == 403
    assert server.post("/api/point", POINT, token="guess")[0] == 403


def test_a_question_of_another_site_is_refused_even_with_the_token(server):
    own = f"http://{server.host}"
    assert server.post("/api/point", POINT, Origin=own)[0] == 200
    assert server.post("/api/point", POINT, Origin="http://evil.example")[0] == 403
    assert server.post("/api/point", POINT, Origin="null")[0] == 403


def test_methods_that_nothing_needs_are_refused(server):
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        assert server.ask(method, "/api/point")[0] == 405


def test_what_is_too_large_is_refused_unread(server):
    # Its body is never sent: a server that has refused it closes the line amid that.
    assert server.ask("POST", "/api/point", Content_Length=str((1 << 20) + 1))[0] == 413
    assert server.ask("POST", "/api/point", iter([b"{}"]), Transfer_Encoding="chunked")[0] == 413


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"x": "ten"}, "x"),
        ({"x": 1e300}, "x"),
        ({"view": {**VIEW, "width": "0"}}, "view.width"),
        ({"view": {**VIEW, "width": "1e-1000000000"}}, "view.width"),
        ({"view": {**VIEW, "re": "nan"}}, "view.re"),
        ({"view": {**VIEW, "columns": 1 << 20}}, "view.columns"),
        ({"maxiter": 10**12}, "maxiter"),
        ({"more": 1}, "more"),
        ({"page": "x" * 65}, "page"),
    ],
)
def test_a_question_with_a_fault_is_answered_with_its_place(server, change, key):
    status, body, _ = server.post("/api/point", {**POINT, **change})
    assert status == 400
    assert json.loads(body)["error"].startswith(key)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_question_is_refused(server, body):
    assert server.post("/api/point", body)[0] == 400


def test_a_view_of_too_many_pixels_is_refused(server):
    wide = {**VIEW, "columns": 4096, "rows": 4096}
    status, body, _ = server.post("/api/point", {**POINT, "view": wide})
    assert (status, b"pixels" in body) == (400, True)


def test_no_file_is_read_for_a_look(server, tmp_path):
    secret = tmp_path / "secret.map"
    secret.write_text("1 2 3\n4 5 6\n")
    question = {**POINT, "look": {"palette": str(secret)}}
    status, body, _ = server.post("/api/julia", question)
    assert status == 400
    assert b"drop the file" in body


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/etc/passwd"]
)
def test_only_the_pages_own_files_are_served(server, path):
    assert server.ask("GET", path)[0] == 404
