"""Power cuts: what was reported as stored is there, whenever the power fails."""

import errno
import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.load import load_config
from pipeline.plan.estimate import check_free_disk
from pipeline.plan.outputs import Outputs
from pipeline.system import atomic_files as durable


class Disk:
    """A model of a disk's content after a power cut, by what POSIX promises and nothing more.

    Written bytes are certain to be there once the file has been flushed, names once their folder
    has been. Until then each may be there or not; a file may be cut at any byte, or end in zeros.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: list[tuple[str, ...]] = []

    def record(self, monkeypatch):
        real_open, real_fsync, real_replace = Path.open, os.fsync, Path.replace
        real_os_open = os.open
        opened: dict[int, str] = {}
        steps = self.steps

        def open_path(path, mode="r", *rest, **more):
            file = real_open(path, mode, *rest, **more)
            if "w" in mode:
                steps.append(("write", path.name))
            return file

        def os_open(path, flags, *rest, **more):
            descriptor = real_os_open(path, flags, *rest, **more)
            opened[descriptor] = str(path)
            return descriptor

        def fsync(descriptor):
            real_fsync(descriptor)
            path = Path(opened[descriptor])
            steps.append(("flush folder",) if path.is_dir() else ("flush", path.name))

        def replace(path, target):
            result = real_replace(path, target)
            steps.append(("rename", path.name, Path(target).name))
            return result

        monkeypatch.setattr(Path, "open", open_path)
        monkeypatch.setattr(os, "open", os_open)
        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", replace)


def after_a_cut(steps, new: bytes, old: bytes | None, choose) -> bytes | None:
    """Return the content under the file's name if the power fails after these steps."""
    flushed = renamed = folder_flushed = False
    for step in steps:
        flushed |= step[0] == "flush"
        renamed |= step[0] == "rename"
        folder_flushed |= renamed and step[0] == "flush folder"
    if not renamed or (not folder_flushed and choose(st.booleans())):
        return old
    if flushed:
        return new
    kept = choose(st.integers(0, len(new)))
    return new[:kept] + (bytes(len(new) - kept) if choose(st.booleans()) else b"")


def steps_of(tmp_path, monkeypatch, new: bytes) -> list[tuple[str, ...]]:
    disk = Disk(tmp_path)
    with monkeypatch.context() as patch:
        disk.record(patch)
        durable.write_durably(tmp_path / "name", [new[:5], new[5:]])
    assert (tmp_path / "name").read_bytes() == new
    return disk.steps


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_cut_leaves_the_old_file_or_the_new_one_whole(tmp_path_factory, data):
    new, old = b"the new counts, whole", data.draw(st.sampled_from([None, b"the old ones"]))
    with pytest.MonkeyPatch.context() as patch:
        steps = steps_of(tmp_path_factory.mktemp("disk"), patch, new)
    cut = data.draw(st.integers(0, len(steps)))
    found = after_a_cut(steps[:cut], new, old, data.draw)
    assert found in (old, new)
    # Once it was reported as stored, it is.
    if cut == len(steps):
        assert found == new


def test_a_writer_that_does_not_flush_would_be_found_out():
    """Tests the model: without the flush before the rename there may be a torn file."""
    careless = [("write", "name.part"), ("rename", "name.part", "name"), ("flush folder",)]
    answers = iter([3, False])
    torn = after_a_cut(careless, b"the new counts", None, lambda _: next(answers))
    assert torn not in (None, b"the new counts")


def test_new_folders_are_flushed_into_those_above(tmp_path, monkeypatch):
    disk = Disk(tmp_path)
    with monkeypatch.context() as patch:
        disk.record(patch)
        durable.make_folder(tmp_path / "output" / "name" / "counts")
        durable.make_folder(tmp_path / "output" / "name" / "counts")
    assert disk.steps == [("flush folder",)] * 3


def test_a_write_that_fails_leaves_nothing(tmp_path):
    def parts():
        yield b"some"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        durable.write_durably(tmp_path / "name", parts())
    assert list(tmp_path.iterdir()) == []


def test_it_is_written_flushed_renamed_and_its_folder_flushed_in_this_order(tmp_path, monkeypatch):
    steps = steps_of(tmp_path, monkeypatch, b"something")
    assert [step[0] for step in steps] == ["write", "flush", "rename", "flush folder"]


# File systems that can do less: shared folders, CIFS, NFS, some of FUSE


@pytest.mark.parametrize(
    "number", [errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF]
)
def test_where_nothing_can_be_flushed_or_locked_it_goes_on_and_says_so_once(
    tmp_path, monkeypatch, capsys, number
):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(shutil, "disk_usage", refuse)
    config = tmp_path / "a.yaml"
    config.write_text("keyframes: [{time: 0, center: [0, 0], width: 3}]\n")
    outputs = Outputs.of(load_config(config), tmp_path / "output")
    for data in (b"one", b"other"):
        with outputs.locked(outputs.video):
            check_free_disk(outputs)
            durable.write_durably(outputs.store.folder / "x.counts", [data])
            outputs.write(outputs.video, [data])
        assert (
            outputs.video.read_bytes() == (outputs.store.folder / "x.counts").read_bytes() == data
        )
        said = capsys.readouterr().err
        assert said.count("cannot be flushed: a power cut may cost the latest minutes") == 1
        assert said.count("cannot be locked") == 1


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_what_the_disk_failed_to_keep_is_no_success(tmp_path, monkeypatch, number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        durable.write_durably(tmp_path / "name", [b"data"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_read_is_not_flushed(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o300)
    try:
        # The root user may read everything.
        durable.write_durably(folder / "name", [b"data"])
        assert durable.flush_folder(folder) == os.access(folder, os.R_OK)
    finally:
        folder.chmod(0o700)


def test_names_of_any_length_are_written(tmp_path):
    for name in ("x" * 255, "é" * 127, "🦄" * 63):
        durable.write_durably(tmp_path / name, [b"data"])
    assert len(list(tmp_path.iterdir())) == 3


def test_only_what_a_dead_process_left_half_written_is_removed(tmp_path):
    dead = subprocess.Popen(["true"])
    dead.wait()
    foreign = [
        "mine.part",
        "a.mp4.part",
        ".part",
        "x.part.part",
        f"a.{os.getppid()}.part",
        "1e9.part",
    ]
    for name in (*foreign, f"a.{dead.pid}.part"):
        (tmp_path / name).write_bytes(b"half")
    durable.remove_temporaries(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(foreign)
