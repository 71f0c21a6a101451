"""The scene of a player: the zooms that it shows, as bands, overviews and cores, and the film."""

import math
from dataclasses import dataclass, replace
from typing import Any

from pipeline.config.load import Config
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.geometry.band import Band
from pipeline.geometry.decimals import log2
from pipeline.geometry.projection import FLAT
from pipeline.geometry.view import View
from pipeline.plan.reuse import zooms_of
from pipeline.plan.zoom import CORE_EDGE, Zoom
from pipeline.player.paint import MARGIN_ROWS, BandPaint, CorePaint
from pipeline.player.path import leg_facts, look_seconds
from pipeline.timeline.frames import FrameList
from pipeline.timeline.leg import Leg

OUTER_OCTAVES = 2
"""Octaves around the film's farthest corner: a screen that is taller than the film shows them."""
OVERVIEW_STEP = 16
"""Samples of a band for one of its overview, along each axis."""
PAGE_BANDS = 32
"""Bands of a page of the overview; it shows one more at each end, where there is one."""


@dataclass(frozen=True, slots=True)
class SceneZoom:
    """A zoom as the player shows it."""

    zoom: Zoom
    bands: tuple[SampleGrid, ...]
    """Bands from the outermost inwards: more than the film needs, and then the zoom's own."""
    legs: list[Leg]
    log2_corner: float
    """log2 of the distance of the film's corner from its middle, in widths."""
    corner_px: float
    """The same distance in pixels."""

    @property
    def grids(self) -> tuple[SampleGrid, ...]:
        """All sample grids: the bands, then the core."""
        return (*self.bands, self.zoom.core)

    @property
    def overview_shape(self) -> tuple[int, int]:
        """Rows and columns of a band in the overview."""
        columns = max(band.columns for band in self.bands) // OVERVIEW_STEP
        return round(columns * math.log(2) / (2 * math.pi)), columns

    @property
    def pages(self) -> list[range]:
        """Indices of the bands that each page of the overview shows."""
        count = len(self.bands)
        return [
            range(max(first - 1, 0), min(first + PAGE_BANDS + 1, count))
            for first in range(0, count, PAGE_BANDS)
        ]

    @property
    def top(self) -> int:
        """log2 of the radius of the outermost ring."""
        geometry = self.bands[0].geometry
        assert isinstance(geometry, Band)
        return geometry.octave + 1

    def band_paint(self, index: int, store: Store) -> BandPaint:
        """Return what is to be painted of a band."""
        bands = self.bands
        rows, columns = self.overview_shape
        octave = self.top - index
        return BandPaint(
            store,
            bands[index],
            bands[index - 1] if index > 0 else None,
            bands[index + 1] if index + 1 < len(bands) else None,
            math.log2(self.corner_px * 2 * math.pi / bands[index].columns),
            (self._look_seconds(octave), self._look_seconds(octave - 1)),
            columns,
            rows,
        )

    def core_paint(self, store: Store) -> CorePaint:
        """Return what is to be painted of the core."""
        zoom = self.zoom
        log2_px = math.log2(self.corner_px) + zoom.log2_core_spacing - zoom.core_exponent
        return CorePaint(store, zoom.core, log2_px, self._look_seconds(zoom.core_exponent))

    def facts(self) -> dict[str, Any]:
        """Return what the player must know of the zoom."""
        core = self.zoom.core
        assert isinstance(core.geometry, View)
        rows, columns = self.overview_shape
        return {
            "log2Top": self.top,
            "bands": [
                {"columns": band.columns, "margin": MARGIN_ROWS / band.rows, "rows": band.rows}
                for band in self.bands
            ],
            "overview": {
                "columns": columns,
                "rows": rows,
                "pages": [[page.start, page.stop] for page in self.pages],
                "pageBands": PAGE_BANDS,
            },
            "core": {
                "log2Side": log2(core.geometry.width),
                "log2Edge": self.zoom.core_exponent + math.log2(CORE_EDGE),
                "columns": core.columns,
            },
        }

    def _look_seconds(self, octave: float) -> float:
        return look_seconds(self.legs, self.log2_corner, octave)


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a player shows of a config's film."""

    config: Config
    zooms: list[SceneZoom]
    legs: list[tuple[Leg, int]]
    """The legs that are drawn from bands, in order, each with the index of its zoom."""
    left_out: list[Leg]
    """The legs whose target lies so far off the picture that no bands serve them."""

    @staticmethod
    def of(config: Config, frames: FrameList) -> "Scene":
        """Find the zooms of a film, which the player shows flat whatever its projection."""
        config = replace(config, encoding=replace(config.encoding, projection=FLAT))
        corner = math.hypot(1, config.encoding.rows / config.encoding.columns) / 2
        zooms: list[Zoom] = []
        shown: list[tuple[Leg, int]] = []
        left_out: list[Leg] = []
        for leg, zoom in zip(frames.legs, _zooms(config, frames), strict=True):
            if zoom is None:
                left_out.append(leg)
                continue
            if all(zoom is not own for own in zooms):
                zooms.append(zoom)
            shown.append((leg, next(k for k, own in enumerate(zooms) if own is zoom)))
        of_zoom = [[leg for leg, index in shown if index == k] for k in range(len(zooms))]
        scene_zooms = [
            SceneZoom(
                zoom,
                (*_beyond(zoom, frames), *zoom.bands),
                legs,
                math.log2(corner),
                corner * config.encoding.columns,
            )
            for zoom, legs in zip(zooms, of_zoom, strict=True)
        ]
        return Scene(config, scene_zooms, shown, left_out)

    @property
    def samples(self) -> int:
        """Number of samples of all pictures."""
        return sum(grid.samples for zoom in self.zooms for grid in zoom.grids)

    def facts(self) -> dict[str, Any]:
        """Return what the player must know."""
        encoding = self.config.encoding
        return {
            "aspect": encoding.rows / encoding.columns,
            "loops": self.config.loops,
            "outerOctaves": OUTER_OCTAVES,
            "legs": [leg_facts(leg, zoom, leg is self.legs[-1][0]) for leg, zoom in self.legs],
            "zooms": [zoom.facts() for zoom in self.zooms],
        }


def _zooms(config: Config, frames: FrameList) -> list[Zoom | None]:
    """Return the zoom of each leg: the film's own, whose counts are stored, if it has all."""
    zooms = zooms_of(config, frames)
    return zooms if all(zooms) else zooms_of(replace(config, reuse="bands"), frames)


def _beyond(zoom: Zoom, frames: FrameList) -> list[SampleGrid]:
    """Return the bands around a zoom, from the outermost inwards."""
    outermost = zoom.bands[0]
    band = outermost.geometry
    assert isinstance(band, Band)
    target = next(
        frames.target(k) for k, leg in enumerate(frames.legs) if leg.deep.center == zoom.center
    )
    return [
        frames.shared_grid(replace(band, octave=band.octave + octaves), outermost.maxiter, target)
        for octaves in range(OUTER_OCTAVES, 0, -1)
    ]
