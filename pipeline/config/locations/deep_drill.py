"""Locations of DeepDrill, `.ini`.

Notes
-----
By its source, src/util/Parser.cpp, src/shared/Options.cpp, src/shared/DrillMap.cpp and
ImageMaker.cpp (GitHub: dirkwhoffmann/DeepDrill): `key = value` under `[section]`, spaces and quotes
dropped, a comment after `#` (here after `;`, too), and before a key, with a colon, the frames that
it is for. The image is 4 / `zoom` high, and row j, counted down, lies at imag + (j - H/2) spacings:
the imaginary axis points down. It knows no turn, and the Mandelbrot set alone.
"""

from decimal import Decimal
from pathlib import Path

from pipeline.config.locations.facts import Facts
from pipeline.config.locations.location import Location, refusal, shown, upside_down

_SECTION = "location"
_KEYS = ("real", "imag", "zoom", "depth", "escape")
_KNOWN_SECTIONS = (
    "map", "mapfile", "image", "video", "palette", "distance", "texture", "lighting", "gpu",
    "perturbation", "approximation", "areacheck", "attractorcheck", "periodcheck",
)  # fmt: skip


def location_from(path: Path, text: str) -> Location:
    """Return the location of a profile with a section [location].

    Raises
    ------
    UsageError
        It has none, or lacks what a view needs.
    """
    pairs, sections = [], []
    section = ""
    for line in text.split("\n"):
        plain = line.partition("#")[0].partition(";")[0].strip()
        if plain.startswith("[") and plain.endswith("]"):
            section = plain[1:-1].strip().lower()
            sections.append(section)
            continue
        key, equals, value = plain.partition("=" if "=" in plain else ":")
        if equals and section in (_SECTION, ""):
            pairs.append((key.strip(), value.strip().strip('"')))
    if _SECTION not in sections:
        raise refusal(path, "", f"has no section [{_SECTION}]")
    for key, _ in pairs:
        # DeepDrill refuses them itself.
        if key.lower() not in _KEYS:
            raise refusal(path, key, f"is not understood in [{_SECTION}]: {', '.join(_KEYS)} are")
    facts = Facts(path, pairs)
    center = upside_down(facts.center("real", "imag"))
    zoom = facts.zoom("zoom")
    facts.at_least("escape", 2)
    maxiter = facts.maxiter("depth")
    unknown = sorted({each for each in sections if each not in (_SECTION, *_KNOWN_SECTIONS)})
    if unknown:
        names = ", ".join(f"[{shown(each)}]" for each in unknown[:8])
        facts.remarks.append(f"not understood, left out: {names}")
    return Location(center, zoom, maxiter, Decimal(0), None, tuple(facts.remarks))
