"""The explorer at work: one session, one thread that counts, and what pages may ask of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.colour.look import Look
from pipeline.colour.own_palettes import OWN_PALETTES
from pipeline.colour.palette import known_palettes
from pipeline.colour.palette_files import PaletteFiles, is_palette_file
from pipeline.config.colours import look_from
from pipeline.config.keys import dotted
from pipeline.config.load import Config
from pipeline.config.model import ColourSection
from pipeline.config.palettes import named_palettes, palette_faults
from pipeline.config.ready_looks import ready_looks
from pipeline.errors import UsageError
from pipeline.explorer.engine import Engine
from pipeline.explorer.films import Films
from pipeline.explorer.hand import moved, point_at
from pipeline.explorer.julia import julia_picture
from pipeline.explorer.looks import tiles
from pipeline.explorer.places import find_place
from pipeline.explorer.point import point_facts
from pipeline.explorer.progressive import ProgressiveRenderer, Strip, jpeg_from
from pipeline.explorer.wire import (
    JuliaAsked,
    LooksAsked,
    PictureAsked,
    PlaceAsked,
    PointAsked,
    plain_text,
    record,
    told,
    width_text,
)
from pipeline.explorer.work import Check
from pipeline.explorer.zoom_context import ZoomContext
from pipeline.kernels.choice import CPU
from pipeline.plan.outputs import Outputs
from pipeline.session import Session

_JULIA_QUALITY = 88


class Explorer:
    """Session that all pages share, with its pool and the pictures that are kept."""

    def __init__(
        self,
        outputs: Outputs,
        workers: int | None = None,
        config: Config | None = None,
        device: str = CPU,
    ) -> None:
        self.session = Session(outputs, workers=workers, device=device, say=lambda _: None)
        self.engine = Engine("pictures")
        self.questions = Engine("questions")
        """Answers what needs no pool, so that it does not wait for pictures."""
        self._config = config
        self._files = PaletteFiles(Path())
        self.films = Films(outputs.root, start=config)
        self._renderer: ProgressiveRenderer | None = None

    def close(self) -> None:
        """Stop all work, and end the workers."""
        self.questions.close()
        self.films.close()
        self.engine.close()
        self.session.close(kill=True)

    @property
    def renderer(self) -> ProgressiveRenderer:
        """Maker of pictures; only for the engine's thread."""
        if self._renderer is None:
            session = self.session
            session.outputs.claim()
            session.pool.start(tracing=True)
            self._renderer = ProgressiveRenderer(
                session.pool, ZoomContext(session.pool, session.references)
            )
        return self._renderer

    def look(self, colour: dict[str, Any]) -> Look:
        """Return the look of a config's section `colour`.

        Raises
        ------
        UsageError
            It has faults; the message tells all of them.
        """
        try:
            section = ColourSection.model_validate(colour)
        except ValidationError as error:
            faults = [(each["loc"], each["msg"]) for each in error.errors()]
            raise UsageError(_faults_text(faults)) from None
        # A page names no files: whoever sends it must not learn what is on the disk.
        for path, name in named_palettes(colour):
            if is_palette_file(name):
                raise UsageError(f"{dotted(path)}: drop the file {name} on the page instead")
        if unknown := list(palette_faults(colour, self._files)):
            raise UsageError(_faults_text(unknown))
        return look_from(section, self._files)

    def pictures(self, asked: PictureAsked, check: Check) -> Iterator[bytes]:
        """Yield the records of a picture that a page asks for."""
        view = moved(asked.view.view(), asked.move.move())
        yield record({"view": told(view)})
        look = self.look(asked.look)
        maxiter = None if asked.maxiter == "auto" else asked.maxiter
        plain = asked.move.factor == 1 and asked.move.turn == 0
        shown = asked.shown_step if plain and asked.shown_step is not None else float("inf")
        for part in self.renderer.pictures(view, look, maxiter, check, shown):
            if isinstance(part, Strip):
                facts = {
                    "step": part.step,
                    "x": part.x,
                    "y": part.y,
                    "columns": part.columns,
                    "rows": part.rows,
                }
                yield record({"strip": facts}, part.jpeg)
            else:
                yield record({part.name: part.value})

    def point(self, asked: PointAsked, check: Check) -> Iterator[dict[str, Any]]:
        """Yield what is known of a point."""
        yield point_facts(asked.view.view(), asked.x, asked.y, asked.maxiter, check).told()

    def julia(self, asked: JuliaAsked, check: Check) -> Iterator[bytes]:
        """Yield the JPEG of a point's Julia set."""
        look = self.look(asked.look)
        check()
        c = complex(*map(float, point_at(asked.view.view(), asked.x, asked.y)))
        yield jpeg_from(julia_picture(c, look), _JULIA_QUALITY)

    def place(self, asked: PlaceAsked, check: Check) -> Iterator[dict[str, Any]]:
        """Yield the place of a view that stands out."""
        yield find_place(asked.view.view(), asked.kind, check)

    def looks(self, asked: LooksAsked, check: Check) -> Iterator[bytes]:
        """Yield the records of a view's small pictures in all looks that are ready."""
        renderer = self.renderer
        view, pool = asked.view.view(), self.session.pool
        for tile in tiles(view, asked.maxiter, pool, renderer.zoom_context, check):
            yield record({"look": tile.number}, tile.jpeg)

    def start(self) -> dict[str, Any]:
        """Return what a page begins with: the config's last view and its look, and what to choose.

        Palettes are those of this program, then all others.
        """
        others = [name for name in known_palettes() if name not in OWN_PALETTES]
        begin: dict[str, Any] = {"view": None, "maxiter": "auto", "look": {}}
        if self._config is not None:
            last = self._config.keyframes[-1]
            begin = {
                "view": {
                    "re": plain_text(last.center.re),
                    "im": plain_text(last.center.im),
                    "width": width_text(last.width),
                    "rotation": float(last.rotation),
                },
                "maxiter": last.maxiter or "auto",
                "look": colour_of(self._config),
            }
        looks = [{"label": each.label, "colour": each.colour} for each in ready_looks()]
        return {**begin, "palettes": {"own": list(OWN_PALETTES), "others": others}, "looks": looks}


def colour_of(config: Config) -> dict[str, Any]:
    """Return the section `colour` of a config as it is at its end, without files."""
    plain = yaml.safe_load(config.text)
    colour = dict(plain.get("colour") or plain.get("color") or {})
    moments = colour.pop("keyframes", None) or [{}]
    colour.update({key: value for key, value in moments[-1].items() if key != "time"})
    colour.pop("cycle", None)
    return colour


def _faults_text(faults: Iterable[tuple[tuple[str | int, ...], str]]) -> str:
    return "; ".join(f"{dotted(path)}: {message}" for path, message in faults)
