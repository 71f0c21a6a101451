"""Power cuts: what was said to be stored is there, wherever the power goes."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import durable


class Disk:
    """What a disk holds after a power cut, by what POSIX promises and nothing more.

    Written bytes are there for certain once the file has been flushed, names once their folder has
    been. Until then each may be there or not, a file cut at any byte, or its end zeros.
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
    """Return what stands under the file's name when the power goes after these steps."""
    flushed = renamed = folder_flushed = False
    for step in steps:
        flushed |= step[0] == "flush"
        renamed |= step[0] == "rename"
        folder_flushed |= renamed and step[0] == "flush folder"
    if not renamed or (not folder_flushed and choose(st.booleans())):
        return old
    if flushed:
        return new
    there = choose(st.integers(0, len(new)))
    return new[:there] + (bytes(len(new) - there) if choose(st.booleans()) else b"")


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
    # Once it was said to be stored, it is.
    if cut == len(steps):
        assert found == new


def test_a_writer_that_does_not_flush_would_be_found_out():
    """The model itself: without the flush before the rename a torn file may stand there."""
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
