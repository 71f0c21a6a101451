"""What a render needs to run while nobody looks: room, manners, a queue, and a page to look at."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pipeline.monitor.eta import Eta
from pipeline.system.temperature import Thermostat
from pipeline.video.ffmpeg import count_frames
from tests.browser import CHROMIUM, need_chromium
from tests.conftest import ROOT, SMALL, Cli
from tests.processes import LONGER, descendants, report, started

# Two segments, of 240 frames at most, each at another depth.
LONG = SMALL.replace("fps: 10", "fps: 160").replace(
    "width: 96, height: 54", "width: 64, height: 36"
)
RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.json"))


@pytest.fixture(scope="module")
def long_bytes(tmp_path_factory):
    cli = Cli(tmp_path_factory.mktemp("long"))
    cli.done("zoom", cli.config(LONG))
    return (cli.output / "small.mp4").read_bytes()


def keeping(text: str, keep: str) -> str:
    return text.replace("workers: 2", f"workers: 2, keep: {keep}")


def left_in(cli: Cli) -> set[str]:
    folder = cli.output / "small"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_keep_needed_drops_counts_and_makes_the_same_video(cli, long_bytes):
    config = cli.config(keeping(LONG, "needed"))
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == long_bytes
    left = left_in(cli)
    assert not any(name.startswith("counts") for name in left)
    assert sum(name.startswith("segments") for name in left) == 2
    # Nothing of the video has changed: nothing is computed.
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0


def test_keep_nothing_leaves_the_video_and_what_tells_of_it(cli):
    config = cli.config(keeping(SMALL, "nothing"))
    cli.done("zoom", config)
    assert count_frames(cli.output / "small.mp4") == 21
    assert left_in(cli) == {
        ".lock",
        "index.html",
        "log.txt",
        "made-of.txt",
        "made.jsonl",
        "report.json",
        "tones.json",
    }
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert report(cli)["outcome"] == "finished"


@pytest.mark.slow
def test_with_nothing_kept_another_look_makes_another_video(cli):
    """A video of the same name is made again where it shows another look."""
    config = cli.config(keeping(SMALL, "nothing"))
    cli.done("zoom", config)
    video = (cli.output / "small.mp4").read_bytes()
    config.write_text(keeping(SMALL, "nothing") + "colour: {palette: ember}\n")
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] > 0
    assert (cli.output / "small.mp4").read_bytes() != video


@pytest.mark.slow
def test_without_counts_that_stay_a_killed_run_carries_on(cli, long_bytes):
    config = cli.config(keeping(LONG, "needed"))
    for _ in range(2):
        process = cli.start("zoom", config)
        segments = cli.output / "small" / "segments"
        before = len(list(segments.glob("*.mp4"))) if segments.exists() else 0
        while process.poll() is None and not (
            segments.exists() and len(list(segments.glob("*.mp4"))) > before
        ):
            time.sleep(0.002)
        process.kill()
        process.communicate()
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == long_bytes


def test_nice_makes_all_processes_stand_back(cli):
    config = cli.config(LONGER.replace("workers: 2", "workers: 2, nice: 7"))
    process = started(cli, config, 2)
    nices = {os.getpriority(os.PRIO_PROCESS, pid) for pid in working(process.pid)}
    process.kill()
    process.communicate()
    assert nices == {7}


def test_who_was_started_behind_others_stays_there():
    nice = subprocess.run(
        ["nice", "-n", "9", sys.executable, "-c",
         "import os; from pipeline.system.machine import lower_priority; lower_priority(4); print(os.nice(0))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip  # one call
    assert int(nice) == 9


def working(run: int) -> list[int]:
    """Return the processes of a run but for Python's own servants, which only wait."""
    found = [run]
    for child in descendants(run):
        command = Path(f"/proc/{child}/cmdline").read_bytes()
        if b"resource_tracker" not in command:
            found.append(child)
    return found


@pytest.mark.slow
def test_it_pauses_while_the_machine_is_hot(cli):
    zones = cli.folder / "zones"
    (zones / "thermal_zone0").mkdir(parents=True)
    temperature = zones / "thermal_zone0" / "temp"
    temperature.write_text("80000\n")
    config = cli.config(LONGER.replace("workers: 2", "workers: 2, pause_above_temperature: 75"))
    process = subprocess.Popen(
        cli.arguments("zoom", config),
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PIPELINE_THERMAL_ZONES": str(zones)},
    )  # fmt: skip  # one call
    counts = cli.output / "small" / "counts"
    log = cli.output / "small" / "log.txt"
    paused = "paused at 80 °C, until it is below 70 °C"
    wait_until(lambda: log.exists() and paused in log.read_text())
    # Hotter than where it resumes is no reason to go on.
    temperature.write_text("72000\n")
    time.sleep(4)
    assert process.poll() is None
    there = sorted(counts.iterdir())
    time.sleep(2)
    assert sorted(counts.iterdir()) == there
    temperature.write_text("60000\n")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "60 °C, going on" in said
    assert count_frames(cli.output / "small.mp4") == 31


def wait_until(true, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_thermostat_pauses_above_its_limit_until_it_is_clearly_cooler(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_THERMAL_ZONES", str(tmp_path))
    zone = tmp_path / "thermal_zone0"
    zone.mkdir()
    thermostat = Thermostat(75.0)
    # Above it, then hotter than where it resumes, then cooler.
    for millidegrees, pausing in ((74_000, False), (80_000, True), (72_000, True), (69_000, False)):
        (zone / "temp").write_text(f"{millidegrees}\n")
        changed = thermostat.pausing != pausing
        assert thermostat.look() == changed
        assert thermostat.pausing == pausing


def test_a_thermostat_without_limit_or_zones_never_pauses(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPELINE_THERMAL_ZONES", str(tmp_path))
    for thermostat in (Thermostat(None), Thermostat(40.0)):
        assert not thermostat.look()
        assert not thermostat.pausing


@pytest.mark.slow
def test_a_queue_makes_what_it_can_and_sums_up(cli):
    cli.config(SMALL, "b-first")
    cli.config(SMALL.replace("width: 3.5", "wide: 3.5"), "c-broken")
    cli.config(SMALL + "colour: {palette: ember}\n", "d-last")
    alone = Cli(cli.folder / "alone")
    alone.folder.mkdir()
    for name in ("b-first", "d-last"):
        alone.done("zoom", cli.folder / f"{name}.yaml")
    result = cli.run("zoom", cli.folder)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert 'wide: is not a key here; did you mean "width"?' in result.stderr
    assert result.stderr.rstrip().endswith("1 of 3 failed")
    summary = result.stdout.splitlines()[-3:]
    assert re.search(r"b-first\.yaml: made in ", summary[0])
    assert re.search(r"c-broken\.yaml: failed: ", summary[1])
    assert re.search(r"d-last\.yaml: made in ", summary[2])
    for name in ("b-first", "d-last"):
        video = f"{name}.mp4"
        assert (cli.output / video).read_bytes() == (alone.output / video).read_bytes()


def test_a_queue_in_which_one_would_overwrite_another_is_refused(cli):
    for folder in ("one", "two"):
        (cli.folder / folder).mkdir()
        (cli.folder / folder / "same.yaml").write_text(SMALL)
    result = cli.run("zoom", cli.folder / "one", cli.folder / "two" / "same.yaml")
    assert result.returncode == 2
    assert "would both make same.mp4; rename one" in result.stderr
    assert not cli.output.exists()


def test_a_queue_of_nothing_is_refused(cli):
    empty = cli.folder / "empty"
    empty.mkdir()
    result = cli.run("zoom", empty)
    assert result.returncode == 2
    assert "no configs (*.yaml) there" in result.stderr


# The page


def page_of(cli: Cli, name: str = "small") -> str:
    return (cli.output / name / "index.html").read_text()


def test_the_page_tells_a_running_a_stopped_and_a_finished_render(cli):
    config = cli.config(LONGER)
    process = started(cli, config, 3)
    running = page_of(cli)
    assert 'http-equiv="refresh"' in running
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    stopped = page_of(cli)
    assert "stopped: SIGTERM" in stopped
    assert "the same command carries on" in stopped
    assert 'http-equiv="refresh"' not in stopped
    cli.done("zoom", config)
    finished = page_of(cli)
    assert '<video controls playsinline preload="metadata"' in finished
    assert 'src="../small.mp4"' in finished
    assert "31 of 31" in finished
    # One file: everything but the video is within.
    addresses = re.findall(r'(?:src|href|poster)="([^"]*)"', finished)
    assert {address for address in addresses if not address.startswith("data:")} == {"../small.mp4"}
    assert len(re.findall("<figcaption", finished)) == 12
    # A second run changes nothing.
    cli.done("zoom", config)
    assert page_of(cli) == finished


def test_watch_serves_the_page_and_the_video_and_nothing_else(cli):
    config = cli.config(SMALL, "with space")
    server = cli.start_anew("watch", config, "--address", "127.0.0.1:0")
    try:
        address = re.search(r"http://[\d.:]+/", server.stderr.readline()).group()
        assert b"Nothing is rendered yet" in fetched(address)[1]
        cli.done("zoom", config)
        assert b"<video" in fetched(address)[1]
        video = (cli.output / "with space.mp4").read_bytes()
        assert fetched(f"{address}with%20space.mp4")[1] == video
        for asked, part in (
            ("bytes=0-99", video[:100]), ("bytes=100-", video[100:]), ("bytes=-7", video[-7:]),
        ):  # fmt: skip  # from, to
            status, data = fetched(f"{address}with%20space.mp4", Range=asked)
            assert (status, data) == (206, part)
        for path in ("with%20space/report.json", "../with%20space.yaml", "with%20space/"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetched(address + path)
        with pytest.raises(urllib.error.HTTPError, match="416"):
            fetched(f"{address}with%20space.mp4", Range=f"bytes={len(video)}-")
    finally:
        server.send_signal(signal.SIGINT)
        _, said = server.communicate(timeout=20)
    assert server.returncode == 130
    assert "Traceback" not in said


def test_the_page_shows_an_animated_picture(cli):
    config = cli.config(SMALL.replace("fps: 10", "fps: 10, codec: webp"))
    for _ in range(2):
        cli.done("zoom", config)
        finished = page_of(cli)
        assert '<img src="../small.webp"' in finished
        assert "<video" not in finished


def fetched(address: str, **headers: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("address", ["8000", "nowhere:80", "127.0.0.1:99999", "203.0.113.1:8000"])
def test_an_address_that_is_none_is_refused(cli, address):
    result = cli.run("watch", cli.config(), "--address", address)
    assert result.returncode == 2
    assert f"--address {address}: " in result.stderr


# The ETA


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_after_a_fifth_of_the_work_the_end_is_foreseen(path):
    """Runs that were recorded, replayed: from a fifth on within a quarter of what was left."""
    recorded = json.loads(path.read_text())
    eta = Eta(recorded["estimated_s"])
    end_s = recorded["events"][-1][0]
    eta.tick(0.0)
    looks = 0
    for at_s, stage, estimated_s, taken_s in recorded["events"]:
        eta.tick(at_s)
        eta.done(stage, estimated_s, taken_s)
        left_s = end_s - at_s
        # In the last seconds a quarter is less than what one task takes.
        if at_s >= 0.2 * end_s and left_s > 0.1 * end_s:
            looks += 1
            assert abs(eta.left_s - left_s) <= 0.25 * end_s
            if at_s <= 0.25 * end_s:
                assert abs(eta.left_s - left_s) <= 0.25 * left_s
    assert looks > 10


def test_a_survey_that_was_wrong_is_corrected():
    eta = Eta({"compute": 100.0, "encode": 10.0})
    eta.tick(0.0)
    for second in range(1, 61):
        # Each second does 1 s of what was estimated and takes 3.
        eta.done("compute", 1.0, 3.0)
        eta.tick(float(second))
    # 40 seconds of computing, and 10 of encoding that are worth a third of a second each.
    assert eta.left_s == pytest.approx(40 + 10 / 3, rel=0.05)


def test_a_pause_is_no_work():
    eta = Eta({"compute": 100.0})
    eta.tick(0.0)
    eta.tick(10.0)
    eta.done("compute", 10.0)
    eta.tick(1010.0, active=False)
    eta.tick(1020.0)
    eta.done("compute", 10.0)
    assert eta.left_s == pytest.approx(80.0)
    # A machine that slept.
    eta.tick(100_000.0)
    assert eta.left_s < 250


# What the system brings


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_the_shipped_unit_is_one_that_systemd_takes(tmp_path):
    text = (ROOT / "docs" / "zoom@.service").read_text()
    unit = tmp_path / "zoom@seahorse.service"
    # In a place where what it starts is there.
    command = re.search(r"ExecStart=(\S+)", text).group(1)
    text = text.replace(command, sys.executable).replace("%h/mandelbrot", str(ROOT))
    unit.write_text(text)
    result = verified(unit)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    unit.write_text(text.replace("Nice=10", "Nicer=10"))
    assert "Nicer" in verified(unit).stderr


def verified(unit: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--user", "verify", str(unit)],
        capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_RUNTIME_DIR": str(unit.parent)},
    )  # fmt: skip  # one call


@pytest.mark.parametrize(
    ("wide", "high"), [(360, 740), pytest.param(1280, 900, marks=pytest.mark.slow)]
)
def test_the_page_fits_phones_and_desktops(cli, wide, high):
    """In a real browser nothing sticks out to the side, and the picture fills its card."""
    need_chromium()
    cli.done("zoom", cli.config())
    page = cli.output / "small" / "index.html"
    measuring = "<script>document.title = [innerWidth, document.documentElement.scrollWidth,"
    measuring += "document.querySelector('video').clientWidth].join(' ')</script></body>"
    page.write_text(page.read_text().replace("</body>", measuring))
    dumped = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={wide},{high}",
            f"--user-data-dir={cli.folder / 'chromium'}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip  # one call
    title = re.search("<title>([^<]*)</title>", dumped).group(1)
    inner, scroll, video = map(int, title.split())
    assert scroll <= inner
    assert 0.6 * min(inner, 1080) < video < inner
