"""`find`: a table of places, YAML to paste, and a zoom that loads."""

import re
from decimal import Decimal

import pytest

from pipeline.cli.main import main
from pipeline.config.load import load_config
from tests.conftest import ROOT

pytest.importorskip("numba")

VALLEY = ("--center", "-0.7436", "0.1318", "--width", "1e-3")


def found(capsys, *arguments):
    assert main(["find", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments, status=2):
    assert main(["find", *map(str, arguments)]) == status
    return capsys.readouterr().err


def test_places_are_listed_and_the_first_is_a_keyframe_to_paste(capsys, tmp_path):
    out = found(capsys, *VALLEY)
    assert out.startswith("view -0.7436, 0.1318, width 0.001\n")
    rows = re.findall(r"^ +(\d+)  (minibrot|spiral|tip or hub) +(\d+(?: \+ \d+)?) ", out, re.M)
    assert [int(row[0]) for row in rows] == list(range(1, 13))
    assert rows[0][1:] == ("minibrot", "37")
    assert [row[1] for row in rows] == 6 * ["minibrot"] + 6 * ["spiral"]
    keyframe = out.partition("\n\n#")[2].partition("\n")[2]
    path = tmp_path / "pasted.yaml"
    path.write_text(f"keyframes:\n  - {{time: 0, center: [-0.75, 0], width: 3.5}}\n{keyframe}")
    config = load_config(path)
    assert config.warnings == ()
    assert float(config.keyframes[-1].width) == pytest.approx(4 * 2.71e-6, rel=0.01)


def test_the_documentation_shows_what_is_printed(capsys):
    page = (ROOT / "docs" / "finding.md").read_text("utf-8")
    shown = page.partition("```\nview ")[2].partition("```")[0]
    out = found(capsys, *VALLEY).removeprefix("view ")
    assert len(shown.splitlines()) > 10
    assert [line for line in shown.splitlines() if line not in out.splitlines()] == 2 * ["   …"]


def test_the_view_is_that_of_a_config(capsys):
    last = found(capsys, ROOT / "configs" / "seahorse.yaml")
    assert re.search(r"1  minibrot +998 ", last)
    assert "width 1e-10" in last
    first = found(capsys, ROOT / "configs" / "seahorse.yaml", "--frame", 0)
    assert first == found(capsys, ROOT / "configs" / "seahorse.yaml", "--time", 0)
    assert "width 0.25" in first


def test_numbers_are_taken_as_they_are_typed(capsys):
    plain = found(capsys, "--center", "-1.75", "0", "--width", "0.1")
    assert plain == found(capsys, "--center", "-175e-2", "0e-5", "--width", "1e-1")
    deep = found(
        capsys, "--center", "-1.7548776662466927600495088963585286918946066", "1e-42", "--width", "1e-40"
    )  # fmt: skip  # a line
    assert re.search(r"1  minibrot +3 ", deep)


def test_a_zoom_is_written_that_loads_and_is_not_replaced(capsys, tmp_path):
    path = tmp_path / "made" / "mini.yaml"
    out = found(capsys, *VALLEY, "--write", path)
    text = path.read_text()
    assert text.startswith(
        "# yaml-language-server: $schema=schema.json\n# To a minibrot of period 37"
    )
    config = load_config(path)
    assert config.warnings == ()
    assert config.keyframes[0].width == Decimal("3.5")
    assert f"{path}; " in out
    assert "is there already" in refused(capsys, *VALLEY, "--write", path)
    assert path.read_text() == text
    found(capsys, *VALLEY, "--write", path, "--replace", "--pick", 7)
    assert "spiral" in path.read_text().splitlines()[1]


def test_a_spiral_may_be_zoomed_into_as_far_as_one_likes(capsys, tmp_path):
    path = tmp_path / "eye.yaml"
    found(capsys, *VALLEY, "--pick", 7, "--fit", "1e-200", "--write", path)
    config = load_config(path)
    assert config.warnings == ()
    assert config.keyframes[-1].width < Decimal("1e-200")
    assert -config.keyframes[-1].center.re.as_tuple().exponent > 205


@pytest.mark.slow
def test_a_plan_of_what_is_written_has_no_warning(cli, capsys):
    path = cli.folder / "mini.yaml"
    found(capsys, "--center", "-1.76", "0", "--width", "0.05", "--write", path)
    assert "warning" not in cli.done("plan", path)


@pytest.mark.parametrize(
    ("center", "width", "said"),
    [
        (
            ("1", "1"),
            "0.1",
            "nothing here: the whole view lies outside the set, and escapes by step 2",
        ),
        (("-0.1", "0"), "0.1", "nothing here: the view lies inside the set; look at its edge"),
    ],
)
def test_a_view_with_nothing_in_it_says_why(capsys, center, width, said):
    assert said in refused(capsys, "--center", *center, "--width", width, status=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "find needs a config, or a view: --center RE IM --width W"),
        (["--center", "-0.75", "0"], "a view has a center and a width: --width W is missing"),
        (["--width", "1"], "--center RE IM is missing"),
        (["--center", "-0.75", "x", "--width", "1"], '--center x: "x" is not a number'),
        (["--center", "-0.75", "0", "--width", "0"], "--width 0: 0 is out of range"),
        (["--center", "-0.75", "0", "--width", "-1"], "--width -1: -1 is out of range"),
        (["--center", "-0.75", "0", "--width", "1", "--fit", "0"], "--fit 0: 0 is out of range"),
        (["--center", "2e3", "0", "--width", "1"], "--center 2e3: 2e3 is out of range"),
        (["configs/seahorse.yaml", "--width", "1"], "a config has its own views"),
        (["configs/seahorse.yaml", "--frame", "99999"], "has frames 0 to 543"),
        (["configs/seahorse.yaml", "--time", "99"], "runs from 0 to"),
        (["configs/nothing.yaml"], "configs/nothing.yaml"),
        (["--center", "-0.75", "0", "--width", "1", "--time", "2"], "are for a config"),
        ([*VALLEY, "--pick", "99"], "--pick 99: the table has rows 1 to 12"),
    ],
)
def test_what_makes_no_view_is_refused(capsys, arguments, said):
    assert said in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--center", "-0.75", "--width", "1"], "--center needs 2 values: --center RE IM"),
        ([*VALLEY, "--pick", "0"], '"0" is not the number of a row'),
        (["--frame", "1", "--time", "2"], "exclude each other"),
    ],
)
def test_options_that_are_wrong_are_refused(capsys, arguments, said):
    with pytest.raises(SystemExit):
        main(["find", *arguments])
    assert said in capsys.readouterr().err
