"""Five seconds of bad files; and that the fuzzer sees what it is there to see."""

import signal

import pytest

from tests.fuzz.__main__ import PATIENCE_S, Case, Child, case_of, fuzz, write_findings
from tests.fuzz.corpus import seeds

SEED = 16
SECONDS = 5


def test_bad_files_are_read_or_refused(tmp_path):
    # On a machine that is busy with others, so many all the same.
    read, findings = fuzz(SEED, SECONDS, least=100)
    assert read >= 100
    assert not findings, "\n".join(write_findings(SEED, findings, tmp_path))


@pytest.mark.slow
def test_the_same_seed_makes_the_same_files():
    files = seeds()
    made = [case_of(SEED, number, files) for number in range(200)]
    assert made == [case_of(SEED, number, files) for number in range(200)]
    assert {case.kind for case in made} == {"config", "palette", "location"}
    assert len({case.data for case in made}) > 150


@pytest.mark.slow
def test_readers_with_a_fault_are_found_and_the_next_file_is_read(tmp_path):
    folder = tmp_path / "cases"
    folder.mkdir()
    child = Child(folder, planted=True)
    try:
        for reader, seen in (
            ("crash", "KeyError"), ("start", "subprocess.Popen"), ("connect", "socket."),
            ("write", "open"), ("swell", "MemoryError"), ("spin", f"died of {signal.SIGXCPU}"),
            ("hang", "no answer"),
        ):  # fmt: skip  # a fault a line
            child.start()
            if reader == "hang":
                child.patience_s = 1.0
            wrong = child.wrong_with(Case(0, reader, "case.txt", b""))
            assert wrong is not None
            assert seen in wrong
            child.patience_s = PATIENCE_S
            assert child.wrong_with(Case(1, "fine", "case.txt", b"")) is None
    finally:
        child.stop()
    assert not (tmp_path / "outside").exists()
