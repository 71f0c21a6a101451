"""The explorer at work: one session, one thread that counts, and what pages may ask of them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.colour.look import Look
from pipeline.colour.palette_files import PaletteFiles, is_palette_file
from pipeline.config.colours import look_from
from pipeline.config.keys import dotted
from pipeline.config.load import Config
from pipeline.config.model import ColourSection
from pipeline.config.palettes import named_palettes, palette_faults
from pipeline.errors import UsageError
from pipeline.explorer.artist import Artist, Strip
from pipeline.explorer.engine import Engine
from pipeline.explorer.films import Films
from pipeline.explorer.hand import moved
from pipeline.explorer.scenery import Scenery
from pipeline.explorer.wire import PictureAsked, record, told
from pipeline.explorer.work import Check
from pipeline.plan.outputs import Outputs
from pipeline.session import Session


class Explorer:
    """What all pages share: the session, its pool, and the pictures that are kept."""

    def __init__(
        self, outputs: Outputs, workers: int | None = None, config: Config | None = None
    ) -> None:
        self.session = Session(outputs, workers=workers, say=lambda _: None)
        self.engine = Engine()
        self.films = Films(outputs.root, start=config)
        self._files = PaletteFiles(Path() if config is None else config.path.parent)
        self._palettes = frozenset[str]()
        self._artist: Artist | None = None

    def close(self) -> None:
        """Stop all work, and end the workers."""
        self.films.close()
        self.engine.close()
        self.session.close(kill=True)

    @property
    def artist(self) -> Artist:
        """What makes pictures; only for the engine's thread."""
        if self._artist is None:
            session = self.session
            session.outputs.claim()
            session.pool.start(tracing=True)
            self._artist = Artist(session.pool, Scenery(session.pool, session.references))
        return self._artist

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
        # A page names no files, but for those of the config that it was opened with.
        for path, name in named_palettes(colour):
            if is_palette_file(name) and name not in self._palettes:
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
        for part in self.artist.pictures(view, look, maxiter, check, shown):
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


def _faults_text(faults: Iterable[tuple[tuple[str | int, ...], str]]) -> str:
    return "; ".join(f"{dotted(path)}: {message}" for path, message in faults)
