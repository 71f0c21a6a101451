"""Every example of the README is read, and every command in it exists."""

import re
import shlex
import subprocess

import pytest

from pipeline.cli.main import _parser
from pipeline.config.load import load_config
from pipeline.config.model import ColourSection, KeyframeModel, RenderSection, VideoSection
from tests.conftest import ROOT

TEXT = (ROOT / "README.md").read_text()
KEYFRAMES = "keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]\n"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_every_config_of_the_readme_is_read_without_a_warning(tmp_path, block):
    path = tmp_path / "readme.yaml"
    path.write_text(block if re.search("^keyframes:", block, re.MULTILINE) else block + KEYFRAMES)
    assert load_config(path).warnings == ()


def test_the_first_config_of_the_readme_is_the_shipped_one(tmp_path):
    path = tmp_path / "seahorse.yaml"
    path.write_text(blocks("yaml")[0])
    shown, shipped = load_config(path), load_config(ROOT / "configs/seahorse.yaml")
    assert (shown.encoding, shown.look) == (shipped.encoding, shipped.look)
    assert [(k.time, k.center, k.width, k.maxiter) for k in shown.keyframes] == [
        (k.time, k.center, k.width, k.maxiter) for k in shipped.keyframes
    ]


COMMANDS = [
    line.split("#")[0].removeprefix("nohup ").split(">")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if "make " in line
]


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_every_make_command_of_the_readme_exists(command):
    dry = subprocess.run(
        ["make", "-n", *shlex.split(command)[1:]],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip  # one call
    for line in dry.splitlines():
        if "-m pipeline " in line:
            words = shlex.split(line.split("-m pipeline ")[1])
            assert _parser().parse_args(words).command == words[0]


def test_every_key_stands_in_the_table():
    table = set(re.findall(r"`([a-z]+(?:\[\])?\.[a-z_]+|maxiter|\.zoom)`", TEXT))
    for name, section in (
        ("video", VideoSection),
        ("colour", ColourSection),
        ("render", RenderSection),
    ):
        for key in section.model_fields:
            assert f"{name}.{key}" in table
    for key in KeyframeModel.model_fields:
        assert f"keyframes[].{key}" in table or f".{key}" in table


def test_every_picture_of_the_readme_is_there():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", TEXT):
        assert (ROOT / path).stat().st_size > 10_000
