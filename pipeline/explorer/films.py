"""The films of the page: opened, checked, looked through, saved, rendered and watched."""

import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import anyio.to_thread

from pipeline.config.load import Config, load_config
from pipeline.config.yaml_tree import text_of_file
from pipeline.errors import PipelineError, UsageError
from pipeline.explorer.file_answer import KINDS, FileAnswer
from pipeline.explorer.film import Film, FilmAsked, MomentAsked, motion_between, opened_film
from pipeline.explorer.film_files import ConfigFiles
from pipeline.explorer.film_process import FilmProcess
from pipeline.explorer.jobs import Jobs
from pipeline.explorer.wire import record, told
from pipeline.plan.outputs import Outputs
from pipeline.system.terminal import say

CONFIGS = Path("configs")
"""Folder of the configs that the page opens and saves."""
# Films whose frames are kept, for looking through them.
_KEPT_FILMS = 4


class Films:
    """The films of the page: its configs, its renders, and their videos.

    Parameters
    ----------
    root : Path
        Folder of all outputs.
    folder : Path
        Folder of the configs.
    start : Config, optional
        The config that the explorer was opened with; it may be of another folder.
    """

    def __init__(self, root: Path, folder: Path = CONFIGS, start: Config | None = None) -> None:
        self.files = ConfigFiles(folder)
        self.jobs = Jobs(root, say)
        self._root = root
        self._start = start
        # One of another folder is read once, and saved in this.
        self._foreign: tuple[Config, str] | None = None
        if start is not None and start.path.resolve().parent != folder.resolve():
            self._foreign = start, text_of_file(start.path)
        self._kept: OrderedDict[str, Film] = OrderedDict()
        self._processes: dict[str, FilmProcess] = {}
        """What is at work on a film, by what it does; one of each kind."""
        self._player = "", b""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop the check and all renders."""
        with self._lock:
            for process in self._processes.values():
                process.stop()
        self.jobs.close()

    def listed(self) -> dict[str, Any]:
        """Return the names of all configs, and the one to begin with."""
        return {
            "configs": self.files.names(),
            "start": None if self._start is None else self._start.name,
        }

    def open(self, name: str) -> dict[str, Any]:
        """Return a config as the page takes it.

        Raises
        ------
        ConfigError, UsageError
            It has faults, or there is none.
        """
        if self._foreign is not None and name == self._foreign[0].name:
            return opened_film(*self._foreign)
        text = self.files.read(name)
        return opened_film(load_config(self.files.path(name), text), text)

    def film(self, asked: FilmAsked) -> Film:
        """Return a film, from those that are kept if it is there.

        Raises
        ------
        ConfigError, UsageError
            It has faults.
        """
        key = asked.model_dump_json()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        film = Film.of(asked, self.files.folder)
        with self._lock:
            self._kept[key] = film
            while len(self._kept) > _KEPT_FILMS:
                self._kept.popitem(last=False)
        return film

    def at(self, asked: MomentAsked) -> dict[str, Any]:
        """Return the view of a film at a time, and how what is shown moves there."""
        view = self.film(asked.film).view(Fraction(asked.seconds))
        if asked.shown is None:
            return {"view": told(view), "motion": None}
        shown = asked.shown.view()
        view = view.resized(shown.columns, shown.rows)
        return {"view": told(view), "motion": motion_between(shown, view)}

    def save(self, asked: FilmAsked, over: bool) -> dict[str, Any]:
        """Write a film as a config without faults; return its name and its text."""
        name = asked.name.strip()
        if not name:
            raise UsageError("a name is missing, under which to save it")
        film = Film.of(asked, self.files.folder)
        path = self.files.write(name, film.text, over, before=asked.text)
        if self._foreign is not None and name == self._foreign[0].name:
            self._foreign = None
        return {"name": name, "path": str(path), **opened_film(film.config, film.text)}

    def render(self, name: str) -> dict[str, Any]:
        """Begin to render a saved config, or let it wait for its turn."""
        config = load_config(self.files.path(name), self.files.read(name))
        return self.jobs.add(name, config.path, config.encoding.ending).told()

    def video(self, name: str) -> FileAnswer:
        """Return the finished video of a config."""
        config = load_config(self.files.path(name), self.files.read(name))
        outputs = Outputs.of(config, self._root)
        kind = KINDS.get(outputs.ending, "application/octet-stream")
        return FileAnswer(outputs.video, kind, parts=True)

    def begin(self, module: str, film: Film) -> FilmProcess:
        """Begin some work on a film; an earlier one of its kind is stopped."""
        with self._lock:
            if module in self._processes:
                self._processes[module].stop()
            process = FilmProcess(module, film.config.path, film.text, self._root)
            self._processes[module] = process
            return process

    async def checked(self, film: Film, thorough: bool) -> AsyncIterator[bytes]:
        """Yield what is known of a film at once, then what is measured."""
        yield record({"film": film.facts()})
        if not thorough:
            return
        check = self.begin("film_check", film)
        try:
            measured = await anyio.to_thread.run_sync(check.answer, abandon_on_cancel=True)
            yield record({"plan": json.loads(measured)})
        except PipelineError as error:
            yield record({"error": str(error)})
        finally:
            check.stop()

    async def play(self, film: Film) -> AsyncIterator[bytes]:
        """Make a film's player; yield the name of its page, which stays until the next is made."""
        # Something at once, so that it is noticed when nobody waits any more.
        yield record({"state": "busy"})
        process = self.begin("film_player", film)
        try:
            page = await anyio.to_thread.run_sync(process.answer, abandon_on_cancel=True)
            name = secrets.token_urlsafe(12)
            self._player = name, page
            yield record({"player": name})
        except PipelineError as error:
            yield record({"error": str(error)})
        finally:
            process.stop()

    def player(self, name: str) -> bytes | None:
        """Return the page of the latest player; None if that has another name."""
        own, page = self._player
        return page if page and secrets.compare_digest(own.encode(), name.encode()) else None
