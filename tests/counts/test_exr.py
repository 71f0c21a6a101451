"""EXR files are read by OpenEXR itself, and hold what was counted."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.cli.main import main

OpenEXR = pytest.importorskip("OpenEXR")
pytest.importorskip("numba")

CONFIG = """video: {width: 64, height: 36}
maxiter: 500
keyframes: [{time: 0, center: [-0.75, 0.1], width: 0.05, rotation: ROTATION}]
"""


def channels_of(cli, tmp_path, rotation):
    config = cli.config(CONFIG.replace("ROTATION", str(rotation)), f"still{rotation}")
    target, raw = tmp_path / f"{rotation}.exr", tmp_path / f"{rotation}.npz"
    cli.done("still", config, "--exr", target, "--raw", raw)
    with OpenEXR.File(str(target), separate_channels=True) as file:
        return {name: c.pixels for name, c in file.channels().items()}, np.load(raw)


def test_the_channels_hold_counts_and_distances(cli, tmp_path):
    channels, raw = channels_of(cli, tmp_path, 0)
    assert set(channels) == {"N", "NF", "DEX", "DEY"}
    escaped = ~np.isnan(raw["smooth"])
    assert (channels["N"][~escaped] == 0xFFFFFFFF).all()
    assert not channels["DEX"][~escaped].any()
    smooth = channels["N"] + channels["NF"].astype(float)
    np.testing.assert_allclose(smooth[escaped], raw["smooth"][escaped], atol=1e-3)
    assert (channels["NF"] >= 0).all()
    assert (channels["NF"] < 1).all()
    # The smooth count falls away from the set, along the estimate, by about 1 / (ln 2 · DE).
    down, right = np.gradient(raw["smooth"])
    distance = np.hypot(channels["DEX"], channels["DEY"])
    far = escaped & (distance > 3) & ~np.isnan(down) & ~np.isnan(right)
    assert far.sum() > 50
    along = (channels["DEX"] * right - channels["DEY"] * down)[far] / distance[far]
    np.testing.assert_allclose(-along * distance[far] * np.log(2), 1, atol=0.25)


def test_the_direction_turns_with_the_picture(cli, tmp_path):
    upright, _ = channels_of(cli, tmp_path, 0)
    turned, _ = channels_of(cli, tmp_path, 180)
    np.testing.assert_allclose(turned["DEX"][::-1, ::-1], -upright["DEX"], rtol=0.02, atol=0.02)
    np.testing.assert_allclose(turned["DEY"][::-1, ::-1], -upright["DEY"], rtol=0.02, atol=0.02)


def test_a_place_that_cannot_be_written_is_told(tmp_path, capsys):
    config = tmp_path / "a.yaml"
    config.write_text(CONFIG.replace("ROTATION", "0"))
    (tmp_path / "file").write_text("")
    where = ["--output", str(tmp_path / "file" / "out")]
    assert main(["still", str(config), *where]) == 1
    assert capsys.readouterr().err


def test_bands_are_exported_ring_by_ring(cli):
    center = "[-0.743643887037, 0.131825904205]"
    config = cli.config(
        "video: {width: 64, height: 36, fps: 4}\nmaxiter: 300\nrender: {reuse: bands}\n"
        f"keyframes:\n  - {{time: 0, center: {center}, width: 0.5}}\n"
        f"  - {{time: 1, center: {center}, width: 0.1}}\n",
        "zoom",
    )
    cli.done("export", config)
    files = sorted((cli.output / "zoom-exr").iterdir())
    assert len(files) >= 3
    bands = []
    for path in files:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = file.channels()
            bands.append(channels["N"].pixels + channels["NF"].pixels.astype(float))
    # The rings of one octave go on where those of the one before end.
    for outer, inner in pairwise(bands):
        apart = np.abs(np.median(outer[-1]) - np.median(inner[0]))
        assert apart < 0.1 * np.ptp(np.median(np.concatenate([outer, inner]), axis=1)) + 0.5
