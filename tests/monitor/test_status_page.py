"""The status page: whatever a config, a machine or an error is called, it is text in it."""

import os
from html.parser import HTMLParser

import pytest

from pipeline.monitor.status import Status
from pipeline.monitor.status_page import page
from pipeline.workers.machine_stats import MachineStats

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&lt;<!--"


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data):
        self.texts.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)


def status(text: str, running: bool) -> Status:
    filled = Status(text, text, state=text, running=running, fraction=0.5)
    filled.machines = [MachineStats(text, text, 1, 2, 3.0, 4)]
    filled.video = f"../{text}.mp4"
    filled.picture, filled.picture_of = "data:image/jpeg;base64,AAAA", text
    filled.sheet = [("data:image/jpeg;base64,AAAA", text)]
    filled.figures = [(text, text)]
    filled.warn(text)
    filled.speed = [(float(k), k) for k in range(4)]
    filled.costs = [(-float(k), 1.0) for k in range(4)]
    filled.left_s = 60.0
    return filled


@pytest.mark.parametrize("running", [True, False])
def test_names_and_errors_are_text_and_never_markup(running):
    plain, hostile = Seen(), Seen()
    plain.feed(page(status("zoom", running)))
    hostile.feed(page(status(HOSTILE, running)))
    assert hostile.tags == plain.tags
    assert "script" not in plain.tags
    assert hostile.attributes == plain.attributes
    # All of it is there to be read, as it was written.
    assert sum(HOSTILE in text for text in hostile.texts) >= 10


def test_a_name_that_is_no_utf_8_leaves_a_page_that_can_be_written():
    page(status(os.fsdecode(b"zo\xffm"), running=False)).encode()
