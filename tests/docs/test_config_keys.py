"""The reference of keys is what the models say."""

import importlib.util
import re

from tests.conftest import ROOT

SPEC = importlib.util.spec_from_file_location("config_keys", ROOT / "docs/tools/config_keys.py")
config_keys = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(config_keys)


def test_the_reference_is_written_from_the_models():
    """A failure here calls for `make docs`, which writes it anew."""
    assert config_keys.PATH.read_text("utf-8") == config_keys.page()


def test_every_key_is_described_and_says_which_values_it_takes():
    rows = re.findall(r"^\| `\w+` \| (.*) \| (.*) \|$", config_keys.page(), re.MULTILINE)
    assert len(rows) > 40
    assert all(all(cells) for cells in rows)
