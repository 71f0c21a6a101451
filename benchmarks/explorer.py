"""Times of the explorer's pictures, and the memory that its server holds.

    python benchmarks/explorer.py [--moves 500]

It starts the server in a process of its own, and asks it as the page does.
"""

import argparse
import http.client
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.config.load import load_config

_PATIENCE_S = 600.0
# The last keyframes of films: detail at each depth.
_FILMS = ("seahorse", "deep-1e50", "deep-1e300", "deep-1e1000")
_CONFIGS = Path(__file__).parent.parent / "configs"


class Server:
    """The server, and what it answers."""

    def __init__(self, output: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "explore", "--no-browser",
             "--address", f"127.0.0.1:{self._port}", "--output", output],
        )  # fmt: skip  # one call
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                page = self._get()
                break
            except ConnectionRefusedError:
                assert time.monotonic() < end
                time.sleep(0.1)
        found = re.search(r'name="token" content="([^"]+)"', page)
        assert found is not None
        self._token = found[1]

    def _get(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection.request("GET", "/")
        return connection.getresponse().read().decode()

    def picture(self, question: dict) -> Iterator[dict]:
        """Yield the facts of a picture's records as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_S)
        headers = {"X-Explorer-Token": self._token}
        connection.request(
            "POST", "/api/picture", json.dumps({"page": "bench", **question}), headers
        )
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        try:
            while lengths := answer.read(8):
                text, data = struct.unpack("<II", lengths)
                yield json.loads(answer.read(text))
                answer.read(data)
        finally:
            connection.close()

    def memory_mb(self) -> float:
        """Return the memory of the server and its workers: shared pages once."""
        family, found = [self.process.pid], 0.0
        while family:
            pid = family.pop()
            try:
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                found += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1]) / 1024
                family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except (OSError, TypeError):
                continue
        return found


def timed(server: Server, question: dict) -> tuple[float, float, dict]:
    """Return the seconds until the first strip and until each pixel, and the view."""
    start, first, view = time.monotonic(), 0.0, {}
    for facts in server.picture(question):
        view = facts.get("view", view)
        if "strip" in facts and not first:
            first = time.monotonic() - start
        if facts.get("state") == "full":
            break
        assert "error" not in facts, facts
    return first, time.monotonic() - start, view


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=500)
    moves = parser.parse_args().moves
    with tempfile.TemporaryDirectory() as output:
        server = Server(output)
        try:
            measure(server, moves)
        finally:
            server.process.terminate()
            server.process.wait()


def measure(server: Server, moves: int) -> None:
    """Time pictures at each depth, then move about at random and watch the memory."""
    print("place      coarse s  full s   wheel: coarse s  full s   pan: full s   load")
    for name in _FILMS:
        last = load_config(_CONFIGS / f"{name}.yaml").keyframes[-1]
        view = {
            "re": str(last.center.re), "im": str(last.center.im), "width": str(last.width),
            "columns": 1280, "rows": 720,
        }  # fmt: skip  # a view
        coarse, full, view = timed(server, {"view": view})
        wheel = {"factor": 2**0.25, "at_x": 640, "at_y": 360}
        wheel_coarse, wheel_full, view = timed(server, {"view": view, "move": wheel})
        pan = {"right_px": 40, "down_px": 25}
        _, pan_full, _ = timed(server, {"view": view, "move": pan, "shown_step": 1})
        print(
            f"{name:11} {coarse:7.2f} {full:7.2f} {wheel_coarse:17.2f} {wheel_full:7.2f} "
            f"{pan_full:13.2f} {os.getloadavg()[0]:6.1f}", flush=True,
        )  # fmt: skip  # one call
    hand = random.Random(1)
    view = {"re": "-0.7436", "im": "0.1318", "width": "1e-3", "columns": 1920, "rows": 1080}
    largest, start = server.memory_mb(), time.monotonic()
    for _ in range(moves):
        at = {"at_x": hand.uniform(0, 1920), "at_y": hand.uniform(0, 1080)}
        shift = {"right_px": hand.randint(-400, 400), "down_px": hand.randint(-300, 300)}
        move = hand.choice([{"factor": hand.choice([0.5, 0.8, 1.2, 2.0]), **at}, shift])
        for facts in server.picture({"view": view, "move": move, "maxiter": 500}):
            view = facts.get("view", view)
            # A hand that moves on; now and then it waits.
            if facts.get("state") == "full" or ("strip" in facts and hand.random() < 0.05):
                break
        largest = max(largest, server.memory_mb())
    seconds = time.monotonic() - start
    print(f"memory: at most {largest:.0f} MB over {moves} moves at 1920x1080, in {seconds:.0f} s")


if __name__ == "__main__":
    main()
