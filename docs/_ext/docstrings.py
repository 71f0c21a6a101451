"""Docstrings are written to be read in the source; here they become reStructuredText."""

import re
from typing import Any

from sphinx.application import Sphinx

# Code keeps its bars; in text, |z| is an absolute value and no substitution.
_CODE_OR_BAR = re.compile(r"(``.*?``|`.*?`)|(?<!\\)\|")


def _prepare(_app: Sphinx, what: str, *event: Any) -> None:
    lines: list[str] = event[-1]
    lines[:] = [_CODE_OR_BAR.sub(lambda found: found[1] or r"\|", line) for line in lines]
    if what in ("attribute", "data", "property"):
        # napoleon takes what stands before a colon of the first line for the type.
        lines.insert(0, "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Have every docstring prepared before napoleon reads it."""
    app.connect("autodoc-process-docstring", _prepare, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
