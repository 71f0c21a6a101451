"""Positions of XaoS, `.xpf`.

Notes
-----
By its source, src/ui-hlp/save.cpp, play.cpp and ui_helper.cpp, src/engine/fractal.cpp and
src/include/fractal.h (GitHub: xaos-project/XaoS): commands in parentheses, carried out one after
the other, comments after `;`. `(view re im width height)` is a rectangle that is seen whole,
whatever the window's shape; the imaginary axis points down. `(angle a)` turns the view about 0 by a
degrees, and its points back: the picture is turned counterclockwise, as ours. `(formula 'mandel)`
sets both back. What is as `(initstate)` makes it is left out: 170 iterations, a bailout of 4 for
|z|².
"""

import re
from decimal import Decimal
from pathlib import Path

from pipeline.config.locations.facts import Facts
from pipeline.config.locations.location import (
    PICTURE,
    Location,
    coordinate_from,
    number_from,
    refusal,
    shown,
    upside_down,
    zoom_of_height,
)
from pipeline.geometry.decimals import context

_TOKEN = re.compile(r""";[^\n]*|"(?:[^"\\]|\\.)*"|[()]|[^\s();"]+""", re.DOTALL)
_MAXITER = 170
_OTHER = "draws another fractal than the Mandelbrot set"
_RESHAPES = "shows the points elsewhere than they are"
_MOVES = "is of an animation; save the position instead"
_ANIMATION = (
    "animateview", "morphview", "morphjulia", "morphangle", "moveview", "zoom", "unzoom", "load",
    "autorotate", "play", "smoothmorph",
)  # fmt: skip
_HARMLESS = (
    "initstate", "juliaseed", "usrform", "usrformInit", "periodicity", "cycling", "cyclingspeed",
    "letterspersec", "speedup", "maxstep", "fastmode", "fastrotate", "rotationspeed", "range",
    "zoomcenter", "color", "display", "clearscreen", "text", "textposition", "textsleep", "usleep",
    "wait", "stop", "defaultpalette", "palette", "palettecolors", "shiftpalette", "intcoloring",
    "outtcoloring", "message", "status", "ministatus",
)  # fmt: skip
_RESHAPING_FILTERS = ("threed", "stereogram")


def location_from(path: Path, text: str) -> Location:
    """Return the location of a position file.

    Raises
    ------
    UsageError
        It has no view, or shows anything but the Mandelbrot set as we draw it.
    """
    state = _State(_commands(path, text))
    facts = Facts(path, state.values.items())
    _check(facts, state.filters)
    if len(state.view) < 4:
        raise refusal(path, "view", "should be the centre, the width and the height: four numbers")
    re_text, im_text, *sides = state.view[:4]
    center = upside_down(
        (coordinate_from(path, "view", re_text), coordinate_from(path, "view", im_text))
    )
    across, down = (number_from(path, "view", side).copy_abs() for side in sides)
    columns, rows = map(Decimal, PICTURE)
    numbers = context(40)
    height = max(down, numbers.divide(numbers.multiply(across, rows), columns))
    return Location(
        center=center,
        zoom=zoom_of_height(path, "view", height),
        maxiter=facts.maxiter("maxiter", _MAXITER),
        rotation=facts.rotation("angle"),
        colour=None,
        remarks=tuple(facts.remarks),
    )


class _State:
    """The state after a file's commands."""

    def __init__(self, commands: list[list[str]]) -> None:
        self.view: list[str] = []
        self.values: dict[str, str] = {}
        """The last of each command."""
        self.filters: dict[str, bool] = {}
        for name, *words in commands:
            if name == "view":
                self.view = words
            elif name == "filter" and words:
                self.filters[words[0].lstrip("'")] = words[1:] != ["#f"]
            else:
                if name in ("formula", "initstate"):
                    self.view = []
                    self.values.pop("angle", None)
                self.values[name] = " ".join(words).lstrip("'")


def _check(facts: Facts, filters: dict[str, bool]) -> None:
    """Refuse other pictures than the Mandelbrot set; remark on features that we lack."""
    path = facts.path
    facts.only("formula", "mandel", otherwise=_OTHER)
    facts.only("plane", "0", otherwise=_RESHAPES)
    for key in ("julia", "fastjulia"):
        facts.only(key, "#f", otherwise=_OTHER)
    starts = (facts.text("perturbation") or "").split()
    if any(number_from(path, "perturbation", start) for start in starts):
        raise refusal(path, "perturbation", f"starts the orbits elsewhere, which {_OTHER}")
    facts.at_least("bailout", 4)
    on = [name for name, is_on in filters.items() if is_on]
    for name in on:
        if name in _RESHAPING_FILTERS:
            raise refusal(path, f"filter {name}", _RESHAPES)
    for key in _ANIMATION:
        if facts.has(key):
            raise refusal(path, key, _MOVES)
    colourings = [key for key in ("incoloring", "outcoloring") if facts.number(key)]
    facts.without_like(*colourings, *(f"filter {shown(name)}" for name in on[:8]))
    facts.passed_over("angle", "maxiter", *_HARMLESS)
    facts.check_rest()


def _commands(path: Path, text: str) -> list[list[str]]:
    """Return each command as its name and arguments."""
    commands: list[list[str]] = []
    is_open = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token.startswith(";"):
            continue
        if token == "(":
            if is_open:
                raise refusal(path, "", "has a command within a command")
            is_open = True
            commands.append([])
        elif token == ")":
            is_open = False
        elif is_open:
            commands[-1].append(token)
    return [words for words in commands if words]
