"""The site is built without a warning, and needs nothing from elsewhere."""

import re
import subprocess
import sys

from tests.conftest import ROOT


def test_the_site_is_built_without_a_warning(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", tmp_path],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip  # one call
    assert (built.returncode, built.stderr) == (0, "")
    for path in tmp_path.glob("*.html"):
        page = path.read_text("utf-8")
        assert not re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="(?:https?:)?//[^"]*"', page)
