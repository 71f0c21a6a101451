"""The look, from the config's colour section."""

from decimal import Decimal

from pipeline.colour.look import (
    DEFAULT_DISTANCE,
    DEFAULT_PERIOD,
    By,
    Fog,
    Layer,
    Light,
    Look,
    Moment,
    Scale,
)
from pipeline.colour.palette_files import PaletteFiles
from pipeline.config.beats import Tempo, seconds_from
from pipeline.config.model import (
    ColourSection,
    FogSection,
    LayerSection,
    LightSection,
    MomentSection,
)


def look_from(colour: ColourSection, files: PaletteFiles, tempo: Tempo | None = None) -> Look:
    """Return the look of a colour section without faults; `tempo` is that of its beats."""
    return Look(
        palette=files.resolved(colour.palette),
        period=_period(colour.period, colour.by, colour.scale),
        offset=float(colour.offset),
        cycle=float(colour.cycle),
        scale=colour.scale,
        interior=colour.interior,
        by=colour.by,
        seam=colour.seam,
        interior_by=colour.interior_by,
        interior_palette=files.resolved(colour.interior_palette),
        light=None if colour.light is None else _light(colour.light),
        fog=None if colour.fog is None else _fog(colour.fog),
        bloom=float(colour.bloom),
        grain=float(colour.grain),
        layers=tuple(_layer(layer, files) for layer in colour.layers),
        moments=tuple(_moment(moment, colour, files, tempo) for moment in colour.keyframes),
        stripes=colour.stripes,
        trap=colour.trap,
        trap_at=_trap_at(colour),
    )


def _trap_at(colour: ColourSection) -> tuple[float, float]:
    if colour.trap_at is not None:
        return float(colour.trap_at[0]), float(colour.trap_at[1])
    # Orbits on their way out pass i; few come near 0 so late.
    return 0.0, (1.0 if colour.trap == "point" else 0.0)


def _moment(
    moment: MomentSection, colour: ColourSection, files: PaletteFiles, tempo: Tempo | None
) -> Moment:
    offset = colour.offset if moment.offset is None else moment.offset
    light = moment.light or colour.light
    seconds = seconds_from(moment.time, tempo)
    assert seconds is not None
    return Moment(
        seconds=float(seconds),
        palette=files.resolved(moment.palette or colour.palette),
        offset=float(offset),
        interior=moment.interior or colour.interior,
        light=None if light is None else _light(light),
    )


def _light(light: LightSection) -> Light:
    return Light(
        float(light.azimuth),
        float(light.elevation),
        float(light.strength),
        float(light.highlight),
        float(light.shininess),
    )


def _fog(fog: FogSection) -> Fog:
    return Fog(fog.colour, float(fog.strength), float(fog.distance))


def _layer(layer: LayerSection, files: PaletteFiles) -> Layer:
    return Layer(
        by=layer.by,
        palette=files.resolved(layer.palette),
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
