"""The server of the status page, over real sockets: what it answers, and whom it waits for."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.explorer.connections import MOST_CONNECTIONS
from pipeline.explorer.serving import Server
from pipeline.explorer.watching import watch_app
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from tests.conftest import ROOT

VIDEO = bytes(range(256)) * 5
PAGE = b"<!DOCTYPE html><p>the page"


@contextmanager
def serving(root, name="zoom", patience_s=20.0):
    outputs = Outputs(root, name, Owner("zoom.yaml", ""))
    with Server(watch_app(outputs), "127.0.0.1:0", patience_s) as server:
        yield server.address


@pytest.fixture
def made(tmp_path):
    (tmp_path / "zoom").mkdir()
    (tmp_path / "zoom" / "index.html").write_bytes(PAGE)
    (tmp_path / "zoom.mp4").write_bytes(VIDEO)
    return tmp_path


def said(address, request: bytes) -> bytes:
    """Send bytes and return all that comes until the other side closes."""
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(request)
        pieces = []
        try:
            while piece := line.recv(1 << 16):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        return b"".join(pieces)


def asked(address, path, method="GET", **headers):
    """Return status, headers and body of an answer."""
    lines = {"Host": "127.0.0.1", "Connection": "close", **headers}
    text = "".join(
        f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value
    )
    answer = said(address, f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    facts = (line.split(": ", 1) for line in rest)
    return int(first.split()[1]), {name.title(): value for name, value in facts}, body


@pytest.mark.parametrize(
    ("wanted", "status", "first", "last"),
    [
        ("bytes=0-99", 206, 0, 99), ("bytes=1200-", 206, 1200, 1279), ("bytes=-7", 206, 1273, 1279),
        ("bytes=0-0", 206, 0, 0), ("bytes=1279-", 206, 1279, 1279), ("bytes=-99999", 206, 0, 1279),
        ("bytes=5-99999", 206, 5, 1279), ("bytes=0-" + "9" * 5000, 206, 0, 1279),
        ("bytes=-" + "9" * 5000, 206, 0, 1279), ("bytes=" + "0" * 5000 + "7-8", 206, 7, 8),
        ("bytes=1280-", 416, None, None), ("bytes=-0", 416, None, None),
        ("bytes=" + "9" * 5000 + "-", 416, None, None),
        ("bytes=9-5", 200, 0, 1279), ("bytes=-", 200, 0, 1279), ("bytes=0-1,5-6", 200, 0, 1279),
        ("bytes=a-b", 200, 0, 1279), ("lines=0-1", 200, 0, 1279), ("bytes=0-5x", 200, 0, 1279),
        ("bytes=--5", 200, 0, 1279), ("bytes=+1-5", 200, 0, 1279),
    ],
)  # fmt: skip  # a range a line
def test_parts_of_the_video(made, wanted, status, first, last):
    with serving(made) as address:
        got, headers, body = asked(address, "/zoom.mp4", Range=wanted)
    assert got == status
    if status == 416:
        assert (headers["Content-Range"], body) == ("bytes */1280", b"")
        return
    assert body == VIDEO[first : last + 1]
    assert int(headers["Content-Length"]) == len(body)
    if status == 206:
        assert headers["Content-Range"] == f"bytes {first}-{last}/1280"


def test_a_head_is_the_answer_without_its_body(made):
    with serving(made) as address:
        for path, size in (("/zoom.mp4", len(VIDEO)), ("/zoom/index.html", len(PAGE))):
            status, headers, body = asked(address, path, "HEAD", Range="bytes=0-1")
            assert (status, int(headers["Content-Length"]), body) == (200, size, b"")


def test_every_answer_tells_the_browser_to_trust_nothing_else(made):
    with serving(made) as address:
        for path in ("/", "/zoom/index.html", "/zoom.mp4", "/nothing"):
            _, headers, _ = asked(address, path)
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src" not in policy
            assert "Server" not in headers
        assert asked(address, "/zoom/index.html")[1]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X"]
)
def test_nothing_but_looking_is_allowed(made, method):
    with serving(made) as address:
        status, headers, body = asked(address, "/zoom/index.html", method)
        assert (status, headers["Allow"], PAGE in body) == (405, "GET, HEAD", False)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200), ("127.0.0.1:8000", 200), ("localhost:8000", 200), ("LOCALHOST.", 200),
        ("[::1]:80", 200), ("192.168.1.7:8000", 200),
        (socket.gethostname(), 200), (f"{socket.gethostname().partition('.')[0]}.local:8000", 200),
        ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example", 421),
        (f"{socket.gethostname()}.evil.example", 421), ("127.0.0.1, evil.example", 421),
        ("evil.example:8000", 421), ("0x7f.1", 421),
    ],
)  # fmt: skip  # a name a line
def test_a_name_of_somebody_else_s_is_refused(made, host, status):
    with serving(made) as address:
        got, _, body = asked(address, "/zoom/index.html", Host=host)
        assert got == status
        assert (body == PAGE) == (status == 200)


@pytest.mark.parametrize(
    "hosts", ["", "Host: 127.0.0.1\r\nHost: evil.example\r\n", "Host: 127.0.0.1@evil.example\r\n"]
)
def test_one_name_and_no_other_is_needed(made, hosts):
    with serving(made) as address:
        for version in ("1.0", "1.1"):
            answer = said(address, f"GET /zoom.mp4 HTTP/{version}\r\n{hosts}\r\n".encode())
            assert answer.split()[1] in (b"400", b"421")
            assert VIDEO not in answer


def test_what_stands_in_a_file_s_place_is_not_served(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("not for you")
    root = tmp_path / "output"
    (root / "zoom").mkdir(parents=True)
    page, video = root / "zoom" / "index.html", root / "zoom.mp4"
    with serving(root) as address:
        assert b"Nothing is rendered yet" in asked(address, "/zoom/index.html")[2]
        for make in (
            lambda path: path.symlink_to(secret), lambda path: path.mkdir(), os.mkfifo,
            lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to("nowhere"),
        ):  # fmt: skip  # what may stand there
            for path, shown in ((page, "/zoom/index.html"), (video, "/zoom.mp4")):
                make(path)
                status, _, body = asked(address, shown)
                assert (status, body) == (404, b"")
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.mark.parametrize(
    "path",
    ["/zoom", "/zoom/", "/zoom/report.json", "/zoom/../zoom/index.html", "/../secret", "/%2e%2e/secret",
     "/zoom%00.mp4", "/zoom/index.html/", "//zoom.mp4", "http://127.0.0.1/zoom/report.json", "*", "/%ff%fe"],
)  # fmt: skip  # a table
def test_nothing_else_is_there(made, path):
    (made / "zoom" / "report.json").write_text("{}")
    with serving(made) as address:
        status, _, body = asked(address, path)
        assert status == 404
        assert len(body) < 20


def test_names_that_are_no_text_are_found(tmp_path):
    name = os.fsdecode(b"zo\xffm #1 %41")
    (tmp_path / name).mkdir()
    (tmp_path / name / "index.html").write_bytes(PAGE)
    with serving(tmp_path, name) as address:
        status, headers, _ = asked(address, "/")
        assert status == 302
        assert headers["Location"] == "/zo%FFm%20%231%20%2541/index.html"
        assert asked(address, headers["Location"])[2] == PAGE


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /" + b"a" * 3_000_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 3_000_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 500_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: a\r\n" % k for k in range(300)) + b"\r\n",
        b"\0" * 100 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1 x\r\n\r\n", b"GET\r\n\r\n",
        b"GET / HTTP/" + b"1" * 5000 + b".1\r\n\r\n",
    ],
)  # fmt: skip  # a request a line
def test_a_request_that_is_none_is_answered_with_none(made, capfd, request_):
    with serving(made) as address:
        try:
            answer = said(address, request_)
        except (ConnectionResetError, BrokenPipeError):
            # Closed while it was still being sent.
            answer = b""
        assert not answer or int(answer.split()[1]) >= 400
        assert asked(address, "/zoom/index.html")[2] == PAGE
    assert capfd.readouterr().err == ""


def test_a_body_is_not_taken_for_another_request(made):
    hidden = b"GET /zoom.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with serving(made, patience_s=0.5) as address:
        answer = said(
            address,
            b"GET /zoom/index.html HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden,
        )
    assert answer.count(b"HTTP/1.1 ") == 1


def test_who_stalls_is_not_waited_for(made):
    with serving(made, patience_s=0.3) as address:
        with socket.create_connection(address, timeout=20) as line:
            start = time.monotonic()
            # A byte now and then keeps no line open.
            line.sendall(b"GET / HT")
            closed = False
            while not closed and time.monotonic() - start < 15:
                line.settimeout(0.1)
                try:
                    closed = line.recv(1) == b""
                except TimeoutError:
                    line.sendall(b"T")
                except ConnectionResetError:
                    closed = True
            assert closed
        assert asked(address, "/zoom/index.html")[2] == PAGE


def test_who_takes_nothing_is_not_waited_for(made):
    size = 1 << 25
    (made / "zoom.mp4").write_bytes(bytes(size))
    with serving(made, patience_s=0.3) as address, socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.connect(address)
        line.sendall(b"GET /zoom.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        line.settimeout(20)
        start = time.monotonic()
        while time.monotonic() - start < 15 and len(open_lines(address)) > 1:
            time.sleep(0.02)
        assert len(open_lines(address)) == 1
        taken = 0
        try:
            while piece := line.recv(1 << 16):
                taken += len(piece)
        except ConnectionResetError:
            pass
        assert taken < size


def open_lines(address) -> list[str]:
    """Return the listening socket of this port, and the connections that its server holds."""
    here = f"0100007F:{address[1]:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [row[2] for row in rows if row[1] == here and row[3] in ("01", "0A")]


def test_so_many_lines_and_no_more(made):
    with serving(made, patience_s=1.0) as address:
        lines = [socket.create_connection(address, timeout=20) for _ in range(3 * MOST_CONNECTIONS)]
        try:
            # Those that are too many are closed at once.
            closed = [ended(line, 0.3) for line in lines]
            assert closed.count(True) >= 2 * MOST_CONNECTIONS
            assert closed[-1]
            assert all(ended(line, 20) for line in lines)
            # Those that stalled have made room.
            assert asked(address, "/zoom/index.html")[2] == PAGE
        finally:
            for line in lines:
                line.close()


def ended(line, patience_s) -> bool:
    line.settimeout(patience_s)
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_a_line_is_used_again(made):
    one = b"GET /zoom/index.html HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with serving(made) as address:
        assert said(address, one + one + last).count(PAGE) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_as_the_other_commands_do(cli, number):
    server = cli.start_anew("watch", cli.config(), "--address", "127.0.0.1:0")
    assert "shows small" in server.stderr.readline()
    server.send_signal(number)
    said_last = server.communicate(timeout=20)[1]
    assert (server.returncode, said_last.strip()) == (130, "stopped")


def test_what_serves_pages_is_named_where_it_is_not_installed(cli):
    (cli.folder / "uvicorn.py").write_text("raise ImportError")
    words = cli.arguments("watch", cli.config())
    result = subprocess.run(
        words, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(cli.folder)}, capture_output=True,
        text=True,
    )  # fmt: skip  # one call
    assert result.returncode == 2
    assert "[explore]" in result.stderr
