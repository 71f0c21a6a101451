"""The film's panel in a real browser: a story from two keyframes to a video that plays."""

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np

from tests.browser import Browser, need_chromium
from tests.conftest import ROOT, SMALL

SPIRAL = {
    "re": "-0.743643887037158704752191506114774", "im": "0.131825904205311970493132056385139",
    "width": "1e-3", "rotation": 0,
}  # fmt: skip  # a view


class Page:
    """The page of the explorer, as a person uses it."""

    def __init__(self, browser):
        self.browser = browser

    def run(self, script):
        return self.browser.run(script)

    def until(self, script, patience_s=150):
        deadline = time.monotonic() + patience_s
        while not self.run(f"!!({script})"):
            assert time.monotonic() < deadline, (script, self.run("document.body.innerText"))
            time.sleep(0.03)

    def click(self, identity):
        self.run(f"document.getElementById('{identity}').click()")

    def fill(self, identity, value):
        self.run(
            f"{{ const field = document.getElementById('{identity}'); field.value = '{value}';"
            "for (const kind of ['input', 'change'])"
            "field.dispatchEvent(new Event(kind, { bubbles: true })); }"
        )

    def checked(self):
        """Wait until the server has looked at the film as it is."""
        self.until("+document.getElementById('film').dataset.checked === explorer.film.changes")

    def until_shown(self, identity, patience_s=60):
        """Wait until what an element shows has many colours."""
        deadline = time.monotonic() + patience_s
        left, top, right, bottom = self.run(
            f"(() => {{ const box = document.getElementById('{identity}').getBoundingClientRect();"
            " return [box.left, box.top, box.right, box.bottom].map(Math.round); })()"
        )
        while True:
            shown = self.browser.screenshot()[top:bottom, left:right].reshape(-1, 3)
            if len(np.unique(shown // 16, axis=0)) > 50:
                return
            assert time.monotonic() < deadline, identity
            time.sleep(0.1)

    def key(self, key, modifiers=0):
        for kind in ("rawKeyDown", "keyUp"):
            self.browser.call("Input.dispatchKeyEvent", type=kind, key=key, modifiers=modifiers)


class Address:
    def __init__(self, text):
        self._text = text

    def as_uri(self):
        return self._text


@contextmanager
def explored(cli, columns, rows):
    """Give the page of an explorer whose configs and outputs are in the folder of a test."""
    words = [sys.executable, "-m", "pipeline", "explore", "--no-browser"]
    server = subprocess.Popen(
        [*words, "--address", "127.0.0.1:0", "--output", str(cli.output)],
        cwd=cli.folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip  # one call
    try:
        address = re.search(r"http://[\d.:]+/", server.stderr.readline()).group()
        with Browser(cli.folder / "chromium", columns, rows) as browser:
            browser.open(Address(address))
            yield Page(browser)
    finally:
        server.terminate()
        server.communicate(timeout=60)
        assert server.returncode == 130


def test_from_two_keyframes_to_a_video_that_plays(cli):
    need_chromium()
    configs = cli.folder / "configs"
    configs.mkdir()
    (configs / "long.yaml").write_text(SMALL.replace("96, height: 54", "640, height: 360"))
    with explored(cli, 390, 844) as page:
        page.until("explorer.picture.state === 'full'")
        whole = page.run("explorer.picture.view.width")
        page.click("add-keyframe")
        page.run(f"explorer.picture.show({SPIRAL})")
        page.click("add-keyframe")
        page.until("document.querySelectorAll('#keyframes img').length === 2")
        for key, value in (("width", 96), ("height", 54), ("fps", 5)):
            page.fill(f"video-{key}", value)
        page.fill("pace-value", 40)
        page.checked()
        # Far too fast, and told as `plan` tells it.
        assert "keyframes[1]" in page.run("document.getElementById('warnings').innerText")
        page.fill("pace", "time")
        page.fill("pace-value", 2)
        page.fill("name", "mine")
        page.checked()
        # To the other place by keys, and back by hand; each place keeps its time.
        page.run("document.querySelector('#keyframes li:nth-child(2) button').focus()")
        page.key("ArrowLeft", modifiers=1)
        page.checked()
        assert (
            page.run("explorer.film.keyframes.map(({ values }) => values.width).join()")
            == f"1e-3,{whole}"
        )
        page.run(
            "{ const [one, two] = document.querySelectorAll('#keyframes li');"
            "const dataTransfer = new DataTransfer();"
            "one.dispatchEvent(new DragEvent('dragstart', { dataTransfer }));"
            "two.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true })); }"
        )
        page.checked()
        assert (
            page.run("explorer.film.keyframes.map(({ values }) => values.width).join()")
            == f"{whole},1e-3"
        )
        page.fill("scrub", 1)
        page.until("/^0[.]05/.test(explorer.picture.view.width)")
        page.click("look-through")
        page.until("document.getElementById('player').open")
        page.until_shown("player")
        page.run("document.querySelector('#player button').click()")
        page.until("!document.querySelector('#player iframe').src.includes('player')")

        page.click("save")
        page.until("document.querySelector('#open').options.length === 3")
        text = (configs / "mine.yaml").read_text()
        assert f"center: [{SPIRAL['re']}, {SPIRAL['im']}]" in text
        page.fill("video-fps", 6)
        page.checked()
        page.click("render")
        page.until("document.querySelector('.job-video')")
        assert "fps: 6" in (configs / "mine.yaml").read_text()
        video = "document.querySelector('.job-video')"
        page.run(f"{video}.muted = true; {video}.play()")
        page.until(f"{video}.ended")
        assert page.run(f"[{video}.videoWidth, {video}.videoHeight]") == [96, 54]

        # Another file is not written over unasked.
        before = (configs / "long.yaml").read_text()
        page.fill("name", "long")
        page.click("save")
        page.until("document.getElementById('sure').open")
        page.run("document.querySelector('#sure [value=no]').click()")
        page.until("!document.getElementById('sure').open")
        assert (configs / "long.yaml").read_text() == before

        page.fill("open", "long")
        page.until("explorer.film.text.includes('640')")
        page.click("render")
        page.until("document.querySelector('.job[data-state=running]')")
        page.run("document.querySelector('.job[data-state=running] .job-stop').click()")
        page.until("document.querySelector('.job[data-state=stopped] .job-again:not([hidden])')")
        wide = page.run("document.documentElement.scrollWidth")
        assert wide <= 390
    assert not (cli.output / "long.mp4").exists()
