"""Counts that an older version stored are used: what was computed once is never computed again."""

import json
import shutil
from pathlib import Path

import pytest

from pipeline.cli.main import main

# Written by version 0.1.0, before the package had its rooms.
STORED = Path(__file__).parent / "stored"


# In float64 with traces, and by perturbation with the reference orbit.
@pytest.mark.parametrize("name", ["shallow", "deep"])
def test_counts_traces_and_orbits_of_an_older_version_are_reused(tmp_path, name):
    config = tmp_path / f"{name}.yaml"
    shutil.copy(STORED / f"{name}.yaml", config)
    output = tmp_path / "output"
    shutil.copytree(STORED / name, output / name)
    before = {path: path.read_bytes() for path in sorted((output / name).rglob("*.counts"))}
    assert main(["zoom", str(config), "--output", str(output)]) == 0
    report = json.loads((output / name / "report.json").read_text())
    assert report["pixels_computed"] == report["pixels_traced"] == 0
    assert report["pixels_reused"] == 11024
    assert report["iterations_computed"] == 0
    assert {path: path.read_bytes() for path in sorted((output / name).rglob("*.counts"))} == before
