"""The other commands, and how all of them speak."""

import json
import os
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest

from pipeline.kernels.results import Outcome
from pipeline.video.ffmpeg import count_frames
from tests.conftest import ROOT, SMALL

STILL = """\
video: {width: 64, height: 36}
maxiter: 300
keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]
"""


def test_a_still_config_makes_a_png_and_a_video_of_one_frame(cli):
    config = cli.config(STILL, "one")
    cli.done("still", config)
    picture = iio.imread(cli.output / "one.png")
    assert picture.shape == (36, 64, 3)
    # The middle is black interior, the corner is not.
    assert picture[18, 32].sum() == 0
    assert picture[0, 0].sum() > 0
    np.testing.assert_array_less(np.abs(picture.astype(int) - picture[::-1]), 2)
    cli.done("zoom", config)
    assert count_frames(cli.output / "one.mp4") == 1
    assert json.loads((cli.output / "one" / "report.json").read_text())["pixels_computed"] == 0


def test_stills_are_chosen_by_frame_or_time(cli):
    config = cli.config()
    cli.done("still", config, "--frame", 7)
    cli.done("still", config, "--time", "0.7")
    assert [path.name for path in cli.output.glob("*.png")] == ["small-000007.png"]
    cli.done("still", config)
    assert (cli.output / "small-000020.png").exists()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--frame", "21"], "frames 0 to 20"),
        (["--frame", "-1"], "frames 0 to 20"),
        (["--time", "2.5"], "from 0 to 2 seconds"),
        (["--time", "soon"], "from 0 to 2 seconds"),
    ],
)
def test_a_frame_that_is_not_there_is_refused(cli, words, answer):
    result = cli.run("still", cli.config(), *words)
    assert result.returncode == 2
    assert answer in result.stderr
    assert "Traceback" not in result.stderr


def test_raw_holds_what_was_computed(cli):
    config = cli.config(STILL, "one")
    path = cli.folder / "raw" / "one.npz"
    cli.done("still", config, "--raw", path)
    raw = np.load(path)
    assert (raw["n"].dtype, raw["n"].shape) == (np.int64, (36, 64))
    assert (raw["smooth"].dtype, raw["smooth"].shape) == (np.float64, (36, 64))
    assert (raw["outcome"].dtype, raw["outcome"].shape) == (np.uint8, (36, 64))
    assert list(raw["outcome_names"]) == ["escaped", "interior", "unresolved"]
    escaped = raw["outcome"] == Outcome.ESCAPED
    assert np.array_equal(np.isnan(raw["smooth"]), ~escaped)
    assert np.all(raw["n"][~escaped] == 300)
    assert np.all(np.abs(raw["smooth"] - raw["n"])[escaped] < 30)
    assert (str(raw["center_re"]), str(raw["width"])) == ("-75e-2", "35e-1")


def test_raw_of_a_deep_view_says_what_it_took(cli):
    # The antenna's tip, where all sizes look alike: any depth is at hand.
    config = cli.config(
        "video: {width: 64, height: 36}\nmaxiter: auto\n"
        'keyframes: [{time: 0, center: ["0", "1"], width: "1e-400"}]\n', "deep",
    )  # fmt: skip  # one call
    cli.done("still", config, "--raw", cli.folder / "deep.npz")
    raw = np.load(cli.folder / "deep.npz")
    assert str(raw["kernel"]) == "perturbation 2^-40"
    assert raw["reference_cpu_s"] > 0
    assert raw["compute_cpu_s"] > 0
    assert raw["width"] == "1e-400"
    # A stretch counts as one step.
    assert raw["n"].size < raw["iterations"] < 0.2 * raw["n"].sum()
    assert raw["maxiter"] > raw["n"].max() > 900
    assert np.all(raw["outcome"] == Outcome.ESCAPED)


def test_preview_is_a_quarter_of_the_size_at_ten_frames_a_second(cli):
    config = cli.config(SMALL.replace("width: 96, height: 54, fps: 10", "width: 384, height: 216"))
    cli.done("preview", config)
    assert count_frames(cli.output / "small-preview.mp4") == 21
    facts = json.loads((cli.output / "small-preview" / "report.json").read_text())
    assert facts["config"]["video"]["size"] == "96x54"
    assert facts["config"]["keyframes"][0]["maxiter"] == 500
    (warning,) = facts["warnings"]
    assert "runs at up to 14.5 octaves a second" in warning
    assert "14.5 octaves a second" in (cli.output / "small-preview" / "index.html").read_text()


def test_plan_says_what_a_render_would_do_and_stores_nothing(cli):
    printed = cli.done("plan", cli.config())
    for words in (
        "21",
        "width 3.5 to 0.000001",
        "float64",
        "time ",
        "memory ",
        "disk ",
        "21.7 octaves",
    ):
        assert words in printed.replace("1e-6", "0.000001"), words
    # Nothing of it is so deep that it needs a reference orbit.
    assert not (cli.output / "small").exists()
    assert "reuse    0 to 2 s: 2" in printed
    assert "speed    10.9 octaves a second in, 14.5 at the fastest" in printed
    assert (
        "small.yaml:10:12: keyframes[1]: from 0.1 to 1.9 s the zoom runs at up to 14.5" in printed
    )
    assert "write time: 13, or speed: 2" in printed


@pytest.mark.parametrize(
    ("command", "anew"),
    [
        # Once in a Python of its own: a refusal, too, needs what the command itself loads.
        ("zoom", True), ("still", False), ("preview", False), ("plan", False),
        *(pytest.param(name, True, marks=pytest.mark.slow) for name in ("still", "preview", "plan")),
    ],
)  # fmt: skip  # a table
def test_a_bad_config_ends_every_command_with_2_and_its_faults(cli, command, anew):
    result = (cli.run_anew if anew else cli.run)(
        command, cli.config("keyframes: [{time: 0, centr: [0, 0]}]\n")
    )
    assert result.returncode == 2
    assert "small.yaml:1:23: keyframes[0].centr: is not a key" in result.stderr
    assert "Traceback" not in result.stderr
    assert not cli.output.exists()


@pytest.mark.parametrize("words", [[], ["zom"], ["zoom"], ["still", "x", "--frame", "a"]])
def test_a_command_that_is_none_is_refused(words):
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", *words], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "usage:" in result.stderr


def test_make_help_lists_every_target():
    printed = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for target in (
        "setup",
        "zoom",
        "still",
        "preview",
        "plan",
        "bench",
        "test",
        "test-all",
        "lint",
        "format",
        "benchmark",
        "clean",
    ):
        assert f"\n  {target} " in printed


def test_make_clean_asks_for_a_name():
    result = subprocess.run(["make", "clean"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 2
    assert "NAME=seahorse" in result.stdout


def test_without_numba_the_same_counts_come_slower_and_it_is_said_once(cli, tmp_path):
    # A module of that name which cannot be found stands for a machine without the wheel.
    short = SMALL.replace("time: 2", "time: 0.4").replace("1e-6", "1e-3")
    config = cli.config(short.replace("workers: 2", "workers: 2, reuse: frames"))
    cli.done("zoom", config)
    # Without it there are no bands to choose.
    config.write_text(short)
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text("import sys\nsys.modules['numba'] = None\n")
    other = cli.folder / "other"
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", "zoom", str(config), "--output", str(other)],
        cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(blocker)},
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("numba is not installed") == 1
    counts = [
        {
            # All after the header, which also says how many iterations it took.
            path.name: path.read_bytes().partition(b"]]}")[2]
            for path in (root / "small" / "counts").iterdir()
        }
        for root in (cli.output, other)
    ]
    assert len(counts[0]) == 5
    assert counts[0] == counts[1]
    assert count_frames(other / "small.mp4") == 5


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["plan", "preview", "still", "zoom", "recolour", "palette", "export", "player"]
)
def test_every_command_runs_in_a_python_of_its_own(cli, command):
    config = cli.config(SMALL.replace("time: 2", "time: 0.4").replace("1e-6", "1e-3"))
    if command == "recolour":
        cli.done("zoom", config)
    result = cli.run_anew(command, config)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_bench_prints_the_article_s_table(cli):
    path = cli.folder / "bench.json"
    printed = cli.done("bench", "--json", path)
    rows = json.loads(path.read_text())["rows"]
    assert [row["sum"] for row in rows] == [15_945_898] * 5
    assert rows[0]["name"] == "serial loop"
    assert rows[-1]["seconds"] < rows[0]["seconds"]
    assert "row blocks" in printed
    assert iio.imread(cli.output / "bench-article.png").shape == (1000, 1000, 3)
    assert iio.imread(cli.output / "bench.png").shape[0] > 300
