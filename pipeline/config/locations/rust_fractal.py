"""Locations of rust-fractal, `.toml`.

Notes
-----
By its source, src/renderer.rs and src/util/mod.rs (GitHub: rust-fractal/rust-fractal-core; the
keys of rust-fractal-gui are the same): `real`, `imag`, `zoom`, texts or numbers, `iterations`,
`rotate` in degrees. The image's height is 4 / zoom, and pixel (i, j), j counted down, is
centre + spacing · (i cos - j sin, i sin + j cos) from the top left: the imaginary axis points down,
and the picture is turned clockwise as ours are counted. One turn of `palette`, red before blue, is
`palette_iteration_span` counts, and `palette_offset` is in turns (src/util/data_export.rs).
"""

from pathlib import Path
from typing import Any

from pipeline.colour.palette_files import MOST_COLOURS
from pipeline.config.locations.facts import Facts
from pipeline.config.locations.location import Location, mirrored, refusal, upside_down
from pipeline.config.locations.toml_text import pairs_of_table

VIEW_KEYS = ("real", "imag", "zoom")
"""Keys by which its files are recognised."""
_OTHER = "draws another fractal than the Mandelbrot set"
_HARMLESS = (
    "image_width", "image_height", "approximation_order", "glitch_percentage", "frames",
    "frame_offset", "zoom_scale", "display_glitches", "auto_adjust_iterations", "remove_centre",
    "export", "glitch_tolerance", "probe_sampling", "data_storage_interval",
    "valid_iteration_probe_multiplier", "valid_iteration_frame_multiplier",
    "series_approximation_tiled", "series_approximation_enabled", "jitter", "jitter_factor",
    "show_output", "experimental", "analytic_derivative", "palette_cyclic", "stripe_scale",
    "distance_transition", "lighting_direction", "lighting_azimuth", "lighting_opacity",
    "lighting_ambient", "lighting_diffuse", "lighting_specular", "lighting_shininess", "palette",
    "palette_iteration_span", "palette_offset", "coloring_type", "distance_color", "lighting",
)  # fmt: skip
_LEAST_SPAN, _MOST_SPAN = 1e-6, 1e9
_MOST_TURNS = 1e6


def location_from(path: Path, table: dict[str, Any]) -> Location:
    """Return the location of a file's table.

    Raises
    ------
    UsageError
        It lacks what a view needs, or shows anything but the Mandelbrot set.
    """
    facts = Facts(path, pairs_of_table(table))
    facts.only("fractal_type", "mandelbrot", otherwise=_OTHER)
    facts.only("fractal_power", "2", otherwise=_OTHER)
    center, zoom = upside_down(facts.center("real", "imag")), facts.zoom("zoom")
    rotation = mirrored(facts.rotation("rotate"))
    maxiter = facts.maxiter("iterations")
    facts.passed_over(*_HARMLESS)
    facts.check_rest()
    colour = _colour(facts, table)
    return Location(center, zoom, maxiter, rotation, colour, tuple(facts.remarks))


def _colour(facts: Facts, table: dict[str, Any]) -> dict[str, Any] | None:
    values = next((value for key, value in table.items() if key.lower() == "palette"), None)
    if values is None:
        return None
    if not isinstance(values, list) or not 6 <= len(values) <= 3 * MOST_COLOURS:
        raise refusal(facts.path, "palette", f"should be a list of 2 to {MOST_COLOURS} colours")
    if not all(type(value) is int and 0 <= value <= 255 for value in values):
        raise refusal(facts.path, "palette", "should be whole numbers from 0 to 255")
    colours = [bytes(values[at : at + 3]) for at in range(0, len(values) - 2, 3)]
    if colours[0] == colours[-1] and len(colours) > 2:
        # Its palette is cyclic, as ours.
        colours.pop()
    section: dict[str, Any] = {"palette": [f"#{colour.hex()}" for colour in colours]}
    span = float(facts.number("palette_iteration_span", "100"))
    if _LEAST_SPAN <= span <= _MOST_SPAN:
        section |= {"scale": "linear", "period": span}
    offset = float(facts.number("palette_offset"))
    if offset and abs(offset) <= _MOST_TURNS:
        section["offset"] = offset
    drawn = (facts.text("coloring_type") or "smooth_iteration").lower()
    facts.without_like(
        *(["coloring_type"] if drawn not in ("smooth_iteration", "smooth", "iteration") else []),
        *(["distance_color"] if facts.is_set("distance_color") else []),
        *(["lighting"] if facts.is_set("lighting") else []),
    )
    return section
