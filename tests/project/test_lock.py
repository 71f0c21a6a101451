"""The locked dependencies, `requirements/*.txt`, are what `pyproject.toml` asks for."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
WANTED = {
    "run": PROJECT["dependencies"],
    "dask": PROJECT["dependencies"] + EXTRAS["dask"],
    "explore": PROJECT["dependencies"] + EXTRAS["explore"],
    "gpu": PROJECT["dependencies"] + EXTRAS["gpu"],
    "dev": PROJECT["dependencies"]
    + EXTRAS["dask"]
    + EXTRAS["explore"]
    + EXTRAS["gpu"]
    + EXTRAS["docs"]
    + EXTRAS["dev"],
}


def locked(name: str) -> list[tuple[Requirement, list[str]]]:
    """Return what a lock names, each with its hashes."""
    text = re.sub(r"^#.*\n", "", (ROOT / f"requirements/{name}.txt").read_text("utf-8"), flags=re.M)
    entries = text.replace("\\\n", " ").splitlines()
    return [
        (Requirement(entry.partition(" --hash")[0]), re.findall(r"--hash=(\S+)", entry))
        for entry in entries
    ]


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_holds_all_that_is_asked_for(name):
    """A failure here calls for `make lock`, which renews the lock."""
    versions: dict[str, list[str]] = {}
    for requirement, _ in locked(name):
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    for wanted in map(Requirement, WANTED[name]):
        found = versions.get(canonicalize_name(wanted.name))
        assert found, f"{wanted.name} is not locked"
        # Two where a version has wheels for some Pythons only.
        for version in found:
            assert version in wanted.specifier


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_has_hashes_and_no_address(name):
    assert "://" not in (ROOT / f"requirements/{name}.txt").read_text("utf-8")
    for requirement, hashes in locked(name):
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes)


@pytest.mark.parametrize("name", ["run", "dask", "explore", "gpu"])
def test_all_locks_name_the_same_versions(name):
    every = {str(requirement) for requirement, _ in locked("dev")}
    assert {str(requirement) for requirement, _ in locked(name)} <= every
