"""The Python interface: views counted and coloured as numpy arrays, and videos rendered.

    import pipeline as mz

    config = mz.load_config("configs/seahorse.yaml")
    view = mz.View(("-0.7436", "0.1318"), "1e-4", size=(640, 360))
    with mz.Session("output/cache", workers=4) as session:
        counts = session.counts(view, maxiter=5000)
        picture = session.picture(view, config.look)
        video = session.render(config)

It works in scripts and in notebooks. Worker processes do not import the main module, so that a
script needs no ``if __name__ == "__main__"``. Long work shows a bar on the standard error; other
messages go to the logger ``pipeline``.
"""

import logging
import os
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from pipeline import errors as errors
from pipeline.colour.look import Look
from pipeline.colour.tones import ZoomTones
from pipeline.config import load
from pipeline.config.arguments import checked, pair_of, path_text, shown
from pipeline.config.beats import MAX_SECONDS
from pipeline.config.kinds import MAX_MAXITER
from pipeline.config.load import Config
from pipeline.config.names import name_fault
from pipeline.config.one_view import config_of_view
from pipeline.config.quality import QUALITIES
from pipeline.config.value import number, whole, word
from pipeline.geometry import view as geometry
from pipeline.geometry.point import Point
from pipeline.kernels.choice import ACCURACIES
from pipeline.kernels.results import Outcome
from pipeline.monitor.report import Report
from pipeline.plan.outputs import Outputs
from pipeline.plan.record import Owner
from pipeline.prepare.auto_maxiter import choose_maxiter
from pipeline.prepare.places import survey as places
from pipeline.prepare.places.place import Misiurewicz, Nucleus
from pipeline.prepare.tones import find_tones
from pipeline.render.job import render_video
from pipeline.session import Session as _Session
from pipeline.session import check_usable
from pipeline.system.atomic_files import make_folder
from pipeline.timeline.frames import FrameList

__all__ = [
    "Config", "Look", "Misiurewicz", "Nucleus", "Outcome", "Session", "View", "ViewCounts",
    "errors", "find_misiurewicz", "find_nucleus", "load_config",
]  # fmt: skip  # a list

Number = str | int | float | Decimal
"""A number; as text or Decimal it keeps every digit."""

_LOG = logging.getLogger("pipeline")
_MAX_SIDE = 16384
_COORDINATE = number("-1000", "1000", "a number from -1000 to 1000", deep=True)
_WIDTH = number("1e-100000", "1000", "a number above 0 and up to 1000", deep=True)
_ROTATION = number("-1e6", "1e6", "degrees, from -1e6 to 1e6")
_TIME = number("0", str(MAX_SECONDS), f"seconds from 0 to {MAX_SECONDS}")
_SIDE = whole(1, _MAX_SIDE)
_MAXITER = whole(1, MAX_MAXITER)
_WORKERS = whole(1, 256)


@dataclass(frozen=True, slots=True, init=False)
class View:
    """A rectangle of the complex plane, at any depth.

    Parameters
    ----------
    center : pair of numbers, or complex
        Real and imaginary part, from -1000 to 1000. Text keeps every digit: deep views need more
        than a float has.
    width : number
        Width of the picture on the real axis, before rotation; above 0 and up to 1000.
    size : (int, int)
        Columns and rows, in pixels.
    rotation : number
        Degrees by which the view is turned, counterclockwise.

    Raises
    ------
    ValueError
        A number is out of its range.
    TypeError
        Something is not a number at all.

    Notes
    -----
    Pixel (row j, column i) of W×H is
    ``center + ((i + 0.5 - W/2) + 1j·(H/2 - j - 0.5)) · width/W``, rotated about the centre. The
    imaginary axis points up.
    """

    center: Point
    width: Decimal
    size: tuple[int, int]
    rotation: Decimal

    def __init__(
        self,
        center: tuple[Number, Number] | complex,
        width: Number,
        *,
        size: tuple[int, int] = (1280, 720),
        rotation: Number = 0,
    ) -> None:
        if isinstance(center, complex):
            center = center.real, center.imag
        re, im = pair_of(center, "center", "two numbers, such as (-0.75, 0)")
        columns, rows = pair_of(size, "size", "two whole numbers, columns and rows")
        values = {
            "center": Point(
                checked(re, "center[0]", _COORDINATE),
                checked(im, "center[1]", _COORDINATE),
            ),
            "width": checked(width, "width", _WIDTH),
            "size": (checked(columns, "size[0]", _SIDE), checked(rows, "size[1]", _SIDE)),
            "rotation": checked(rotation, "rotation", _ROTATION),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _geometry(self) -> geometry.View:
        return geometry.View(self.center, self.width, self.rotation, *self.size)


@dataclass(frozen=True, slots=True)
class ViewCounts:
    """The counts of a view's pixels, shape (rows, columns)."""

    n: NDArray[np.int32]
    """Steps before |z| first exceeds 2; `maxiter` where it does not."""
    smooth: NDArray[np.float64]
    """Smooth count, stored in steps of 1/4096; NaN where the pixel did not escape."""
    outcome: NDArray[np.uint8]
    """`Outcome` of each pixel: ESCAPED, INTERIOR or UNRESOLVED."""
    maxiter: int
    """Maximum iterations of a pixel, as asked for or chosen."""


class Session:
    """A folder of counts, and one pool of worker processes that computes what is missing.

    Counts are stored in the folder and read from there the next time, in this session or a later
    one. Workers start with the first pixel to compute; `close`, or leaving the ``with`` block,
    ends them. A session is not meant for several threads.

    Parameters
    ----------
    folder : path
        Where counts, reference orbits and videos go; made when needed. A folder that holds
        anything else is refused.
    workers : int, optional
        Worker processes, 1 to 256; one for each usable core if left out.
    """

    def __init__(self, folder: str | os.PathLike[str], workers: int | None = None) -> None:
        path = Path(path_text(folder, "folder")).absolute()
        if fault := name_fault(path.name):
            raise ValueError(f"folder: {fault}")
        self._workers = None if workers is None else checked(workers, "workers", _WORKERS)
        # Whatever view it is of, another session may go on with it.
        outputs = Outputs(path.parent, path.name, Owner("session", "session"))
        self._session = _Session(outputs, workers=self._workers, say=_LOG.info)
        self._chosen: dict[tuple[View, str], int] = {}
        self._tones: dict[tuple[View, str, int], ZoomTones] = {}

    def __enter__(self) -> "Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close(kill=kind is not None)

    def close(self) -> None:
        """End the workers; what is stored stays."""
        self._session.close()

    @property
    def folder(self) -> Path:
        """Folder of all that the session makes."""
        return self._session.outputs.folder

    def counts(
        self, view: View, maxiter: int | None = None, *, accuracy: str = "fine"
    ) -> ViewCounts:
        """Return the counts of a view's pixels; what is not stored is computed, and stored.

        Parameters
        ----------
        view : View
            Rectangle to count, with its size in pixels.
        maxiter : int, optional
            Maximum iterations of a pixel; chosen from the view if left out.
        accuracy : {"fine", "exact"}
            How near the counts of deep views lie to exact ones; as `render.accuracy` in a config.

        Raises
        ------
        PipelineError
            They cannot be computed or stored; the message says why.
        """
        with self._session.attempt():
            _, frames = self._resolved(view, maxiter, None, "good", accuracy)
            grid = frames[0].grid(1)
            stored = self._session.counts(grid, "the view")
        return ViewCounts(stored.n, stored.smooth, stored.outcome, grid.maxiter)

    def picture(
        self,
        view: View,
        look: Look | None = None,
        maxiter: int | None = None,
        *,
        time: Number = 0,
        quality: str = "good",
        accuracy: str = "fine",
    ) -> NDArray[np.uint8]:
        """Return a view as 8-bit sRGB, shape (rows, columns, 3), as a video shows it.

        Its counts are stored: another look of the same view computes nothing.

        Parameters
        ----------
        view : View
            Rectangle to show, with its size in pixels.
        look : Look, optional
            Colours, such as the `look` of a config; the default palette if left out.
        maxiter : int, optional
            Maximum iterations of a pixel; chosen from the view if left out.
        time : number
            Seconds at which a look that changes in time is shown.
        quality : {"draft", "good", "best"}
            Samples of a pixel: 1, 4 or 16.
        accuracy : {"fine", "exact"}
            As for `counts`.

        Raises
        ------
        PipelineError
            It cannot be computed or stored; the message says why.
        """
        if look is not None and not isinstance(look, Look):
            raise TypeError(f"look: {shown(look)} should be a Look, such as load_config(…).look")
        seconds = checked(time, "time", _TIME)
        with self._session.attempt():
            config, frames = self._resolved(view, maxiter, look, quality, accuracy)
            if config.look.needs_tones and config.look.tones is None:
                tones = self._tones_of(view, config, frames)
                config = replace(config, look=replace(config.look, tones=tones))
            frame = replace(frames[0], time=Fraction(seconds))
            return self._session.picture(frame, config, "the view")

    def render(self, config: Config, output: str | os.PathLike[str] | None = None) -> Path:
        """Make the video of a config, or what is missing of it; return its path.

        The same as ``mandelzoom zoom``: it resumes what was stopped, and makes nothing twice. The
        config's own `render` settings hold, but for workers if the session has been given some;
        `render.nice` stays with this process.

        Parameters
        ----------
        config : Config
            What `load_config` returns.
        output : path, optional
            Folder of the video and what belongs to it; the session's folder if left out.

        Raises
        ------
        PipelineError
            It failed; what was finished is on disk.
        """
        if not isinstance(config, Config):
            raise TypeError(f"config: {shown(config)} should be what load_config(…) returns")
        root = self.folder if output is None else Path(path_text(output, "output"))
        check_usable(config)
        # A video has a pool of its own, with its niceness and its cluster.
        self._session.close_pool()
        if output is None:
            self._session.outputs.claim()
        outputs = Outputs.of(config, root)
        render_video(config, outputs, Report("zoom", config.plain()), workers=self._workers)
        return outputs.video

    def _resolved(
        self, view: View, maxiter: int | None, look: Look | None, quality: str, accuracy: str
    ) -> tuple[Config, FrameList]:
        """Return a view as a config and its one frame, and claim the folder."""
        rectangle = _geometry_of(view)
        limit = None if maxiter is None else checked(maxiter, "maxiter", _MAXITER)
        checked(quality, "quality", word(*QUALITIES))
        checked(accuracy, "accuracy", word(*ACCURACIES))
        session = self._session
        session.outputs.claim()
        make_folder(session.outputs.store.folder)
        if limit is None:
            limit = self._chosen.get((view, accuracy))
        config = config_of_view(rectangle, limit, look, quality, accuracy)
        check_usable(config)
        if limit is not None:
            return config, FrameList(config)
        found = choose_maxiter(config, session.pool, session.references, _LOG.info, _LOG.info)
        frames = FrameList(config, found)
        self._chosen[view, accuracy] = frames[0].maxiter
        return config, frames

    def _tones_of(self, view: View, config: Config, frames: FrameList) -> ZoomTones:
        """Return the tones of a view as if it were a video."""
        session = self._session
        key = view, config.accuracy.name, frames[0].maxiter
        if key not in self._tones:
            found = find_tones(
                config, frames, session.pool, session.references, _LOG.info, _LOG.info
            )
            self._tones[key] = found
        return self._tones[key]


def load_config(path: str | os.PathLike[str], name: str | None = None) -> Config:
    """Read and check a YAML config.

    Parameters
    ----------
    path : path
        The YAML file.
    name : str, optional
        What its outputs are called; as the file if left out.

    Raises
    ------
    pipeline.errors.PipelineError
        It cannot be used; the message names every fault with its line and column.
    """
    return load.load_config(Path(path_text(path, "path")), name=name)


def find_nucleus(view: View) -> Nucleus | None:
    """Return the nucleus of the lowest period in a view, at any depth; None where none is found.

    Nothing is stored, and no worker is started.

    Parameters
    ----------
    view : View
        Rectangle to look in; its number of pixels does not matter, but for its shape.
    """
    return places.find_nucleus(_geometry_of(view))


def find_misiurewicz(view: View) -> Misiurewicz | None:
    """Return the Misiurewicz point that stands out most in a view, such as the eye of a spiral.

    Nothing is stored, and no worker is started.

    Parameters
    ----------
    view : View
        Rectangle to look in; its number of pixels does not matter, but for its shape.

    Returns
    -------
    Misiurewicz or None
        The largest and the nearest to the centre, of a period up to 6; None where none is found.
    """
    return places.find_misiurewicz(_geometry_of(view))


def _geometry_of(view: View) -> geometry.View:
    if not isinstance(view, View):
        raise TypeError(f"view: {shown(view)} should be a View")
    return view._geometry()
