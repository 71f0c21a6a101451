"""`discover` proposes zooms: configs that load, a sheet of them, the same for the same seed."""

import imageio.v3 as iio
import pytest

from pipeline.config.load import load_config

pytest.importorskip("numba")


def test_it_writes_a_sheet_and_configs_that_load(cli):
    options = "--seed", 3, "--depth", "1e-8", "--count", 2
    printed = cli.done("discover", *options)
    folder = cli.output / "discover"
    configs = sorted(folder.glob("3-*.yaml"))
    assert [path.name for path in configs] == ["3-01.yaml", "3-02.yaml"]
    for path in configs:
        assert path.name in printed
        config = load_config(path)
        assert config.keyframes[-1].width < 1e-7
        assert not config.warnings
    sheet = iio.imread(folder / "3.png")
    # Two strips of pictures, and no strip of one colour.
    assert sheet.shape[0] > 200
    assert all(sheet[top : top + 90].std() > 20 for top in (24, 152))
    before = {path: path.read_bytes() for path in folder.glob("3*")}
    cli.done("discover", *options)
    assert {path: path.read_bytes() for path in folder.glob("3*")} == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--depth", "1"), "is not a width, such as 1e-40, from 1e-160 to 1e-8"),
        (("--depth", "deep"), "is not a width"),
        (("--count", "0"), "a whole number from 1 to 48"),
        (("--seed", "-1"), "seed"),
    ],
)
def test_a_wrong_option_says_what_would_be_right(cli, options, words):
    run = cli.run("discover", *options)
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_no_proposal_has_a_dead_end(cli):
    cli.done("discover", "--seed", 5, "--depth", "1e-20", "--count", 4)
    for path in sorted((cli.output / "discover").glob("5-*.yaml")):
        assert "warning" not in cli.done("plan", path)
