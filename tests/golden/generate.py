"""Make `counts.json` anew: exact counts of small views, by integers of any size.

Run with ``.venv/bin/python -m tests.golden.generate`` in the project's folder; it takes a minute.
"""

import json
from decimal import Decimal
from pathlib import Path

from pipeline.geometry.view import View
from tests.exact import exact_count, pixel_point

COLUMNS, ROWS = 32, 18
VIEWS = {
    "whole": ("-0.75", "0", "3.5", 1000),
    "seahorse-1e-4": ("-0.743643887037151", "0.131825904205330", "1e-4", 2000),
    "seahorse-1e-8": (
        "-0.743643887037158704752191506114774", "0.131825904205311970493132056385139", "1e-8", 5000,
    ),
    "seahorse-1e-10": (
        "-0.743643887037158704752191506114774", "0.131825904205311970493132056385139", "1e-10", 8000,
    ),
    "elephant": ("0.2925755", "-0.0149977", "1e-3", 3000),
    "needle": ("-1.94158", "0.0001", "1e-2", 3000),
}  # fmt: skip  # a view a line where it fits


def view(name: str) -> tuple[View, int]:
    re, im, width, maxiter = VIEWS[name]
    return View((Decimal(re), Decimal(im)), Decimal(width), Decimal(0), COLUMNS, ROWS), maxiter


def main() -> None:
    golden = {}
    for name in VIEWS:
        shown, maxiter = view(name)
        golden[name] = [
            [exact_count(*pixel_point(shown, row, column), maxiter) for column in range(COLUMNS)]
            for row in range(ROWS)
        ]
        print(name, sum(map(sum, golden[name])))
    path = Path(__file__).parent / "counts.json"
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
