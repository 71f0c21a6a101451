import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.forked_program import ForkedProcess, ForkedProgram

ROOT = Path(__file__).parent.parent

SMALL = """\
video: {width: 96, height: 54, fps: 10}
maxiter: 500
render: {workers: 2}
keyframes:
  - time: 0
    center: [-0.75, 0]
    width: 3.5
  - time: 2
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-6
"""


def pytest_configure():
    """Start all processes with default signals, whatever nohup or a shell's & made us ignore.

    What is caught here is the default again in what is started; what is ignored stays ignored.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


# Begun first, so that of two processes none works alone for long at the end.
_LONGEST = (
    "tests/explorer/test_page.py", "tests/render/test_faults.py", "tests/workers/cluster/",
    "tests/render/", "tests/player/",
    "tests/colour/test_looks.py",
    "tests/cli/test_commands.py", "tests/plan/test_zoom.py", "tests/system/test_machine.py", "tests/prepare/",
)  # fmt: skip  # a list


def pytest_collection_modifyitems(items):
    def rank(item):
        found = (k for k, start in enumerate(_LONGEST) if item.nodeid.startswith(start))
        return next(found, len(_LONGEST))

    items.sort(key=rank)


@cache
def forked_program() -> ForkedProgram:
    return ForkedProgram()


def pytest_unconfigure():
    if forked_program.cache_info().currsize:
        forked_program().end()


class Cli:
    """Runs the real command line in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"

    def config(self, text: str = SMALL, name: str = "small") -> Path:
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        return path

    def arguments(self, command: str, *arguments: object) -> list[str]:
        words = [sys.executable, "-m", "pipeline", command, *map(str, arguments)]
        return [*words, "--output", str(self.output)]

    def run(self, command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; the program is forked where it can be, instead of started."""
        if (program := forked_program()).fits():
            return program.run(self.arguments(command, *arguments)[3:], 300)
        return self.run_anew(command, *arguments)

    def run_anew(self, command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in a Python of its own."""
        return subprocess.run(
            self.arguments(command, *arguments),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )

    def start(self, command: str, *arguments: object) -> subprocess.Popen[str] | ForkedProcess:
        """Start a command; the program is forked where it can be."""
        if (program := forked_program()).fits():
            return program.start(self.arguments(command, *arguments)[3:])
        return self.start_anew(command, *arguments)

    def start_anew(self, command: str, *arguments: object) -> subprocess.Popen[str]:
        """Start a command in a Python of its own."""
        return subprocess.Popen(
            self.arguments(command, *arguments),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def done(self, command: str, *arguments: object) -> str:
        """Run a command that must succeed without a word of Python; return what it printed."""
        result = self.run(command, *arguments)
        assert result.returncode == 0, result.stderr
        assert "Traceback" not in result.stderr
        return result.stdout


@pytest.fixture(autouse=True)
def signals_stay():
    """Give signals back what they did before: a command run in this process changes it."""
    numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture(scope="module")
def module_cli(tmp_path_factory):
    return Cli(tmp_path_factory.mktemp("cli"))
