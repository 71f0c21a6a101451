"""Real deep locations, with exact counts at sampled pixels."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from tests.golden import generate

GOLDEN = Path(generate.__file__).parent
LOCATIONS = {
    facts["name"]: facts
    for facts in json.loads((GOLDEN / "locations.json").read_text())["locations"]
}
TRUTH = json.loads((GOLDEN / "truth.json").read_text())

compiled_only = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="thousands of steps a pixel, interpreted"
)


def location(name):
    """Return the view of a location, and its maxiter."""
    facts, truth = LOCATIONS[name], TRUTH[name]
    center = Point(Decimal(facts["re"]), Decimal(facts["im"]))
    size = truth["width_px"], truth["height_px"]
    return View(center, Decimal(facts["width"]), Decimal(0), *size), facts["maxiter"]
