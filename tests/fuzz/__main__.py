"""`make fuzz`: read bad files until the time is up, or one is not refused as it should be.

`python -m tests.fuzz --seconds 60 --seed 7` makes case after case; `--case 123` of the same seed
makes one again.
"""

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.fuzz.corpus import PALETTES, ROOT, Seed, seeds
from tests.fuzz.mutate import mutated

PATIENCE_S = 60.0
"""Seconds of waiting, not of computing: the machine may be busy."""


@dataclass(slots=True)
class Case:
    """A bad file."""

    number: int
    kind: str
    name: str
    data: bytes


@dataclass(slots=True)
class Finding:
    """A file that was not read or refused as it should be."""

    case: Case
    wrong: str


@dataclass(slots=True)
class Child:
    """The process that reads; another is started where one has died."""

    folder: Path
    planted: bool = False
    patience_s: float = PATIENCE_S
    _process: "subprocess.Popen[bytes] | None" = None
    _buffer: bytes = field(default=b"", repr=False)

    def wrong_with(self, case: Case) -> str | None:
        """Return what is wrong with how a file was read."""
        path = self.folder / case.name
        path.write_bytes(case.data)
        try:
            return self._asked([case.kind, case.name])
        finally:
            path.unlink(missing_ok=True)

    def _asked(self, question: list[str]) -> str | None:
        process = self.start()
        assert process.stdin is not None
        process.stdin.write(json.dumps(question).encode() + b"\n")
        process.stdin.flush()
        answer = self._line(process, self.patience_s)
        if answer is None:
            status = self.stop()
            return f"no answer in {self.patience_s:g} s" if status is None else f"died of {-status}"
        return json.loads(answer)  # type: ignore[no-any-return]

    def start(self) -> "subprocess.Popen[bytes]":
        """Return it running."""
        if self._process is None:
            # Threads of numpy's take address space for nothing.
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
            script = [sys.executable, "-m", "tests.fuzz.child"]
            self._process = subprocess.Popen(
                [*script, *(["planted"] if self.planted else [])],
                cwd=self.folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip  # one call
            self._buffer = b""
            # However long its modules take.
            if self._line(self._process, PATIENCE_S) != b"ready":
                raise RuntimeError(f"the child did not start: {self.stop()}")
        return self._process

    def _line(self, process: "subprocess.Popen[bytes]", patience_s: float) -> bytes | None:
        """Return the child's next line; None where none comes."""
        assert process.stdout is not None
        until = time.monotonic() + patience_s
        while b"\n" not in self._buffer:
            ready, _, _ = select.select(
                [process.stdout], [], [], max(0.0, until - time.monotonic())
            )
            piece = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
            if not piece:
                return None
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def stop(self) -> int | None:
        """End it; return its status, None where it had to be ended."""
        process, self._process = self._process, None
        if process is None:
            return None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            status: int | None = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            status = None
        process.stdout.close()
        return status


def case_of(seed: int, number: int, files: list[Seed]) -> Case:
    """Return a bad file, the same for the same seed and number."""
    random = Random(f"{seed}/{number}")
    chosen = random.choice(files)
    data = mutated(chosen, files, random)
    # Now and then under another's ending.
    ending = chosen.ending
    if chosen.kind != "config" and random.random() < 0.05:
        ending = random.choice([each.ending for each in files if each.kind == chosen.kind])
    return Case(number, chosen.kind, f"case{ending}", data)


def prepare(folder: Path) -> None:
    """Put into a folder what configs name."""
    for ending, data in PALETTES.items():
        (folder / f"x{ending}").write_bytes(data)
    (folder / "a.map").write_bytes(PALETTES[".map"])
    (folder / "several.ugr").write_bytes(PALETTES[".ugr"])
    os.mkfifo(folder / "fifo.map")
    (folder / "folder.map").mkdir()
    (folder / "link.map").symlink_to("/dev/zero")


def fuzz(
    seed: int, seconds: float, first: int = 0, cases: int | None = None, least: int = 0
) -> tuple[int, list[Finding]]:
    """Read bad files for so long, and so many; return how many, and each kind of finding once."""
    files = seeds()
    findings: dict[str, Finding] = {}
    number = first
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name).resolve() / "cases"
        folder.mkdir()
        prepare(folder)
        child = Child(folder)
        try:
            child.start()
            until = time.monotonic() + seconds
            while (time.monotonic() < until or number - first < least) and (
                cases is None or number < first + cases
            ):
                case = case_of(seed, number, files)
                wrong = child.wrong_with(case)
                if wrong is not None:
                    findings.setdefault(_kind_of(wrong, case), Finding(case, wrong))
                number += 1
        finally:
            child.stop()
    return number - first, list(findings.values())


def _kind_of(wrong: str, case: Case) -> str:
    """Return by what findings are alike: the last place in the code, and the kind of error."""
    places = [line.strip() for line in wrong.splitlines() if line.lstrip().startswith("File ")]
    return (
        f"{places[-1:]} {wrong.strip().splitlines()[-1][:40]}"
        if places
        else f"{case.name} {wrong[:40]}"
    )


def write_findings(seed: int, findings: list[Finding], folder: Path) -> list[str]:
    """Write each file that was found, and return what is to be told of it."""
    told = []
    for finding in findings:
        case = finding.case
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{seed}-{case.number}{Path(case.name).suffix}"
        path.write_bytes(case.data)
        told.append(
            f"seed {seed}, case {case.number}: {case.kind}, kept as {path}\n{finding.wrong}\n"
            f"again: python -m tests.fuzz --seed {seed} --case {case.number}"
        )
    return told


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for how long (default: 60)")
    parser.add_argument("--seed", type=int, default=None, help="of all cases (default: the time)")
    parser.add_argument("--case", type=int, default=None, help="one case of the seed alone")
    parser.add_argument("--keep", type=Path, default=Path("output/fuzz"), metavar="FOLDER",
                        help="where what was found goes (default: output/fuzz)")  # fmt: skip  # one call
    options = parser.parse_args()
    seed = int(time.time()) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    one = None if options.case is None else 1
    read, findings = fuzz(seed, options.seconds, options.case or 0, one)
    for text in write_findings(seed, findings, options.keep):
        print(f"\n{text}")
    print(f"\n{read} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
