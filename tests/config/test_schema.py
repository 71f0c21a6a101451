"""The JSON Schema of the YAML: it accepts every config, and refuses what it can know to be bad."""

import contextlib
import json
import re

import pytest
import yaml
from jsonschema import Draft7Validator

from pipeline.config import model
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.config.schema import config_schema
from pipeline.config.yaml_tree import Mapping, Scalar, tree_from_text
from tests.config.test_config import BAD, ONE
from tests.conftest import ROOT
from tests.docs.test_examples import blocks

SCHEMA = ROOT / "configs" / "schema.json"
SHIPPED = sorted(ROOT.glob("configs/**/*.yaml"))
CONFIGS = [*SHIPPED, *ROOT.glob("docs/**/*.yaml"), *ROOT.glob("tests/**/*.yaml")]

# Bad configs that no schema can tell from good ones, and why.
BEYOND = {
    "a reader of YAML takes the last of equal keys": {"duplicate section", "duplicate key"},
    "it has no rule against what is not a number": {"fps nan"},
    "names of palettes are those that are installed": {"unknown palette"},
    "whether a file is there is this machine's to say": {"certificates that are not there"},
    "one value depends on another": {
        "first time not zero", "times equal", "too many frames", "tls without certificates",
        "speed of the first", "speed without a way", "time during a hold",
        "time before what a speed takes", "a sphere not twice as wide as high",
        "a sphere of the usual size", "a projection frame by frame", "a projection of a pan",
        "a tunnel to two targets",
    },
    "a float of a reader may be 0 where the text is not": {
        "width of the view zero", "width beyond the exponents",
    },
    "a reader rounds what has too many digits, and drops comments": {
        "a number of a megabyte", "too many digits", "too large a file",
    },
}  # fmt: skip  # a reason each


class Loader(yaml.SafeLoader):
    """Reads numbers as YAML 1.2, and so editors do: 1e-12 is one."""


Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


@pytest.fixture(scope="module")
def validator():
    schema = config_schema()
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def as_editors_read(text):
    return yaml.load(text, Loader)


def as_text(text):
    """Return a config with every value as the text that was typed."""

    def plain(node):
        if isinstance(node, Scalar):
            return node.text
        if isinstance(node, Mapping):
            return {key: plain(child) for key, child in node.values.items()}
        return [plain(item) for item in node.items]

    node, _ = tree_from_text(text)
    return plain(node)


def good_texts():
    for path in CONFIGS:
        with contextlib.suppress(ConfigError):
            load_config(path)
            yield pytest.param(path.read_text("utf-8"), id=str(path.relative_to(ROOT)))
    for block in blocks("yaml"):
        if re.search("^keyframes:", block.values[0], re.MULTILINE):
            yield block


@pytest.mark.parametrize("text", list(good_texts()))
def test_every_config_is_accepted(validator, text):
    for read in (as_editors_read, as_text):
        assert [error.message for error in validator.iter_errors(read(text))] == []
        other = re.sub("center:", "centre:", re.sub("^colour:", "color:", text, flags=re.M))
        assert validator.is_valid(read(other))


# Seconds to read five megabytes of comment, which say no more than others do.
LARGE = {"too large a file"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LARGE else []) for name in BAD]
)
def test_a_bad_config_is_refused_where_a_schema_can_know(validator, name):
    try:
        read = as_editors_read(BAD[name][0])
    except (yaml.YAMLError, RecursionError):
        # An editor says so itself.
        return
    assert validator.is_valid(read) == any(name in names for names in BEYOND.values())


@pytest.mark.parametrize(
    "line",
    [
        "color: {palette: dusk}\ncolour: {palette: dusk}",
        "video: {codec: gif, preset: fast}",
        "video: {codec: av1, preset: 14}",
        "video: {hdr_white_nits: 203}",
        "video: {codec: gif, audio: {file: music.wav}}",
        "video: {audio: {bpm: 0}}",
        "colour: {keyframes: [{time: -1 beats}]}",
        "colour: {keyframes: [{time: 2 bars}]}",
        "colour: {light: }",
        "colour: {interior: [0, 0, 256]}",
    ],
)
def test_faults_between_values_are_known(validator, line, tmp_path):
    (tmp_path / "a.yaml").write_text(ONE + line + "\n")
    assert not validator.is_valid(as_editors_read(ONE + line))
    with pytest.raises(ConfigError):
        load_config(tmp_path / "a.yaml")


def test_the_file_beside_the_configs_is_the_models():
    """A failure here calls for `make schema`."""
    assert json.loads(SCHEMA.read_text("utf-8")) == config_schema()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_config_names_it(path):
    first, _, _ = path.read_text("utf-8").partition("\n")
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert (path.parent / named).resolve() == SCHEMA


def test_every_key_is_described_in_a_sentence():
    schema = config_schema()
    for section in (schema, *schema["$defs"].values()):
        for key, value in section["properties"].items():
            assert re.match("[A-Z]|h264", value["description"]), key
            assert value["description"].endswith("."), key
    sections = [each for each in vars(model).values() if isinstance(each, type)]
    names = {each.__name__ for each in sections if issubclass(each, model.Section)}
    assert names - {"Section", "ConfigModel"} == schema["$defs"].keys()
