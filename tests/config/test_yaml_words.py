"""Refusals of a text that is no YAML, or nearly none: where, and what would be right."""

import shutil
from pathlib import Path

import pytest
import yaml

from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.config.yaml_tree import tree_from_text
from tests.conftest import ROOT

ONE = "keyframes: [{time: 0, center: [-0.75, 0], width: 3.5}]\n"
LOADERS = [
    loader for name in ("CSafeLoader", "SafeLoader") if (loader := getattr(yaml, name, None))
]

# Each: the text, where the fault stands, and words that its message must hold.
UNREADABLE = {
    "a tab in the indentation": ("a:\n\tb: 1\n", "2:1", "a tab stands in the indentation; use spaces"),
    "a tab after spaces": ("a:\n  b: 1\n  \tc: 2\n", "3:3", "use spaces"),
    "a tab after a dash": ("-\t1\n", "1:2", "a tab stands here; use a space"),
    "an at sign": ("a: @x\n", "1:4", "cannot begin with @; put it in quotes"),
    "a backtick": ("a: `x`\n", "1:4", "cannot begin with `; put it in quotes"),
    "a per cent sign": ("a: %x\n", "1:4", "cannot begin with %; put it in quotes"),
    "a colour in a list": (
        "a: [#ff0000, #00ff00]\nb: 1\n", "1:5", '# begins a comment, so a colour needs quotes: "#ff0000"',
    ),
    "the second colour in a list": ('a: ["#ff0000", #00ff00]\nb: 1\n', "1:16", '"#00ff00"'),
    "a colour in braces": ("a: {b: #abc}\nc: {d: 1}\n", "1:8", '"#abc"'),
    "a quote not closed": ('a: "x\nb: 1\n', "1:4", "this quote is never closed"),
    "a single quote not closed": ("a: 'x\nb: 1\n", "1:4", "this quote is never closed"),
    "a backslash": ('a: "C:\\palettes"\n', "1:", "backslash in double quotes"),
    "a bracket not closed": ("a: [1, 2\n", "2:1", "the [ of 1:4 is never closed; add ]"),
    "a brace not closed": ("a: [{b: 0\n", "2:1", "the { of 1:5 is never closed; add }"),
    "a bracket not closed before the next key": ("a: [0, 0\nb: 1\n", "2:2", "the [ of 1:4 is not closed before this line"),
    "a bracket too many": ("a: [1]]\nb: 1\n", "1:7", "] closes nothing"),
    "a brace too many": ("a: {b: 1}}\n", "1:10", "} closes nothing"),
    "the wrong bracket": ("a: [1, 2}\n", "1:9", "} stands where the [ of 1:4 needs ]"),
    "a comma missing": ("a: {b: 1 c: 2}\n", "1:11", "a comma or } is missing before this"),
    "a comma too many": ("a: [,]\n", "1:5", "a comma with nothing before it"),
    "no space after a colon": ("a:1\nb: 2\n", "1:1", "a colon needs a space after it: a: 1"),
    "no colon": ("a: 1\nwidth 2\nb: 2\n", "2:1", '"width 2" has no colon'),
    "no colon in the first line": ("width\nb: 2\n", "1:1", '"width" has no colon'),
    "no key": (": 1\n", "1:1", "a colon without a key"),
    "two colons": ("a: b: c\n", "1:5", "a second colon in one line"),
    "too deep a line": ("a: 1\n  b: 2\n", "2:3", "is indented deeper than line 1"),
    "a line between two levels": ("a:\n  b: 1\n c: 2\n", "3:2", "indent keys"),
    "a dash among keys": ("a: 1\n- b\n", "2:1", "do not mix them"),
    "a list in its key's line": ("a: - 1\n", "1:4", "starts on a line of its own"),
    "more after a quote": ('a: "x" y\n', "1:8", "follows a value that has ended"),
    "a star": ("a: *\n", "1:4", "put a text with them in quotes"),
    "a control character": ("a: \x07\n", "1:4", "the character U+0007 is not allowed"),
    "a name given twice": ("a: &x 1\nb: &x 2\n", "2:4", "&x names another value on line 1"),
    "brackets without end": ("a: " + "[" * 50_000, "1:12", "nested over 8 deep; a config needs 4"),
    "braces without end": ("a: " + "{? " * 50_000, "1:", "nested over 8 deep; a config needs 4"),
    "dashes without end": ("- " * 50_000 + "\n", "1:19", "nested over 8 deep; a config needs 4"),
}  # fmt: skip  # a case a line where it fits


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_yaml_is_told_in_plain_words_with_libyaml_and_without(name, loader):
    text, place, words = UNREADABLE[name]
    _, faults = tree_from_text(text, loader)
    told = [f"{fault.position.line}:{fault.position.column} {fault.message}" for fault in faults]
    assert [line for line in told if line.startswith(place) and words in line], told
    # Nothing of the library's own wording.
    assert not any(word in line for line in told for word in ("expected", "scanning", "token"))


# Each: the config, and the line that is said of it.
NEARLY = {
    "a colour for a value": (
        ONE + "colour:\n  interior: #000000\n",
        '3:12: colour.interior: is empty, and should be a colour such as "#1a2b3c" (quoted) or '
        '[26, 43, 60]; # begins a comment, so a colour needs quotes: "#000000"',
    ),
    "colours behind dashes": (ONE + "colour:\n  palette:\n  - #ff0000\n  - #00ff00\n", 'needs quotes: "#ff0000"'),
    "colours in a list of lines": (ONE + "colour:\n  palette: [\n    #ff0000,\n    #00ff00\n  ]\n", 'needs quotes: "#ff0000"'),
    "a colour for a palette": (ONE + "colour:\n  palette: #ff0000\n", 'needs quotes: "#ff0000"'),
    "a layer's colours": (
        ONE + "colour:\n  layers:\n  - by: stripes\n    palette:\n    - #ff0000\n    - #0000ff\n", 'needs quotes: "#ff0000"',
    ),
    "a colour keyframe's colour": (
        ONE + "colour:\n  keyframes:\n  - time: 0\n    interior: #abcdef\n", 'needs quotes: "#abcdef"',
    ),
    "no space after a key of the file": (ONE + "maxiter:100\n", '"maxiter:100" has no colon'),
    "no space after a key in braces": (ONE.replace("time: 0", "time:0"), "a colon needs a space after it: time: 0"),
    "an en dash": (ONE.replace("-0.75", "–0.75"), "the en dash in it is another character; did you mean -0.75?"),
    "a full-width number": (ONE.replace("3.5", "３.５"), "did you mean 3.5?"),
    "a decimal comma": (ONE.replace("3.5", '"3,5"'), "did you mean 3.5?"),
}  # fmt: skip  # a case a line where it fits


@pytest.mark.parametrize("name", NEARLY)
def test_what_is_nearly_right_is_told_with_what_was_meant(tmp_path, name):
    text, words = NEARLY[name]
    path = tmp_path / "nearly.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert words in str(caught.value)


def test_the_minus_sign_of_pages_is_a_minus(tmp_path):
    path = tmp_path / "minus.yaml"
    path.write_text(
        "keyframes:\n  - {time: 0, center: [\"−0.75\", 0], width: 1e−3}\n", encoding="utf-8"
    )  # fmt: skip  # one call
    keyframe = load_config(path).keyframes[0]
    assert (str(keyframe.center[0]), str(keyframe.width)) == ("-0.75", "0.001")


def test_a_comment_that_is_no_colour_is_left_alone(tmp_path):
    path = tmp_path / "fine.yaml"
    path.write_text(
        ONE + 'colour: {palette: ["#ff0000", "#00ff00"]}  # not #0000ff\n', encoding="utf-8"
    )
    assert load_config(path).look.palette == ((255, 0, 0), (0, 255, 0))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("seahorse", "configs/seahorse.yaml"),
        ("seahorse.yaml", "configs/seahorse.yaml"),
        ("configs/seahorse", "configs/seahorse.yaml"),
        ("configs/seahorse.yml", "configs/seahorse.yaml"),
        ("configs/sehorse.yaml", "configs/seahorse.yaml"),
        ("config/seahorse.yaml", "configs/seahorse.yaml"),
        ("Seahorse", "configs/seahorse.yaml"),
    ],
)
def test_of_a_config_that_is_not_there_the_nearest_that_is_there_is_named(
    tmp_path, monkeypatch, typed, meant
):
    (tmp_path / "configs").mkdir()
    for name in ("seahorse", "tour", "deep-1e50"):
        shutil.copy(ROOT / "configs" / f"{name}.yaml", tmp_path / "configs")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(Path(typed))
    assert f'there is no such file; did you mean "{meant}"?' in str(caught.value)


def test_of_a_config_without_a_like_nothing_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_config(Path("nothing/like/it.yaml"))
    assert "there is no such file" in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_a_typographic_minus_is_a_minus():
    (keyframe,) = load_config(ROOT / "tests/golden/words/minus-sign.yaml").keyframes
    assert str(keyframe.center[0]) == "-0.75"


def test_colours_without_quotes_are_refused_with_the_hint():
    with pytest.raises(ConfigError) as refused:
        load_config(ROOT / "tests/golden/words/colours-unquoted.yaml")
    assert ":1:20: " in str(refused.value)
    assert '# begins a comment, so a colour needs quotes: "#ff0000"' in str(refused.value)
