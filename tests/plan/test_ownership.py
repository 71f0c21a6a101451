"""Ownership of files: a run replaces and removes what it made of its config, and nothing else."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cli.clean import clean
from pipeline.config.load import load_config
from pipeline.errors import RenderError, UsageError
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import RECORD, Owner, Record
from pipeline.render.rehearsal import rehearse
from tests.conftest import ROOT

ONE = "video: {width: 16, height: 16}\nkeyframes: [{time: 0, center: [9, 0], width: 3}]\n"
PNG = ONE.replace("height: 16", "height: 16, codec: png")


def outputs_of(path: Path, text: str = ONE, root: Path | None = None) -> Outputs:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    return Outputs.of(load_config(path), root or path.parent / "output")


def made(outputs: Outputs, data: bytes = b"the video") -> None:
    """Make a video of these bytes as a run does."""
    with outputs.locked(outputs.video), outputs.making(outputs.video) as temporary:
        if outputs.ending == "-frames":
            temporary.mkdir()
            (temporary / "000000.png").write_bytes(data)
        else:
            temporary.write_bytes(data)


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def outputs(tmp_path):
    return outputs_of(tmp_path / "a.yaml")


def test_what_was_made_of_the_same_config_is_replaced(outputs):
    for data in (b"one", b"another", b"one"):
        made(outputs, data)
        assert outputs.video.read_bytes() == data
    # Once changed it is no longer what was made, and is not replaced.
    outputs.video.write_bytes(b"")
    os.utime(outputs.video, ns=(0, 0))
    with pytest.raises(UsageError):
        made(outputs)


def test_another_config_of_the_same_name_changes_nothing(tmp_path):
    first = outputs_of(tmp_path / "one" / "a.yaml")
    made(first)
    other = outputs_of(tmp_path / "two" / "a.yaml", ONE + "maxiter: 9\n", first.root)
    before = files_in(tmp_path)
    with pytest.raises(UsageError) as refused:
        made(other)
    for words in (
        str(first.root / "a"),
        str(tmp_path / "one" / "a.yaml"),
        "--name NAME",
        " clean ",
    ):
        assert words in str(refused.value)
    assert files_in(tmp_path) == before
    made(replace(other, name="b"))
    assert {name: data for name, data in files_in(tmp_path).items() if name in before} == before


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("output/a.mp4", ONE), ("output/a-frames/0.png", PNG), ("output/a-frames", PNG),
        ("output/a/counts/x", ONE + "#"), ("output/a", ONE), ("output/a/notes.txt", ONE),
    ],
)  # fmt: skip  # a table
def test_files_of_a_person_are_refused_before_anything_is_made(tmp_path, name, text):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"of a person")
    outputs = outputs_of(tmp_path / "a.yaml", text)
    before = files_in(tmp_path)
    if text.endswith("#"):
        # In folders whose names are ours nothing is removed that was not half made by a run.
        (path.parent / "mine.part").write_bytes(b"of a person")
        before = files_in(tmp_path)
        made(outputs)
    else:
        with pytest.raises(UsageError, match="move it away, or choose another name by --name NAME"):
            made(outputs)
    assert {name: data for name, data in files_in(tmp_path).items() if name in before} == before


def test_temporary_files_and_similar_names_beside_a_video_are_left_alone(outputs):
    outputs.root.mkdir()
    foreign = ["a.mp4.part", "a.mp4.999999.part", "a.yaml", "a.backup", "a-000007.png", "a-exr.png"]
    for name in foreign:
        (outputs.root / name).write_bytes(b"of a person")
    made(outputs)
    clean("a", outputs.root)
    assert sorted(path.name for path in outputs.root.iterdir()) == sorted(foreign)


def test_a_file_that_appears_while_a_run_is_at_work_is_not_replaced(outputs):
    temporary = outputs.folder / "joined.mp4"
    with outputs.locked():
        temporary.write_bytes(b"ours")
        outputs.video.write_bytes(b"of a person")
        with pytest.raises(UsageError, match=r"a\.mp4: is there, and was not made of"):
            outputs.publish(temporary, outputs.video)
    assert outputs.video.read_bytes() == b"of a person"


def test_pictures_among_which_is_another_are_not_replaced(tmp_path):
    outputs = outputs_of(tmp_path / "a.yaml", PNG)
    made(outputs)
    made(outputs, b"others")
    (outputs.video / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="a-frames: is there"):
        made(outputs)
    (outputs.video / "notes.txt").unlink()
    made(outputs)


@pytest.mark.parametrize("linked", ["output/a", "output/a.mp4", "output/a/counts"])
def test_links_are_not_followed(tmp_path, linked):
    outputs = outputs_of(tmp_path / "a.yaml")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious.part").write_bytes(b"x")
    link = tmp_path / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(UsageError):
        made(outputs)
    assert files_in(elsewhere) == {"precious.part": b"x"}


def test_a_config_that_was_moved_goes_on_where_it_was(tmp_path, capsys):
    first = outputs_of(tmp_path / "one" / "a.yaml", root=tmp_path / "output")
    made(first)
    (tmp_path / "one").rename(tmp_path / "two")
    moved = outputs_of(tmp_path / "two" / "a.yaml", ONE + "maxiter: 9\n", first.root)
    made(moved, b"newer")
    assert f"was made of {tmp_path / 'one' / 'a.yaml'}, which is gone" in capsys.readouterr().err
    made(moved, b"newest")
    assert capsys.readouterr().err == ""


def test_a_checkout_that_was_moved_goes_on(tmp_path):
    made(outputs_of(tmp_path / "one" / "a.yaml"))
    (tmp_path / "one").rename(tmp_path / "two")
    made(outputs_of(tmp_path / "two" / "a.yaml"), b"newer")


def test_a_copy_of_a_config_makes_the_same_and_takes_nothing(tmp_path):
    first = outputs_of(tmp_path / "one" / "a.yaml")
    made(first)
    copy = outputs_of(tmp_path / "two" / "a.yaml", root=first.root)
    made(copy)
    changed = outputs_of(tmp_path / "two" / "a.yaml", ONE + "maxiter: 9\n", first.root)
    with pytest.raises(UsageError):
        made(changed)
    made(outputs_of(tmp_path / "one" / "a.yaml", ONE + "maxiter: 9\n"))


def test_a_link_to_a_config_is_that_config(tmp_path):
    first = outputs_of(tmp_path / "one" / "a.yaml")
    made(first)
    link = tmp_path / "two" / "a.yaml"
    link.parent.mkdir()
    link.symlink_to(first.owner.config)
    made(Outputs.of(load_config(link), first.root))
    os.link(first.owner.config, tmp_path / "a.yaml")
    made(outputs_of(tmp_path / "a.yaml", ONE + "maxiter: 9\n", first.root))


def test_what_a_killed_run_left_is_cleared_away_by_the_next(outputs):
    made(outputs)
    for path in (outputs.joining / "joined.mp4", outputs.joining / "joined-frames" / "000000.png"):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"half")
    trial = outputs.root / "a~~~~"
    with outputs.making(trial) as temporary:
        temporary.write_bytes(b"two grey frames")
    with outputs.locked():
        rehearse(load_config(Path(outputs.owner.config)), outputs)
    assert not outputs.joining.exists()
    assert not trial.exists()
    assert [path.name for path in outputs.segments.iterdir()] == []


def test_outputs_bear_another_name_where_one_is_given(cli):
    raw = cli.folder / "raw.npz"
    config = cli.config(ONE, "a")
    cli.done("still", config, "--name", "b", "--raw", raw)
    assert sorted(path.name for path in cli.output.iterdir()) == ["b", "b.png"]
    raw.write_bytes(b"of a person")
    before = files_in(cli.folder)
    result = cli.run("still", config, "--name", "b", "--raw", raw)
    assert result.returncode == 2
    assert f"{raw}: is there, and was not made of {config}" in result.stderr
    assert files_in(cli.folder) == before


# Before there were records


def of_an_earlier_version(outputs: Outputs, path: str) -> None:
    made(outputs)
    report = {"outcome": "finished", "config": {"path": path, "video": {"codec": "h264"}}}
    outputs.report.write_text(json.dumps(report))
    (outputs.folder / RECORD).unlink()


def test_what_an_earlier_version_made_is_carried_on(outputs, tmp_path, monkeypatch):
    for path in ("a.yaml", str(tmp_path / "a.yaml"), f"{tmp_path.name}/a.yaml"):
        of_an_earlier_version(outputs, path)
        made(outputs, b"newer")
    # What was made of another config is not.
    (tmp_path / "b" / "a.yaml").parent.mkdir()
    (tmp_path / "b" / "a.yaml").write_text(ONE)
    monkeypatch.chdir(tmp_path)
    of_an_earlier_version(outputs, "b/a.yaml")
    with pytest.raises(UsageError, match=r"was made of .*b/a\.yaml"):
        made(outputs)


def test_counts_that_a_still_of_an_earlier_version_left_are_taken(outputs):
    outputs.store.folder.mkdir(parents=True)
    (outputs.store.folder / "0123.counts").write_bytes(b"counts")
    made(outputs)
    assert (outputs.store.folder / "0123.counts").exists()


# The record


def test_no_single_damage_of_the_record_loses_anything(outputs):
    made(outputs)
    path = outputs.folder / RECORD
    whole = path.read_bytes()
    marks = Record(outputs.folder).read()
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        assert Record(outputs.folder).read() == marks
    # Cut, its last fact is lost; what is added comes back.
    for length in range(0, len(whole), 41):
        path.write_bytes(whole[:length])
        Record(outputs.folder).add_owner(Owner("/x", "y"))
        assert Record(outputs.folder).read().owner == Owner("/x", "y")


def test_a_kill_between_record_and_name_changes_nothing(outputs, monkeypatch):
    made(outputs)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.plan.outputs.publish", lambda *_: None)
        made(outputs, b"newer")
    assert outputs.video.read_bytes() == b"the video"
    made(outputs, b"newest")
    assert outputs.video.read_bytes() == b"newest"


def test_a_video_whose_folder_was_removed_says_itself_what_it_is(cli):
    config = cli.config(ONE, "a")
    cli.done("zoom", config)
    before = (cli.output / "a.mp4").read_bytes()
    shutil.rmtree(cli.output / "a")
    # A video of another text is not replaced: it is all that is left of that config.
    outputs = outputs_of(config, ONE + "maxiter: 9\n")
    with pytest.raises(UsageError, match=r"a\.mp4: is there"):
        made(outputs)
    made(outputs_of(config))
    assert (cli.output / "a.mp4").read_bytes() == b"the video" != before


# Files that a person names


def test_named_files_replace_what_was_made_and_nothing_else(tmp_path):
    outputs = outputs_of(tmp_path / "a.yaml")
    other = outputs_of(tmp_path / "b.yaml")
    picture = tmp_path / "pictures" / "picture.png"
    for each in (outputs, other, outputs):
        each.claim(picture)
        each.write(picture, [each.name.encode()])
        assert picture.read_bytes() == each.name.encode()
    picture.write_bytes(b"of a person")
    with pytest.raises(UsageError, match=r"picture\.png: is there"):
        outputs.claim(picture)
    assert list(picture.parent.iterdir()) == [picture]


# `make clean`


def cleaned(name: str, output: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "clean", f"NAME={name}", f"ARGS=--output '{output}'", *words],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip  # one call


def test_make_clean_removes_what_was_made_and_nothing_else(tmp_path):
    name = "it's [a] -* name"
    outputs = outputs_of(tmp_path / f"{name}.yaml", PNG)
    made(outputs)
    made(replace(outputs, name=f"{name}-preview"))
    outputs.write(outputs.still(7), [b"picture"])
    made(outputs_of(tmp_path / "other.yaml"))
    kept = outputs.root / f"{name}.yaml"
    kept.write_text(ONE)
    others = {path for path in files_in(outputs.root) if path.startswith("other")}
    result = cleaned(name, outputs.root)
    assert result.returncode == 0, result.stderr
    assert files_in(outputs.root).keys() == others | {kept.name}
    assert cleaned(name, outputs.root).returncode == 2
    assert cleaned("..", outputs.root).returncode == 2
    assert files_in(outputs.root).keys() == others | {kept.name}


def test_clean_leaves_what_is_not_what_was_made(outputs, capsys):
    made(outputs)
    outputs.video.write_bytes(b"of a person")
    (outputs.folder / "notes.txt").write_text("mine")
    clean("a", outputs.root)
    assert files_in(outputs.root) == {"a.mp4": b"of a person", "a/notes.txt": b"mine"}
    assert "a.mp4: stays" in capsys.readouterr().out


def test_clean_waits_for_no_run(outputs):
    made(outputs)
    with outputs.locked(), pytest.raises(RenderError, match="another run is at work"):
        clean("a", outputs.root)
    assert outputs.video.exists()
