"""Make `deep_views.json` anew: exact counts at sampled pixels of minibrots, and of deep pictures.

Run with ``.venv/bin/python -m tests.golden.deep_views`` in the project's folder; it takes minutes.
"""

import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np

from pipeline.geometry.decimals import log2
from pipeline.geometry.view import View
from tests.exact import deep_count, pixel_point

PATH = Path(__file__).parent / "deep_views.json"
SAMPLES = 24


def views() -> dict[str, tuple[View, int]]:
    """Return the views by name, and maxiter of each."""
    return {
        name: (
            View((Decimal(facts["re"]), Decimal(facts["im"])), Decimal(facts["width"]), Decimal(0),
                 facts["columns"], facts["rows"]),
            facts["maxiter"],
        )
        for name, facts in json.loads(PATH.read_text()).items()
    }  # fmt: skip  # a view's arguments on two lines


def main() -> None:
    stored = json.loads(PATH.read_text())
    for name, (view, maxiter) in views().items():
        bits = math.ceil(-log2(view.spacing())) + 256
        pixels = [sample[:2] for sample in stored[name].get("samples_i_j_n", [])]
        if not pixels:
            chosen = np.random.default_rng(1).choice(view.rows * view.columns, SAMPLES, False)
            pixels = [[int(at % view.columns), int(at // view.columns)] for at in chosen]
        stored[name]["samples_i_j_n"] = [
            [i, j, deep_count(*pixel_point(view, j, i), maxiter, bits)] for i, j in pixels
        ]
        print(name, stored[name]["samples_i_j_n"])
    PATH.write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
