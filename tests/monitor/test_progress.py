"""Progress: a word at once, what is being done, and how long it takes on a machine that is busy."""

import io
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pipeline.monitor.progress import followed
from pipeline.prepare.probes import SurveyedFrame, SurveyedGrid
from pipeline.prepare.survey import _LEAST_SHARE, _share
from pipeline.system.terminal import shows_bars
from tests.conftest import ROOT, SMALL


def test_what_takes_long_is_counted_and_comes_through_unchanged(capsys, monkeypatch):
    monkeypatch.setattr("pipeline.monitor.progress._LINE_EVERY_S", 0.0)
    assert list(followed(iter("abc"), 3, "views")) == ["a", "b", "c"]
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0].startswith("1/3 views, 33% of the work")
    assert err.splitlines()[-1].startswith("3/3 views, 100% of the work")


@pytest.mark.parametrize(("config", "shown"), [({"IPKernelApp": {}}, True), ({}, False)])
def test_a_notebook_shows_bars_and_another_ipython_does_not(monkeypatch, config, shown):
    shell = SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert shows_bars() == shown


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("plan", ["measuring what it takes"]),
        ("still", ["counting small views of the whole zoom", "counting frame 2"]),
        ("export", ["bands", "counting band 0"]),
        pytest.param("palette", ["drawing 25 looks of 3 frames"], marks=pytest.mark.slow),
    ],
)
def test_each_command_says_what_it_does_and_not_among_its_results(tmp_path, capsys, command, words):
    from pipeline.cli import main as cli

    config = tmp_path / "small.yaml"
    config.write_text(
        SMALL.replace("width: 96, height: 54", "width: 32, height: 16")
        .replace("time: 2", "time: 0.2").replace("1e-6", "1")
        .replace("workers: 2", "workers: 1, reuse: bands")
        + ("colour: {scale: histogram}\n" if command == "still" else "")
    )  # fmt: skip  # one call
    assert cli.main([command, str(config), "--output", str(tmp_path / "out")]) == 0
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert lines[0] == f"{command}: {config}"
    for word in words:
        assert any(word in line for line in lines), (word, err)
        assert word not in out or word == "bands"


def test_the_first_word_comes_before_anything_is_loaded():
    # numpy and numba take seconds on a small machine; main speaks before it loads a command.
    program = (
        "import sys; from pipeline import cli;\n"
        "loaded = {name for name in sys.modules if name.split('.')[0] in ('numpy', 'numba', 'pydantic')}\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


def test_a_busy_machine_is_allowed_for():
    grid = SurveyedGrid(1000, 0.5, 100, 1.0)
    frame = SurveyedFrame(0.1, 0.15, None, 0.5)
    assert _share([grid], [frame]) == 0.5
    assert _share([SurveyedGrid(1000, 1.0, 100, 1.0)], []) == 1.0
    # Clocks of two kinds: never more than all of a core.
    assert _share([SurveyedGrid(1000, 1.1, 100, 1.0)], []) == 1.0
    # A process that was stopped meanwhile.
    assert _share([SurveyedGrid(1000, 0.1, 100, 100.0)], []) == _LEAST_SHARE
    assert _share([], []) == 1.0
