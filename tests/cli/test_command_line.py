"""The command line and the Makefile: what they say of themselves, and of what they are not given."""

import os
import subprocess
import sys

import pytest

from pipeline.cli import main as cli
from pipeline.cli.versions import _licence, ffmpeg_text
from pipeline.cli.words import COMMANDS
from tests.conftest import ROOT


def told_by(capsys, *words):
    """Run the command line in this process; return its status and what it printed where."""
    try:
        status = cli.main(list(words))
    except SystemExit as ended:
        status = ended.code
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_what_it_does_and_writes_and_gives_an_example(capsys, command):
    status, out, err = told_by(capsys, command, "--help")
    assert (status, err) == (0, "")
    assert f"example: python -m pipeline {command} " in out
    assert COMMANDS[command][1] in out
    assert any(words in out for words in ("Writes ", "Renders nothing", "Remove "))
    # The example is one that the command takes.
    assert cli._parser().parse_args([command, *COMMANDS[command][2].split()]).command == command


def test_the_help_of_the_whole_lists_the_commands(capsys):
    status, out, err = told_by(capsys, "--help")
    assert (status, err) == (0, "")
    for command, (line, _, _) in COMMANDS.items():
        assert f" {command} " in out
        assert line.split(",")[0][:40] in out


def test_without_a_command_the_help_is_shown(capsys):
    status, out, err = told_by(capsys)
    assert (status, out) == (2, "")
    assert "usage:" in err
    assert all(f" {command} " in err for command in COMMANDS)


def test_help_fits_a_narrow_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert told_by(capsys, "still", "--help")[0] == 0
    monkeypatch.delenv("COLUMNS")
    assert told_by(capsys, "--help")[0] == 0


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["zom", "x"], '"zom" is not a command; did you mean "zoom"?; the commands are zoom, recolour'),
        (["zoom"], "zoom needs a config, such as: python -m pipeline zoom configs/seahorse.yaml"),
        (["import"], "import needs a file, such as: python -m pipeline import place.kfr"),
        (["still", "x", "--frame", "a"], '--frame: "a" is not the number of a frame, such as 90'),
        (["still", "x", "--frame"], "--frame needs a value: --frame N"),
        (["still", "x", "--frame", "1", "--time", "2"], "--time and --frame exclude each other"),
        (["still", "x", "--frme", "1"], '--frme is not an option here; did you mean "--frame"?'),
        (["still", "x", "--verbose"], "the options are --help, --frame, --time"),
        (["plan", "my", "zoom.yaml"], '"zoom.yaml" is one name too many; a name with spaces needs quotes'),
        (["import", "x", "--still=yes"], "--still takes no value"),
        (["plan", "\x1b[31m", "--\x1b]0;x\x07"], r"--\x1b]0;x\x07 is not an option here"),
    ],
)  # fmt: skip  # a case a line
def test_options_that_are_none_are_told_with_what_would_be_right(capsys, words, answer):
    status, out, err = told_by(capsys, *words)
    assert (status, out) == (2, "")
    assert answer in err
    assert "usage:" in err
    assert "\x1b" not in err


def test_a_config_that_is_not_there_is_told_with_the_nearest_that_is(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    for command in ("zoom", "still", "plan", "palette", "export", "preview", "watch", "recolour"):
        status, _, err = told_by(capsys, command, "seahorse")
        assert status == 2
        assert 'seahorse:1:1: there is no such file; did you mean "configs/seahorse.yaml"?' in err


def test_versions_name_what_matters_and_the_licence_of_ffmpeg(capsys):
    status, out, _ = told_by(capsys, "--version")
    assert status == 0
    for name in ("mandelbrot-zoom-pipeline", "Python", "numpy", "numba", "gmpy2", "pyyaml", "MIT"):
        assert f"{name} " in out or f" {name}" in out
    assert ffmpeg_text() in out
    assert "GPL version " in ffmpeg_text()
    assert (ROOT / "docs" / "licences.md").exists()


@pytest.mark.parametrize(
    ("built", "licence"),
    [
        ("--enable-gpl --enable-version3", "GPL version 3 or later"),
        ("--enable-gpl", "GPL version 2 or later"),
        ("--enable-version3", "LGPL version 3 or later"),
        ("", "LGPL version 2.1 or later"),
        ("--enable-gpl --enable-nonfree", "not to be passed on (built with --enable-nonfree)"),
    ],
)
def test_the_licence_of_an_ffmpeg_is_what_it_was_built_with(built, licence):
    assert _licence(f"ffmpeg version 7.0\nconfiguration: {built} --enable-libx264\n") == licence


_OF_MAKE = ("MAKELEVEL", "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "ARGS")


@pytest.fixture
def make(tmp_path):
    """Return a function that runs make with a program which shows the words that it is given."""
    (tmp_path / "venv").mkdir()
    for stamp in (".ready", ".dask-ready", ".dev-ready"):
        (tmp_path / "venv" / stamp).touch()

    def run(*words):
        # As if no other make had started the tests.
        environment = {k: v for k, v in os.environ.items() if k not in _OF_MAKE}
        return subprocess.run(
            ["make", *words, f"VENV={tmp_path / 'venv'}", r"RUN=printf '<%s>\n'"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, env=environment,
        )  # fmt: skip  # one call

    return run


@pytest.mark.parametrize(
    "name", ["my zoom.yaml", "it's.yaml", 'a "b".yaml', "$HOME $(x) `y`.yaml", "a;b&c|d.yaml", "#1, (2).yaml"]
)  # fmt: skip  # one list
@pytest.mark.parametrize("target", ["zoom", "still", "plan"])
def test_make_takes_a_config_of_any_name(make, tmp_path, name, target):
    path = tmp_path / name
    path.touch()
    done = make(target, f"CONFIG={path}")
    assert done.stdout.splitlines() == [f"<{target}>", f"<{path}>"]
    assert done.returncode == 0


def test_make_zoom_takes_many_configs_and_one_that_is_not_there(make, tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).touch()
    many = f"{tmp_path}/a.yaml {tmp_path}/b.yaml"
    assert make("zoom", f"CONFIG={many}").stdout.split() == [
        "<zoom>",
        *(f"<{each}>" for each in many.split()),
    ]
    assert make("zoom", "CONFIG=not there.yaml").stdout.splitlines() == [
        "<zoom>",
        "<not there.yaml>",
    ]
    assert make("zoom").stdout.split() == ["<zoom>", "<configs/seahorse.yaml>"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["import"], "say which: make import FILE=place.kfr"),
        (["still", "CONFIG="], "say which: make still CONFIG=configs/seahorse.yaml"),
        (["zoom", "CONFIG="], "say which: make zoom CONFIG=configs/seahorse.yaml"),
        (["worker"], "say where: make worker SCHEDULER=tcp://pi0:8786"),
    ],
)
def test_make_says_what_a_target_needs(make, words, answer):
    done = make(*words)
    assert done.returncode == 2
    assert done.stdout.startswith(answer)
    assert len(done.stdout.splitlines()) == 1
    # make's own line, and no more.
    assert len(done.stderr.splitlines()) == 1


def test_make_import_takes_a_file_of_any_name(make):
    assert make("import", "FILE=it's $x.kfr", "ARGS=--still").stdout.splitlines() == [
        "<import>",
        "<it's $x.kfr>",
        "<--still>",
    ]


def test_messages_name_the_command_as_it_was_typed(cli, monkeypatch):
    config = cli.config()
    assert f"python -m pipeline zoom {config} computes" in cli.run("recolour", config).stderr
    monkeypatch.setenv("MANDELZOOM_BY_MAKE", "1")
    assert f"make zoom CONFIG={config} computes" in cli.run("recolour", config).stderr


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("mandelzoom rec", {"recolour"}),
        ("mandelzoom still a.yaml --f", {"--frame"}),
        ("mandelzoom completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_a_shell_completes_commands_and_options(tmp_path, typed, completed):
    found = tmp_path / "found"
    environment = {
        **os.environ, "_ARGCOMPLETE": "1", "_ARGCOMPLETE_STDOUT_FILENAME": str(found),
        "COMP_LINE": typed, "COMP_POINT": str(len(typed)), "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_COMP_WORDBREAKS": "=",
    }  # fmt: skip  # what the shell sets
    subprocess.run(
        [sys.executable, "-m", "pipeline"], cwd=ROOT, env=environment, check=True, timeout=60
    )
    assert {word.strip() for word in found.read_text().split("\v") if word.strip()} >= completed


def test_the_code_for_a_shell_is_printed(capsys):
    status, out, _ = told_by(capsys, "completion", "bash")
    assert status == 0
    assert "_ARGCOMPLETE=1" in out
    assert "mandelzoom" in out
