"""Every example of the README and the docs works, and what they quote is what is said."""

import ast
import errno
import os
import re
import shlex
import subprocess
import sys
import textwrap
from functools import cache

import pytest

import pipeline
from pipeline.cli.main import _parser
from pipeline.cli.words import COMMANDS
from pipeline.config.load import load_config
from tests.conftest import ROOT, SMALL
from tests.sounds import noise, write_wav

PAGES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
KEYFRAMES = "keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]\n"
# Commands of others.
FOREIGN = {
    "pipx install .",
    "sudo apt install python3-venv",
    "systemctl --user enable --now zoom@seahorse",
}


def blocks(language):
    """Return the examples of a language, each with a name for the test's report."""
    return [
        pytest.param(textwrap.dedent(found[1]), id=f"{page}:{line}")
        for page, text in PAGES.items()
        for found in re.finditer(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
        for line in [text.count("\n", 0, found.start()) + 1]
    ]


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_config_is_read_without_a_warning(tmp_path, block):
    for name in re.findall(r"\b\w+\.pem\b", block):
        (tmp_path / name).touch()
    for name in re.findall(r"\b\w+\.flac\b", block):
        write_wav(tmp_path / name, noise(1))
    path = tmp_path / "example.yaml"
    path.write_text(block if re.search("^keyframes:", block, re.MULTILINE) else block + KEYFRAMES)
    assert load_config(path).warnings == ()


@pytest.mark.parametrize(
    ("page", "number", "shown_as"),
    [
        ("README.md", 0, "configs/seahorse.yaml"),
        ("docs/config.md", 0, "configs/seahorse.yaml"),
        ("docs/colours.md", -1, "docs/gallery/spirals.yaml"),
    ],
)
def test_a_config_that_is_shown_is_the_shipped_one(tmp_path, page, number, shown_as):
    path = tmp_path / "shown.yaml"
    path.write_text([each.values[0] for each in blocks("yaml") if each.id.startswith(page)][number])
    shown, shipped = load_config(path), load_config(ROOT / shown_as)
    assert (shown.encoding, shown.look) == (shipped.encoding, shipped.look)
    assert [(k.time, k.center, k.width, k.maxiter) for k in shown.keyframes] == [
        (k.time, k.center, k.width, k.maxiter) for k in shipped.keyframes
    ]


def lines_of_shell():
    lines = (line for block in blocks("sh") for line in block.values[0].splitlines())
    return {line.split("#")[0].split(">")[0].removeprefix("nohup ").strip() for line in lines} - {
        ""
    }


def inline_commands():
    """Return the commands that stand in running text, where they name more than a command."""
    spans = (
        " ".join(span.split())
        for text in PAGES.values()
        for span in re.findall(
            r"`([^`]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.S | re.M)
        )
    )
    return {
        span
        for span in spans
        if re.match(r"(make|mandelzoom|python -m pipeline) [a-z]", span) and "…" not in span
    }


def parsed(words):
    # A name may not be missing from a whole line; running text may leave it out.
    return _parser().parse_args(words).command


@pytest.mark.parametrize("command", sorted(lines_of_shell() | inline_commands()))
def test_every_command_exists(command):
    if command in FOREIGN:
        return
    if command in {f"mandelzoom {name}" for name in COMMANDS}:
        return
    program, *words = shlex.split(command)
    if program == "mandelzoom":
        assert parsed(words) == words[0]
        return
    if program == "python":
        assert words[:2] == ["-m", "pipeline"]
        assert parsed(words[2:]) == words[2]
        return
    assert program == "make"
    # What the tests themselves were started with is no part of it.
    environment = {k: v for k, v in os.environ.items() if k not in ("ARGS", "MAKEFLAGS")}
    dry = subprocess.run(
        ["make", "-n", *words, *needed(words)],
        cwd=ROOT, capture_output=True, text=True, check=True, env=environment,
    ).stdout  # fmt: skip  # one call
    for line in dry.splitlines():
        if "-m pipeline " in line:
            said = shlex.split(line.split("-m pipeline ")[1])
            assert parsed(said) == said[0]


def needed(words):
    """Return what running text may leave out."""
    return {"import": ["FILE=place.kfr"], "worker": ["SCHEDULER=tcp://pi0:8786"]}.get(words[0], [])


@pytest.mark.parametrize("block", blocks("python"))
def test_every_program_runs(tmp_path, block):
    (tmp_path / "my-zoom.yaml").write_text(SMALL)
    (tmp_path / "example.py").write_text(block)
    subprocess.run([sys.executable, "example.py"], cwd=tmp_path, check=True, timeout=300)


@cache
def said():
    """Return all texts of the sources and of the system, an ellipsis for what is filled in."""
    texts = [os.strerror(number) for number in errno.errorcode]
    for path in (*(ROOT / "pipeline").rglob("*.py"), ROOT / "Makefile"):
        if path.suffix != ".py":
            texts.append(path.read_text("utf-8"))
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (getattr(part, "value", None) for part in node.values)
                texts.append("".join(part if isinstance(part, str) else "…" for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def quoted():
    """Return the messages in the first columns of the tables of what goes wrong."""
    for page in ("README.md", "docs/troubleshooting.md"):
        table = PAGES[page].partition("| what helps |\n| --- | --- |\n")[2].partition("\n\n")[0]
        for row in table.splitlines():
            yield from re.findall(r"`([^`]+)`", row.split(" | ")[0])


@pytest.mark.parametrize("message", sorted(set(quoted())))
def test_every_message_that_is_quoted_is_said(message):
    for words in re.split(r"…|: |\d+ ?%?", message):
        assert words.strip() in said()


def test_the_readme_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_or_names_is_there(page):
    """Sphinx follows the links of the site, but not those of the README, nor the size of pictures."""
    folder = (ROOT / page).parent
    for bang, name in re.findall(r"(!?)\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[page]):
        assert (folder / name).stat().st_size > (4_000 if bang else 0)


def test_the_architecture_names_every_room_from_the_top_down():
    named = re.findall(r"^\| `(\w+)/` \|", PAGES["docs/architecture.md"], re.MULTILINE)
    there = {path.parent.name for path in (ROOT / "pipeline").glob("*/__init__.py")}
    assert set(named) == there
    contract = re.findall(r'^    "pipeline\.(\w+)",', (ROOT / "pyproject.toml").read_text(), re.M)
    assert named == [room for room in contract if room in there]


def test_the_table_of_commands_is_complete():
    table = PAGES["docs/commands.md"].partition("| command |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(COMMANDS)


def test_the_reference_of_the_python_interface_is_complete():
    named = set(re.findall(r"^\.\. auto\w+:: (?:pipeline\.)?(\w+)$", PAGES["docs/api.md"], re.M))
    assert named == {*pipeline.__all__} - {"__version__"}
