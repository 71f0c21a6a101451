"""A real browser without a window: Chromium, told what to do through a pipe."""

import base64
import contextlib
import io
import json
import os
import select
import shutil
import subprocess
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
_OPTIONS = (
    "--headless", "--no-sandbox", "--no-first-run", "--disable-quic", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    # WebGL in software, the same on every machine; the page itself is drawn faster without it.
    "--disable-gpu", "--enable-unsafe-swiftshader",
    # A page without a window is shown all the same.
    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--force-color-profile=srgb", "--force-device-scale-factor=1",
)  # fmt: skip  # a list
# Nothing that is asked of a page takes as long, even on a busy machine.
_PATIENCE_S = 60.0


def need_chromium():
    """Skip a test where there is no Chromium; where all tests must run, fail."""
    if not CHROMIUM:
        (pytest.fail if os.environ.get("NEED_CHROMIUM") else pytest.skip)(
            "there is no Chromium here"
        )


class Browser:
    """A page in Chromium; what it logs as an error fails the next call."""

    def __init__(self, folder: Path, columns: int = 320, rows: int = 240) -> None:
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        # Chromium reads commands from 3 and writes to 4.
        words = [CHROMIUM, *_OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={folder}"]
        words += ["about:blank"]
        command = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", command, "chromium", *words],
            pass_fds=(to_browser, from_browser), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip  # one call
        os.close(to_browser)
        os.close(from_browser)
        self._replies = os.fdopen(self._from, "rb", buffering=0)
        self._buffer = b""
        self._number = 0
        self._session = None
        self._loaded: set[str] = set()
        self.errors: list[str] = []
        self.requests: list[str] = []
        """Addresses of all that the page asked for, itself excepted."""
        (page,) = (
            target
            for target in self.call("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        )
        self._session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        # Small, as all is drawn by the processor; a window would be larger than asked for.
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=columns, height=rows, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip  # one call

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._session = None
            self.call("Browser.close")
        os.close(self._to)
        self._replies.close()
        self._process.wait(timeout=60)

    def call(self, method: str, **parameters: object) -> dict:
        """Call a method of Chromium's, and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._send(message)
        while True:
            reply = self._next()
            if reply.get("id") == self._number:
                assert "error" not in reply, reply
                return reply["result"]

    def open(self, page: Path) -> None:
        """Open a file, and wait until it is loaded."""
        loader = self.call("Page.navigate", url=page.as_uri())["loaderId"]
        while loader not in self._loaded:
            self._next()

    def run(self, script: str) -> object:
        """Run a script, which may wait, in the page; return its result."""
        result = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        assert not self.errors, self.errors
        return result["result"].get("value")

    def screenshot(self) -> np.ndarray:
        """Return what the window shows, as 8-bit sRGB."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        return iio.imread(io.BytesIO(base64.b64decode(data)))[..., :3]

    def _send(self, message: dict) -> None:
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data) :]

    def _next(self) -> dict:
        """Return the next message."""
        while b"\0" not in self._buffer:
            if not select.select([self._replies], [], [], _PATIENCE_S)[0]:
                self._process.kill()
                pytest.fail("Chromium does not answer")
            more = self._replies.read(1 << 20)
            assert more, "Chromium has ended"
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        read = json.loads(message)
        details = read.get("params", {})
        if read.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(details["exceptionDetails"]))
        elif read.get("method") == "Runtime.consoleAPICalled" and details["type"] == "error":
            self.errors.append(json.dumps(details["args"]))
        elif read.get("method") == "Page.lifecycleEvent" and details["name"] == "load":
            self._loaded.add(details["loaderId"])
        elif read.get("method") == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])
        return read
