import http.client
import json
import re
import socket
import time
from pathlib import Path

import pytest

from pipeline.explorer.explorer import Explorer
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from tests.conftest import Cli

_PATIENCE_S = 120.0
# The last keyframe of this config is where the page begins.
CONFIG = """\
video: {width: 96, height: 54}
maxiter: 700
colour: {palette: ember, scale: log, cycle: 0.1}
keyframes:
  - {time: 0, center: [-0.75, 0], width: 3.5}
  - {time: 2, center: ["-0.743643887037158", "0.131825904205311"], width: 1e-3, rotation: 30}
"""


class Server:
    """The real server, started from the command line, and its answers."""

    def __init__(self, cli: Cli, *arguments: object) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self._process = cli.start(
            "explore", *arguments, "--no-browser", "--address", self.host
        )  # fmt: skip  # one call
        self.page = self._first_page()
        self.token = re.search(r'name="token" content="([^"]+)"', self.page)[1]

    def _first_page(self) -> str:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            try:
                return self.ask("GET", "/", token=None)[1].decode()
            except ConnectionRefusedError:
                time.sleep(0.05)
        pytest.fail("the server does not answer")

    def ask(self, method, path, body=None, *, token="own", **headers):
        """Return the status, the body and the headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            given["X-Explorer-Token"] = self.token if token == "own" else token
        try:
            connection.request(method, path, data, given)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def post(self, path, body, **headers):
        return self.ask("POST", path, body, **headers)

    def uri(self, place: str = "/") -> "Address":
        return Address(f"http://{self.host}{place}")

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)


class Address:
    """An address, as the browser opens it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def as_uri(self) -> str:
        return self._text


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    server = Server(Cli(tmp_path_factory.mktemp("server")))
    yield server
    server.end()


@pytest.fixture(scope="package")
def explorer(tmp_path_factory):
    """Return an explorer of this process; its engines' threads are not used."""
    folder: Path = tmp_path_factory.mktemp("explorer")
    explorer = Explorer(Outputs(folder, "explorer", Owner("explorer", "explorer")), workers=2)
    yield explorer
    explorer.close()
