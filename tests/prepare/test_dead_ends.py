"""Dead ends: when nothing is to be seen in a video is told, and nothing where all is well."""

import json
import re
from decimal import Decimal
from fractions import Fraction

import pytest

from pipeline.config.load import load_config
from pipeline.plan.outputs import Outputs
from pipeline.prepare.dead_end_search import dead_ends
from pipeline.prepare.dead_ends import Seen, Sight, stretches, to_look_at, told
from pipeline.session import Session
from tests.conftest import ROOT
from tests.docs.test_examples import blocks

CASES = ROOT / "tests/prepare/dead_ends"


def seen_as(letters, step=1):
    """Views a step apart: c clear, d dark, u undecided, b black, f flat, p plain."""
    kinds = {
        "c": (0.1, 0, 200, 0.5),
        "d": (0.7, 0, 200, 0.5),
        "u": (0.1, 0.7, 200, 0.5),
        "b": (1, 0, 0, 0),
        "f": (0, 0, 1, 0),
        "p": (0.1, 0, 200, 0.02),
    }
    return [Seen(Fraction(k) * step, *kinds[letter]) for k, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("letters", "found"),
    [
        ("ccccc", []),
        ("ccccff", [(4, 5, Sight.FLAT)]),
        ("cccddb", [(3, 5, Sight.BLACK)]),
        ("cddc", []),
        ("cddddc", [(1, 4, Sight.DARK)]),
        ("cbbdcc", [(1, 3, Sight.BLACK)]),
        ("ddcc", [(0, 1, Sight.DARK)]),
        ("ccccb", []),
        ("b", [(0, 0, Sight.BLACK)]),
        ("fffff", [(0, 4, Sight.FLAT)]),
        ("bbccff", [(0, 1, Sight.BLACK), (4, 5, Sight.FLAT)]),
        ("ppppff", [(0, 3, Sight.PLAIN), (4, 5, Sight.FLAT)]),
        ("cppc", []),
        ("ddpppcb", [(0, 1, Sight.DARK), (2, 4, Sight.PLAIN)]),
    ],
)  # fmt: skip  # one a line
def test_stretches_are_told_at_both_ends_and_in_between_where_there_is_nothing(letters, found):
    told_of = stretches(seen_as(letters))
    assert [(one.start, one.end, one.sight) for one in told_of] == found


def test_what_shows_nothing_at_all_is_told_though_it_passes_quickly():
    (stretch,) = stretches(seen_as("ccdbbbdcc", Fraction(1, 4)))
    assert (stretch.start, stretch.end) == (Fraction(3, 4), Fraction(5, 4))
    assert stretches(seen_as("ccddddcc", Fraction(1, 4))) == []


def test_one_looks_closer_where_what_is_seen_changes():
    assert list(to_look_at(seen_as("ccdd"))) == [Fraction(3, 2)]
    assert list(to_look_at(seen_as("cd", Fraction(1, 20)))) == []


def test_words_say_when_why_and_what_helps():
    def words(letters):
        (stretch,) = stretches(seen_as(letters))
        return told(stretch, Fraction(len(letters) - 1), lambda _: Decimal("1e-17"))

    assert words("ccff") == (
        "from 2.0 s on (width 1e-17) the picture is one flat colour: the target is no point of the "
        "set's boundary to all its digits; end the zoom at a width of about 2e-14, or find a center "
        "that goes deeper"
    )
    assert "maxiter: auto" in words("ccuu")
    assert words("cbbc").startswith(
        "from 1.0 to 2.0 s the picture is black: it lies inside the set"
    )
    assert words("cdddc").endswith("it lies inside the set; pass beside it, with a keyframe there")
    assert "; start nearer to the target, or pass beside it" in words("ddcc")
    assert words("b").startswith("the picture is black")
    assert words("ccppp").startswith("from 2.0 s on (width 1e-17) the picture is nearly one colour")


def warnings_of(path, folder):
    config = load_config(path)
    outputs = Outputs.of(config, folder)
    outputs.folder.mkdir(parents=True)
    with Session(outputs, config, workers=2) as session:
        frames, config = session.frames, session.resolved
        pool, references = session.pool, session.references
        found = dead_ends(config, frames, outputs, pool, references, pytest.fail)
    # What was seen is kept: nobody is asked to count it again.
    assert dead_ends(config, frames, outputs, None, None, pytest.fail) == found
    return [fault.message for fault in found]


def test_a_palette_that_hardly_moves_at_depth_is_told_and_one_that_adapts_is_not(tmp_path):
    pytest.importorskip("numba")
    text = (ROOT / "configs" / "spiral.yaml").read_text()
    told = {}
    for scale in ("scale: sqrt, period: 60", "scale: adaptive"):
        path = tmp_path / "spiral.yaml"
        path.write_text(re.sub("colour: {", f"colour: {{{scale}, ", text))
        told[scale] = warnings_of(path, tmp_path / scale[:10])
    (message,) = told["scale: sqrt, period: 60"]
    assert re.match(r"from 1?\d\.\d s on .* nearly one colour: .*scale: adaptive", message)
    assert told["scale: adaptive"] == []


def test_a_target_too_shallow_for_its_width_is_told(tmp_path):
    pytest.importorskip("numba")
    (message,) = warnings_of(CASES / "dead-end.yaml", tmp_path)
    assert "one flat colour" in message
    assert float(re.search(r"from ([\d.]+) s on", message)[1]) == pytest.approx(16.8, abs=0.5)
    good = float(re.search(r"width of about ([\d.e-]+),", message)[1])
    assert 3e-14 < good < 2e-13


def test_a_zoom_that_ends_inside_the_set_is_told_by_every_command(cli):
    config = cli.config((CASES / "ends-inside.yaml").read_text(), "inside")
    printed = cli.done("plan", config)
    assert "more than 60 % black" in printed
    assert float(re.search(r"from ([\d.]+) s on \(", printed)[1]) == pytest.approx(6.8, abs=0.5)
    # The cusp of the minibrot, the nearest of its edge, leaves the picture at 7.8 s.
    assert 7.5 < float(re.search(r"from ([\d.]+) s on all", printed)[1]) < 9.5
    cli.done("preview", config)
    report = json.loads((cli.output / "inside-preview" / "report.json").read_text())
    assert any("black" in line for line in report["warnings"])
    assert "60 % black" in (cli.output / "inside-preview" / "index.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("configs/*.yaml"), *ROOT.glob("docs/gallery/*.yaml")],
    ids=lambda path: path.name,
)
def test_no_shipped_config_has_a_dead_end(path, tmp_path):
    assert warnings_of(path, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [block for block in blocks("yaml") if re.search("^keyframes:", block.values[0], re.MULTILINE)],
)
def test_no_example_of_the_documentation_has_one(block, tmp_path):
    path = tmp_path / "example.yaml"
    path.write_text(block)
    assert warnings_of(path, tmp_path) == []
