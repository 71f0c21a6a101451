"""The package as others install it: the wheel holds all of it, and works where nothing else is."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from pipeline.video.ffmpeg import count_frames
from tests.conftest import ROOT

STATIC = ROOT / "pipeline" / "player" / "static"
BUILD = (
    "import sys, setuptools.build_meta as b; print(getattr(b, 'build_' + sys.argv[1])(sys.argv[2]))"
)
ONE = """\
video: {width: 32, height: 18, fps: 2}
maxiter: 50
render: {workers: 1}
keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]
"""


def built(kind, source, folder):
    """Build a wheel or an sdist as installers do, but with the tools that are here."""
    printed = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(folder)],
        cwd=source, capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip  # one call
    return folder / printed.split()[-1]


def files_of(wheel):
    with zipfile.ZipFile(wheel) as files:
        return {name: files.read(name) for name in files.namelist()}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Return the wheel, the sdist, and the wheel that comes of the sdist."""
    folder = tmp_path_factory.mktemp("package")
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
         "pipeline", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip  # one call
    # A copy, for setuptools leaves a folder of its own where it builds.
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / "source" / name)
    sdist = built("sdist", folder / "source", folder)
    wheel = built("wheel", folder / "source", folder)
    with tarfile.open(sdist) as files:
        files.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    (folder / "again").mkdir()
    return wheel, sdist, built("wheel", unpacked, folder / "again")


def test_the_wheel_holds_every_module_and_says_that_it_is_typed(packages):
    held = files_of(packages[0])
    modules = {str(path.relative_to(ROOT)) for path in ROOT.glob("pipeline/**/*.py")}
    assert modules <= held.keys()
    assert "pipeline/py.typed" in held
    assert {f"pipeline/player/static/{path.name}" for path in STATIC.iterdir()} <= held.keys()
    assert not any(name.startswith(("tests", "benchmarks", "configs")) for name in held)
    (commands,) = (text for name, text in held.items() if name.endswith("entry_points.txt"))
    assert b"mandelzoom = pipeline.__main__:run" in commands


def test_the_sdist_builds_the_same_wheel(packages):
    wheel, _, again = packages
    assert files_of(wheel) == files_of(again)


@pytest.fixture(scope="module")
def installed(packages, tmp_path_factory):
    """Return the folder of scripts of a fresh environment that has the wheel, and our libraries."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip  # one call
    # Only looked through after the environment's own; its .pth files, and so this tree, are not.
    (Path(site) / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps",
         "--no-index", "--disable-pip-version-check", str(packages[0])],
        check=True, timeout=120,
    )  # fmt: skip  # one call
    return folder / "venv" / "bin"


def environment(folder):
    """Return an environment without this tree, and without numba, which would compile anew."""
    (folder / "blocker").mkdir()
    (folder / "blocker" / "sitecustomize.py").write_text(
        "import sys\nsys.modules['numba'] = None\n"
    )
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "TMPDIR")}
    return {**kept, "PYTHONPATH": str(folder / "blocker")}


def test_the_installed_command_makes_a_video_in_an_empty_folder(installed, tmp_path):
    work = tmp_path / "empty"
    work.mkdir()
    (work / "one.yaml").write_text(ONE)
    result = subprocess.run(
        [installed / "mandelzoom", "zoom", "one.yaml"],
        cwd=work, env=environment(tmp_path), capture_output=True, text=True, timeout=120,
    )  # fmt: skip  # one call
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in work.iterdir()) == ["one.yaml", "output"]
    assert count_frames(work / "output" / "one.mp4") == 1
    again = subprocess.run(
        [installed / "mandelzoom", "recolour", "none.yaml"],
        cwd=work, env=environment(tmp_path / "empty"), capture_output=True, text=True, timeout=120,
    )  # fmt: skip  # one call
    assert again.returncode == 2
    assert "none.yaml:1:1: there is no such file" in again.stderr


def test_the_installed_package_is_what_python_imports(installed, tmp_path):
    code = (
        "import pipeline as mz\n"
        "print(mz.__file__)\n"
        "with mz.Session('cache', workers=1) as session:\n"
        "    print(session.counts(mz.View((-2, 0), 1, size=(8, 6)), 50).n.shape)\n"
    )
    printed = subprocess.run(
        [installed / "python", "-c", code], cwd=tmp_path, env=environment(tmp_path),
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout.splitlines()  # fmt: skip  # one call
    assert Path(printed[0]).is_relative_to(installed.parent)
    assert printed[1] == "(6, 8)"
