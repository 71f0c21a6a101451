"""A light from the start, or later: the same video, and the same counts and traces on disk."""

import json

import pytest

# In float64, then by perturbation.
CONFIG = """\
video: {width: 48, height: 28, fps: 3}
maxiter: 3000
render: {reuse: bands}
keyframes:
  - time: 0
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-8
  - time: 2
    center: [-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]
    width: 1e-14
"""
LIGHT = "colour: {light: {azimuth: 135}}\n"


def stored(folder):
    """Return what is stored by name, without the headers, which say what it took."""
    files = (folder / "counts").glob("*.counts")
    return {path.name: path.read_bytes().partition(b"]]}")[2] for path in files}


def test_a_video_is_the_same_lit_from_the_start_or_later(cli):
    cli.output = cli.folder / "from the start"
    cli.done("zoom", cli.config(CONFIG + LIGHT))
    lit = (cli.output / "small.mp4").read_bytes()
    first = stored(cli.output / "small")
    report = json.loads((cli.output / "small" / "report.json").read_text())
    assert len(report["kernels"]) == 2
    assert report["pixels_traced"] > 0
    # Killed while some counts or traces were stored, and others not.
    files = sorted((cli.output / "small" / "counts").iterdir())
    for path in files[::2]:
        path.unlink()
    for path in (cli.output / "small" / "segments").iterdir():
        path.unlink()
    (cli.output / "small.mp4").unlink()
    cli.done("zoom", cli.config(CONFIG + LIGHT))
    assert (cli.output / "small.mp4").read_bytes() == lit
    assert stored(cli.output / "small") == first

    cli.output = cli.folder / "later"
    cli.done("zoom", cli.config(CONFIG))
    counts = stored(cli.output / "small")
    assert counts.items() < first.items()
    assert (cli.output / "small.mp4").read_bytes() != lit
    cli.done("zoom", cli.config(CONFIG + LIGHT))
    again = json.loads((cli.output / "small" / "report.json").read_text())
    assert again["pixels_computed"] == 0
    assert again["pixels_traced"] == report["pixels_traced"]
    assert (cli.output / "small.mp4").read_bytes() == lit
    assert stored(cli.output / "small") == first


@pytest.mark.slow
def test_a_larger_maxiter_under_a_light_computes_only_what_was_open(cli):
    cli.done("zoom", cli.config(CONFIG.replace("3000", "2800") + LIGHT))
    cli.done("zoom", cli.config(CONFIG + LIGHT))
    report = json.loads((cli.output / "small" / "report.json").read_text())
    assert report["pixels_reused"] > report["pixels_computed"]
    assert report["pixels_traced"] > 0
