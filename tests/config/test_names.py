"""Names of configs: refused before anything is made, or finished; nothing else is touched."""

import os
from itertools import cycle, product
from pathlib import Path

import pytest

from pipeline.cli.clean import clean
from pipeline.cli.zoom import zoom
from pipeline.config.coarse import coarse
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.plan.outputs import Outputs
from pipeline.render.rehearsal import rehearse
from pipeline.video.ffmpeg import count_frames

ONE = "video: {{width: 16, height: 16, codec: {}}}\nkeyframes: [{{time: 0, center: [9, 0], width: 3}}]\n"
REFUSED = {
    "..": "dots", "...": "dots", ".": "dots", "a\nb": "line ends", "\n": "line ends", "a\tb": "control", "\x1b[31m": "control",
    "a\x7f": "control", "a\u2028b": "line ends", "a\x85b": "control", "x" * 241: "241 bytes", "é" * 121: "242 bytes",
    os.fsdecode(b"caf\xe9"): "UTF-8", os.fsdecode(b"\xff"): "UTF-8",
}  # fmt: skip  # name, a word of the refusal
FINISHED = (
    "%", "%d", "%06d", "100%%", ":", "http:x", "run:1", "concat:a", "-x", "-", "--help", "'", "it's", '"', "x" * 240,
    " ", " a", "a ", ".hidden", "dot.", "a.b", "a.mp4", "a-frames", "a-preview", "a.gif.part", "~", "$HOME", "`id`", "*", "[a]",
    "?", "\\", "#", "&", ";", "|", "🦄", "👩‍👩‍👧", "e\u0301", "漢字", "null", "CON", "made.jsonl", "counts", "a=b,c",
)  # fmt: skip  # a few lines
CODECS = ("h264", "png", "gif")


def files_in(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def surroundings(tmp_path: Path) -> Path:
    """Make an output folder with files of others in it and around it; return it."""
    root = tmp_path / "there" / "output"
    (root / "other").mkdir(parents=True)
    for path in (root / "other" / "counts", root / "other.mp4", root.parent / "a.mp4", root / "a"):
        path.write_bytes(b"of another")
    return root


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_cannot_be_one_is_refused(tmp_path, name):
    there = surroundings(tmp_path)
    before = files_in(there.parent)
    config = tmp_path / "configs" / f"{name[:124]}.yaml"
    config.parent.mkdir()
    try:
        config = config.with_name(f"{name}.yaml")
        config.write_text(ONE.format("h264") + "wrong: 1\n")
    except OSError:
        pytest.skip("this file system has no such names")
    with pytest.raises(ConfigError) as error:
        load_config(config)
    # With all other faults.
    assert len(error.value.faults) == 2
    assert REFUSED[name] in str(error.value)
    assert "--name" in str(error.value)
    config.write_text(ONE.format("h264"))
    with pytest.raises(ConfigError):
        zoom(config, there)
    assert files_in(there.parent) == before
    assert load_config(config, name="fine").name == "fine"


@pytest.mark.parametrize("name", [*REFUSED, "a/b", "../x", "/x", ""])
def test_a_given_name_is_checked_alike(tmp_path, name):
    config = tmp_path / "fine.yaml"
    config.write_text(ONE.format("h264"))
    output = tmp_path / "output"
    with pytest.raises(UsageError, match=r"^--name: "):
        zoom(config, output, name)
    assert not output.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "codecs", [CODECS, *(pytest.param((codec,), marks=pytest.mark.slow) for codec in CODECS)]
)
def test_any_other_name_is_made_and_nothing_outside_it_is_touched(tmp_path, codecs):
    """The way of a video but for its pictures: claimed, locked, encoded, joined, published."""
    (tmp_path / "configs").mkdir()
    there = surroundings(tmp_path)
    before = files_in(tmp_path / "there")
    for name, codec in zip(FINISHED, cycle(codecs)):
        config = tmp_path / "configs" / f"{name}.yaml"
        config.write_text(ONE.format(codec))
        loaded = load_config(config)
        assert loaded.name == name
        outputs = Outputs.of(loaded, there)
        with outputs.locked(outputs.video):
            rehearse(loaded, outputs)
            with outputs.making(outputs.video) as temporary:
                temporary.mkdir() if codec == "png" else temporary.write_bytes(name.encode())
        made = files_in(tmp_path / "there")
        own = {path for path in made if path not in before}
        ours = f"output/{name}"
        allowed = {
            ours,
            f"{ours}/counts",
            f"{ours}/segments",
            f"{ours}/.lock",
            f"{ours}/made.jsonl",
        }
        assert own == allowed | {f"{ours}{outputs.ending}"}
        assert {path: made[path] for path in before} == before
        clean(name, there)
        assert files_in(tmp_path / "there") == before


# One that ffmpeg, make and the shell would each take for something else.
END_TO_END = "-%d: 'it' #1 $x* 🦄 "


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        (END_TO_END, "png"),
        *(
            pytest.param(name, codec, marks=pytest.mark.slow)
            for name, codec in product((*FINISHED, END_TO_END), (*CODECS, "ffv1", "webp"))
        ),
    ],
)
def test_such_names_are_finished_end_to_end(cli, name, codec):
    cli.output = cli.folder / "run:1 %d\n'" / "output"
    config = cli.config(ONE.format(codec), name)
    cli.done("zoom", config)
    outputs = Outputs.of(load_config(config), cli.output)
    assert count_frames(outputs.video) == 1
    assert sorted(path.name for path in cli.output.iterdir()) == sorted([name, outputs.video.name])
    assert sorted(path.name for path in cli.folder.iterdir()) == sorted(
        [f"{name}.yaml", cli.output.parent.name]
    )


@pytest.mark.parametrize("output", ["run:1", "-out", "http:x", "%d", "pipe:"])
def test_an_output_folder_may_have_any_name(tmp_path, monkeypatch, output):
    monkeypatch.chdir(tmp_path)
    config = Path("a.yaml")
    config.write_text(ONE.format("h264"))
    loaded = load_config(config)
    outputs = Outputs.of(loaded, Path(output))
    with outputs.locked(outputs.video):
        rehearse(loaded, outputs)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.yaml", output])


def test_the_longest_name_leaves_room_for_all_that_is_added_to_it(tmp_path):
    name = "x" * 240
    config = tmp_path / f"{name}.yaml"
    config.write_text(ONE.format("png"))
    loaded = coarse(load_config(config))
    outputs = Outputs.of(loaded, tmp_path / "output")
    for longer in (f"{name}-preview", name):
        longest = Outputs(outputs.root, longer, outputs.owner, outputs.ending)
        with longest.locked(longest.video):
            rehearse(loaded, longest)
    outputs.write(outputs.still(999_999), [b"picture"])
    outputs.write(outputs.root / f"{name}-palettes.png", [b"picture"])


def test_a_file_system_with_short_names_refuses_before_anything_is_made(tmp_path, monkeypatch):
    # eCryptfs has 143 bytes.
    monkeypatch.setattr(os, "pathconf", lambda *_: 143)
    config = tmp_path / f"{'x' * 129}.yaml"
    config.write_text(ONE.format("h264"))
    outputs = Outputs.of(load_config(config), tmp_path / "output")
    with pytest.raises(UsageError, match="128 bytes there; choose a shorter one by --name"):
        outputs.claim(outputs.video)
    assert not outputs.root.exists()
    Outputs.of(load_config(config, name="x" * 128), tmp_path / "output").claim()
