"""Locations of Fraktaler 3, `.toml` and `.f3.toml`.

Notes
-----
By its source, src/param.h, src/param.cc, src/hybrid.cc, src/matrix.h and its README (GitHub:
LegalizeAdulthood/fraktaler for 2.1; 3.x has the same, and the keys of `_HARMLESS` that 2.1 lacks):
what is as the program takes it anyhow is left out of its files. The view is 4 / `location.zoom`
high. Row j of the computed image, counted up as it is saved, lies at K (u, v) with
v = j + 0.5 - H/2 and K = R(±rotate) G, where R turns counterclockwise: the imaginary axis points
up, and the picture is turned as ours are counted. With `transform.reflect` G negates v, so that the
axis points down, and the turn is negated with it: the conjugate centre, turned by `rotate` as ours.
`[[formula]]` lists what is iterated in turn; opcodes, where they stand, replace the other keys.
`transform.vertical_flip` of 3.x turns saved pictures over, not those on its screen.
"""

from pathlib import Path
from typing import Any

from pipeline.config.locations.facts import Facts
from pipeline.config.locations.location import (
    Location,
    coordinate_from,
    refusal,
    upside_down,
    zoom_from,
)
from pipeline.config.locations.toml_text import pairs_of_table

PROGRAM = "fraktaler-3"
SECTIONS = ("location", "bailout", "transform", "formula", "reference")
"""Keys by which its files are recognised."""
_MAXITER = 1024
_HARMLESS = {
    "": ("program", "version"),
    "reference.": ("real", "imag", "period"),
    "bailout.": (
        "maximum_reference_iterations", "maximum_perturb_iterations", "maximum_bla_steps",
        "inscape_radius",
    ),
    "algorithm.": (
        "lock_maximum_reference_iterations_to_period", "reuse_reference",
        "reuse_bilinear_approximation", "bla_skip_levels", "number_types",
    ),
    "image.": (
        "width", "height", "supersampling", "subsampling", "subframes", "dpi",
    ),
    "transform.": ("stretch_angle",),
    "render.": (
        "filename", "zoom_out_sequence", "zoom_out_factor", "start_frame", "frame_count",
        "prng_seed", "numbering_offset", "save_toml", "save_exr", "save_png", "save_jpg",
        "exr_channels",
    ),
    "newton.": ("action", "domain", "absolute", "power", "factor"),
    "opencl.": ("platform", "device", "tile_width", "tile_height"),
}  # fmt: skip
_COLOURS = ("postprocessing", "colour")
_PLAIN_FORMULA = {"power": 2, "abs_x": False, "abs_y": False, "neg_x": False, "neg_y": False}
_PLAIN_OPCODES = ["sqr", "add"]


def location_from(path: Path, table: dict[str, Any]) -> Location:
    """Return the location of a file's table.

    Raises
    ------
    UsageError
        It shows anything but the Mandelbrot set as we draw it.
    """
    _check_formulas(path, table.get("formula", []))
    own = {key: value for key, value in table.items() if key not in ("formula", *_COLOURS)}
    facts = Facts(path, pairs_of_table(own))
    facts.only("transform.stretch_amount", "0", otherwise="stretches, which is not done here")
    facts.only(
        "transform.exponential_map", "false", otherwise="draws an exponential map, not the view"
    )
    facts.only(
        "transform.vertical_flip", "false", otherwise="shows the picture mirrored in some places"
    )
    facts.at_least("bailout.escape_radius", 2)
    center = (
        coordinate_from(path, "location.real", _value(facts, "location.real", "0")),
        coordinate_from(path, "location.imag", _value(facts, "location.imag", "0")),
    )
    zoom = zoom_from(path, "location.zoom", _value(facts, "location.zoom", "1"))
    rotation = facts.rotation("transform.rotate")
    if facts.is_set("transform.reflect"):
        center = upside_down(center)
    maxiter = facts.maxiter("bailout.iterations", _MAXITER)
    for section, keys in _HARMLESS.items():
        facts.passed_over(*(f"{section}{key}" for key in keys))
    facts.check_rest()
    facts.without_like(*(key for key in _COLOURS if key in table))
    return Location(center, zoom, maxiter, rotation, None, tuple(facts.remarks))


def _value(facts: Facts, key: str, default: str) -> str:
    return facts.required(key) if facts.has(key) else default


def _check_formulas(path: Path, formulas: Any) -> None:
    """Refuse formulas other than z² + c; a cycle of several of these is the same."""
    message = "draws another fractal than the Mandelbrot set"
    for formula in formulas if isinstance(formulas, list) else [formulas]:
        if not isinstance(formula, dict):
            raise refusal(path, "formula", message)
        if opcodes := formula.get("opcodes", ""):
            if not isinstance(opcodes, str) or opcodes.split() != _PLAIN_OPCODES:
                raise refusal(path, "formula.opcodes", message)
            continue
        for key, value in formula.items():
            if key != "opcodes" and value != _PLAIN_FORMULA.get(key):
                raise refusal(path, f"formula.{key}", message)
