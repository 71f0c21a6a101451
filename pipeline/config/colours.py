"""From the config's colour section to the look."""

from decimal import Decimal
from pathlib import Path

from pipeline.colour.look import (
    DEFAULT_DISTANCE,
    DEFAULT_PERIOD,
    By,
    Layer,
    Light,
    Look,
    Moment,
    Rgb,
    Scale,
)
from pipeline.colour.palette_files import colours_from_file, is_palette_file
from pipeline.config.model import ColourSection, LayerSection, LightSection, MomentSection


def look_from(colour: ColourSection, folder: Path) -> Look:
    """Return the look of a colour section without faults; palette files lie in `folder`."""
    return Look(
        palette=_palette(colour.palette, folder),
        period=_period(colour.period, colour.by, colour.scale),
        offset=float(colour.offset),
        cycle=float(colour.cycle),
        scale=colour.scale,
        interior=colour.interior,
        by=colour.by,
        interior_by=colour.interior_by,
        interior_palette=_palette(colour.interior_palette, folder),
        light=None if colour.light is None else _light(colour.light),
        layers=tuple(_layer(layer, folder) for layer in colour.layers),
        moments=tuple(_moment(moment, colour, folder) for moment in colour.keyframes),
        stripes=colour.stripes,
        trap=colour.trap,
        trap_at=_trap_at(colour),
    )


def _palette(palette: str | tuple[Rgb, ...], folder: Path) -> str | tuple[Rgb, ...]:
    if isinstance(palette, str) and is_palette_file(palette):
        return colours_from_file(folder / palette)
    return palette


def _trap_at(colour: ColourSection) -> tuple[float, float]:
    if colour.trap_at is not None:
        return float(colour.trap_at[0]), float(colour.trap_at[1])
    # Orbits on their way out pass i; few come near 0 so late.
    return 0.0, (1.0 if colour.trap == "point" else 0.0)


def _moment(moment: MomentSection, colour: ColourSection, folder: Path) -> Moment:
    offset = colour.offset if moment.offset is None else moment.offset
    light = moment.light or colour.light
    return Moment(
        seconds=float(moment.time),
        palette=_palette(moment.palette or colour.palette, folder),
        offset=float(offset),
        interior=moment.interior or colour.interior,
        light=None if light is None else _light(light),
    )


def _light(light: LightSection) -> Light:
    return Light(float(light.azimuth), float(light.elevation), float(light.strength))


def _layer(layer: LayerSection, folder: Path) -> Layer:
    return Layer(
        by=layer.by,
        palette=_palette(layer.palette, folder),
        period=_period(layer.period, layer.by, layer.scale),
        offset=float(layer.offset),
        scale=layer.scale,
        blend=layer.blend,
        opacity=float(layer.opacity),
    )


def _period(period: Decimal | None, by: By, scale: Scale) -> float:
    if period is not None:
        return float(period)
    return DEFAULT_DISTANCE if by == "distance" else DEFAULT_PERIOD[scale]
