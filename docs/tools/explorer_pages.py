"""Pictures of the explorer's page: ``.venv/bin/python docs/tools/explorer_pages.py``.

Writes ``docs/pictures/explorer.jpg``, ``explorer-film.jpg`` and ``explorer-phone.jpg``. It needs
Chromium, and drives it as the tests do.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.browser import Browser  # noqa: E402  # the tests are no part of the package

PICTURES = ROOT / "docs" / "pictures"
SEAHORSE = "#re=-0.743643887&im=0.131825904&width=1e-5&maxiter=auto"
SPIRAL = "#re=-0.7445&im=0.1215&width=0.012&maxiter=auto"
FILM = (
    {"re": "-0.748", "im": "0.23", "width": "0.25"},
    {"re": "-0.7436443370", "im": "0.1318262040", "width": "1.2e-4"},
    {"re": "-0.743643887037158704752", "im": "0.131825904205311970493", "width": "1e-8"},
)
FINE = "explorer.picture.state === 'full' && explorer.history.isSettled"


def until(browser: Browser, condition: str) -> None:
    """Wait until a condition holds in the page."""
    end = time.monotonic() + 90
    while not browser.run(condition):
        assert time.monotonic() < end, condition
        time.sleep(0.05)


def click(browser: Browser, name: str) -> None:
    """Click an element."""
    browser.run(f"document.getElementById('{name}').click()")


def saved(browser: Browser, name: str, columns: int) -> None:
    """Write what the window shows."""
    time.sleep(2.0)
    picture = Image.fromarray(browser.screenshot())
    size = columns, round(picture.height * columns / picture.width)
    picture.resize(size, Image.Resampling.LANCZOS).save(PICTURES / f"{name}.jpg", quality=86)


def main() -> None:
    """Take all pictures."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "configs").mkdir()
        server = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "explore", "--no-browser", "--address", address],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip  # one call
        try:
            time.sleep(5)
            with Browser(Path(folder) / "desktop", 1440, 900) as browser:
                opened(browser, address, SEAHORSE)
                click(browser, "find-nucleus")
                until(browser, "document.getElementById('period').textContent.trim() !== ''")
                saved(browser, "explorer", 1200)
                for view in FILM:
                    browser.run(f"explorer.picture.show({{...{view}, rotation: 0}})")
                    until(browser, FINE)
                    click(browser, "add-keyframe")
                    time.sleep(0.5)
                browser.run(
                    "(() => { const name = document.getElementById('name'); name.value = 'valley';"
                    " name.dispatchEvent(new Event('input')); })()"
                )
                saved(browser, "explorer-film", 1200)
            with Browser(Path(folder) / "phone", 390, 844) as browser:
                opened(browser, address, SPIRAL)
                saved(browser, "explorer-phone", 390)
        finally:
            server.terminate()
            server.wait()


def opened(browser: Browser, address: str, place: str) -> None:
    """Open the page at a place, and wait until it is sharp."""
    browser.call("Page.navigate", url=f"http://{address}/{place}")
    time.sleep(1)
    until(browser, f"window.explorer && {FINE}")


if __name__ == "__main__":
    main()
