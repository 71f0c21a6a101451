"""Looks to choose from, by what they say in the config's section `colour`."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.colour.look import Look
from pipeline.colour.palette_files import PaletteFiles
from pipeline.config.colours import look_from
from pipeline.config.model import ColourSection
from pipeline.kernels.choice import HAVE_NUMBA

READY_LOOKS = (
    "palette: dusk",
    "palette: lagoon",
    "palette: ember",
    "palette: ink",
    "palette: grove",
    "palette: nocturne",
    "palette: aurora",
    "palette: blossom",
    "palette: twilight, scale: histogram, period: 2",
    "palette: magma, scale: histogram",
    "palette: cubehelix",
    "palette: dusk, light: {azimuth: 135, elevation: 40, strength: 0.8}",
    "palette: nocturne, scale: histogram, light: {strength: 0.6}",
    "palette: ember, light: {elevation: 25, strength: 0.9}",
    "palette: copper, scale: histogram, light: {strength: 0.9}",
    "palette: dusk, layers: [{by: stripes, opacity: 0.6}]",
    "palette: twilight_shifted, light: {}, layers: [{by: stripes, opacity: 0.4}]",
    "by: stripes, palette: ink",
    "by: stripes, stripes: 3, palette: copper, light: {strength: 0.5}",
    'by: distance, palette: ["#0b0205", "#f58a1f", "#fffaf0"]',
    "palette: lagoon, layers: [{by: distance, period: 1, blend: multiply, opacity: 0.9}]",
    'by: trap, palette: ["#02101f", "#1aa6a0", "#f6fbe9"]',
    "palette: dusk, layers: [{by: trap, blend: screen, opacity: 0.8}]",
    'by: decomposition, palette: ["#101820", "#f2efe6"]',
)
"""YAML without its braces, the quietest of each kind first."""


class ReadyLook(NamedTuple):
    """A look that is ready, with the section `colour` that gives it."""

    label: str
    """YAML of the section, without its braces."""
    colour: dict[str, Any]
    look: Look


def ready_looks() -> list[ReadyLook]:
    """Return all looks that are ready and that this machine can draw."""
    found = []
    for text in READY_LOOKS:
        colour = yaml.safe_load(f"{{{text}}}")
        look = look_from(ColourSection.model_validate(colour), PaletteFiles(Path()))
        if HAVE_NUMBA or not look.needs_compiler:
            found.append(ReadyLook(text, colour, look))
    return found
