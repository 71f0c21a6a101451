"""What this machine's graphics processors can do, found out once a day by a process of its own.

A driver that crashes takes that process with it and nothing else, and the many processes that only
plan load nothing of wgpu.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.kernels.cache import compiled_folder
from pipeline.kernels.gpu.adapters import CHOICE, HAVE_WGPU, SOFTWARE
from pipeline.kernels.gpu.numbers import F32, FLOAT64, NUMBERS, TWO_F32
from pipeline.system.sources import PACKAGE

# Numbers that keep an accuracy's bound, the best first. Measured at twelve places from 1e-14 to
# 1e-5294, counts unlike float64's: two f32 0.02 % (2 % at 5e-227), f32 4 % (27 %).
_SERVES = {
    "exact": (FLOAT64,),
    "fine": (FLOAT64, TWO_F32),
    "draft": (F32, FLOAT64, TWO_F32),
}
_FILE = "graphics-processors{}.json"
_BELIEVED_S = 24 * 3600.0
_TIMEOUT_S = 300.0
INSTALL = "wgpu is not installed; `make setup-gpu` installs it, or pip with the extra [gpu]"


@dataclass(frozen=True, slots=True)
class Ability:
    """A graphics processor, and what the test of it found."""

    name: str
    driver: str
    kind: str
    faults: dict[str, str]
    """Why numbers are not used, by name; none of those that are."""
    steps_a_second: dict[str, float]
    """Measured speed of those that are."""
    buffer_bytes: int
    """Size of the largest buffer."""

    @property
    def works(self) -> bool:
        """Whether any numbers can be used."""
        return bool(self.steps_a_second)

    @property
    def is_software(self) -> bool:
        """Whether it is a program on this processor."""
        return self.kind == SOFTWARE


@dataclass(frozen=True, slots=True)
class Abilities:
    """All graphics processors of this machine, beside its processor."""

    core_steps_a_second: float
    """Speed of one core of the processor, in float64."""
    each: tuple[Ability, ...]

    @property
    def best(self) -> Ability | None:
        """The one that counts: the first that works."""
        return next((ability for ability in self.each if ability.works), None)

    @property
    def why_none(self) -> str:
        """Why none works, in words."""
        if not self.each:
            return "no graphics processor was found, or its driver crashed"
        faults = sorted(
            {f"{each.name}: {why}" for each in self.each for why in each.faults.values()}
        )
        return f"none computes right ({'; '.join(faults)})"

    def numbers_by_accuracy(self) -> dict[str, str]:
        """Return the numbers in which the best one serves each accuracy, by name.

        Where none serves, the processor counts, in float64.
        """
        best = self.best
        can = {} if best is None else best.steps_a_second
        serving = {
            accuracy: next((numbers.name for numbers in each if numbers.name in can), None)
            for accuracy, each in _SERVES.items()
        }
        return {accuracy: name for accuracy, name in serving.items() if name is not None}

    def numbers_for(self, accuracy: str) -> str:
        """Return the numbers that deltas are held in; float64, by the processor, at the least."""
        return self.numbers_by_accuracy().get(accuracy, FLOAT64.name)

    def pays(self) -> bool:
        """Tell whether the best is real, counts as the processor does, and beats a core of it."""
        best = self.best
        return (
            best is not None
            and not best.is_software
            and best.steps_a_second.get(FLOAT64.name, 0.0) > self.core_steps_a_second
        )


@cache
def abilities() -> Abilities:
    """Return what the graphics processors can do, as found today or by a test now.

    Raises
    ------
    UsageError
        wgpu is not installed.
    """
    if not HAVE_WGPU:
        raise UsageError(INSTALL)
    file = _file()
    if file is not None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if time.time() - file.stat().st_mtime < _BELIEVED_S:
                return _parsed(file.read_text(encoding="utf-8"))
    text = _tested()
    found = _parsed(text)
    if file is not None:
        with contextlib.suppress(OSError):
            beside = file.with_name(f"{file.name}.{os.getpid()}")
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
    return found


def tested_again() -> Abilities:
    """Return what a test of now finds, whatever was found today."""
    file = _file()
    if file is not None:
        file.unlink(missing_ok=True)
    abilities.cache_clear()
    return abilities()


def _file() -> Path | None:
    folder = compiled_folder()
    # Of one adapter alone, where one is chosen.
    chosen = "".join(each if each.isalnum() else "-" for each in os.environ.get(CHOICE, "")[:40])
    return None if folder is None else folder / _FILE.format(chosen)


def _tested() -> str:
    """Return what the test prints; of no processors where it crashes."""
    paths = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-m", "pipeline.workers.card.probe"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    none = json.dumps({"core_steps_a_second": 0.0, "each": []})
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=_TIMEOUT_S, check=False,
        )  # fmt: skip  # what it prints is what it found
    except subprocess.TimeoutExpired:
        return none
    lines = done.stdout.decode(errors="replace").splitlines()
    return lines[-1] if lines and done.returncode == 0 else none


def _parsed(text: str) -> Abilities:
    facts = json.loads(text)
    each = tuple(Ability(**ability) for ability in facts["each"])
    if any(name not in NUMBERS for ability in each for name in ability.steps_a_second):
        raise ValueError(text)
    return Abilities(float(facts["core_steps_a_second"]), each)


def text_of(found: Abilities) -> str:
    """Return abilities as the test prints them."""
    return json.dumps(asdict(found))
