"""Lines on the terminal, or on what replaces it: safe to show, and never the end of a render."""

import errno
import io
import os
import pickle
import re
import select
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.cli import main as cli
from pipeline.errors import about, os_error_text, printable, printable_name
from pipeline.monitor.eta import Eta
from pipeline.monitor.progress import Progress
from pipeline.monitor.status import Status
from pipeline.monitor.status_page import page
from pipeline.system.terminal import say, shows_bars
from pipeline.video.ffmpeg import count_frames
from tests.conftest import ROOT, SMALL

# Turns red, beeps, sets the title, begins with C1's own control; and writes from right to left.
HOSTILE = "\x1b[31mred\a\x1b]0;title\x07\x9b1m\x7f\u202egnp.exe\u2066"


@given(st.text())
@example(HOSTILE)
@settings(deadline=None)
def test_whatever_is_shown_holds_nothing_that_a_terminal_obeys(text):
    shown = printable(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not [
        letter
        for letter in shown
        if letter not in "\n\t"
        and (unicodedata.category(letter) == "Cc" or unicodedata.bidirectional(letter) in BIDI)
    ]
    assert printable(shown) == shown


BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_plain_words_are_shown_as_they_are():
    text = "640×360 pixels, −0.75, 日本語\n\tand a line"
    assert printable(text) == text
    assert printable_name("a\nb") == r"a\nb"
    assert printable_name(os.fsdecode(b"bad\xff.yaml")) == r"bad\xff.yaml"


@pytest.mark.parametrize("command", ["zoom", "plan", "still", "palette"])
def test_a_config_s_escape_sequences_are_shown_and_not_obeyed(tmp_path, capsys, command):
    path = tmp_path / os.fsdecode(b"bad\xff\x1b[31m.yaml")
    path.write_text(f'"{HOSTILE}": 1\ncolour: {{palette: "{HOSTILE}"}}\n'.replace("\x1b", "\\e")
                    .replace("\a", "\\a").replace("\x9b", "\\x9b").replace("\x7f", "\\x7f"), encoding="utf-8")  # fmt: skip  # one call
    assert cli.main([command, str(path), "--output", str(tmp_path / "out")]) == 2
    told = "".join(capsys.readouterr())
    assert r"bad\xff\x1b[31m.yaml:1:1: \x1b[31mred\x07" in told
    assert r"\u202e" in told
    assert not set(told) & set("\x1b\x07\x9b\x7f\u202e\u2066")
    told.encode("utf-8")


def test_the_log_and_the_page_are_safe_too(tmp_path, capsys):
    log = tmp_path / "log.txt"
    with Progress(Eta({"work": 1.0}), 1, log) as progress:
        progress.say(HOSTILE)
    assert "\x1b" not in log.read_text("utf-8")
    assert r"\x1b[31mred" in log.read_text("utf-8")
    assert "\x1b" not in capsys.readouterr().err
    status = Status(name=HOSTILE + os.fsdecode(b"\xff"), title="title", state=HOSTILE)
    status.warn(HOSTILE)
    shown = page(status)
    assert not set(shown) & set("\x1b\x07\u202e")
    shown.encode("utf-8")


class Failing(io.RawIOBase):
    """A stream whose other end is full, or gone."""

    def __init__(self, error):
        self.error = error

    def writable(self):
        return True

    def write(self, _):
        raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize("error", ["ENOSPC", "EPIPE", "EIO", "EBADF"])
def test_a_stream_that_fails_stops_nothing(monkeypatch, error):
    stream = io.TextIOWrapper(io.BufferedWriter(Failing(getattr(errno, error))), encoding="utf-8")
    monkeypatch.setattr(sys, "stderr", stream)
    say("one line")
    say("and another")
    # So that it raises nothing when it is collected.
    stream.buffer.raw.error = None
    stream.buffer.raw.write = lambda data: len(data)


def test_letters_that_a_stream_lacks_are_written_another_way(monkeypatch):
    data = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(data, encoding="ascii"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    assert cli.main(["plan", "there×is−none.yaml"]) == 2
    assert rb"there\xd7is\u2212none.yaml:1:1: there is no such file" in data.getvalue()


def test_a_dumb_terminal_and_none_get_no_bar(monkeypatch):
    leader, follower = os.openpty()
    try:
        with os.fdopen(follower, "w", closefd=False) as terminal:
            monkeypatch.setattr(sys, "stderr", terminal)
            monkeypatch.setenv("TERM", "xterm")
            assert shows_bars()
            monkeypatch.setenv("TERM", "dumb")
            assert not shows_bars()
            monkeypatch.setattr(sys, "stderr", io.StringIO())
            monkeypatch.setenv("TERM", "xterm")
            assert not shows_bars()
    finally:
        os.close(leader)
        os.close(follower)


@pytest.mark.parametrize("columns", [0, 1, 20, 80])
def test_a_bar_fits_any_terminal(monkeypatch, columns):
    import fcntl
    import struct
    import termios

    leader, follower = os.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    try:
        with os.fdopen(follower, "w", closefd=False, encoding="ascii") as terminal:
            monkeypatch.setattr(sys, "stderr", terminal)
            with Progress(Eta({"work": 1.0}), 361) as progress:
                progress.tick()
                progress.aside = "; row blocks: pi0 1"
                progress.count()
                progress.work("work", 0.5)
                progress.say("a word")
            terminal.flush()
        # A read may bring less than there is.
        shown = ""
        while select.select([leader], [], [], 0.5)[0]:
            shown += os.read(leader, 1 << 16).decode("ascii")
    finally:
        os.close(leader)
        os.close(follower)
    lines = shown.replace("\n", "\r").split("\r")
    if columns >= 20:
        assert max(map(len, lines)) <= columns
    assert "frames" in shown or columns < 20


def test_a_failure_names_its_file_whatever_its_bytes_are():
    error = OSError(28, "No space left on device", os.fsdecode(b"/disk/\xff\x1b"))
    assert os_error_text(error) == r"/disk/\xff\x1b: No space left on device"


def test_a_refusal_names_its_subject_where_the_system_does_not():
    with pytest.raises(OSError, match="Cannot allocate") as caught, about("shared memory of 12 MB"):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")
    assert os_error_text(caught.value) == "shared memory of 12 MB: Cannot allocate memory"
    # It survives the way from a worker; and an error that names a file keeps that name.
    again = pickle.loads(pickle.dumps(caught.value))
    assert os_error_text(again) == "shared memory of 12 MB: Cannot allocate memory"
    with pytest.raises(FileNotFoundError) as missing, about("the whole"):
        Path("/there/is/none").read_bytes()
    assert os_error_text(missing.value) == "/there/is/none: No such file or directory"


def test_a_full_disk_is_told_with_its_folder_and_what_is_free_there():
    # A file system of its own, always full: a write to it fails as one to a full disk does.
    with pytest.raises(OSError, match="No space left") as caught, about("/dev/full"):
        Path("/dev/full").write_bytes(b"x")
    told = os_error_text(caught.value)
    assert re.fullmatch(
        r"/dev/full: No space left on device; [\d.]+ MB are free in /dev, and more is needed", told
    )


def test_a_video_is_made_with_no_output_a_full_disk_for_errors_and_ascii_alone(tmp_path):
    config = tmp_path / "ü×.yaml"
    config.write_text(SMALL.replace("time: 2", "time: 0.2").replace("1e-6", "1"), encoding="utf-8")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    program = f'exec "{sys.executable}" -m pipeline zoom "{config}" --output "{tmp_path}/out"'
    done = subprocess.run(
        ["sh", "-c", f"{program} >&- 2>/dev/full"], cwd=ROOT, env=environment, timeout=300
    )
    assert done.returncode == 0
    assert count_frames(tmp_path / "out" / "ü×.mp4") == 3
