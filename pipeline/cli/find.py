"""`find`: the minibrots, spirals and tips of a view, and a zoom to one of them."""

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from pipeline.cli.found_yaml import config_to, framing_width, keyframe_of
from pipeline.cli.opening import opened
from pipeline.config.load import Config, load_config
from pipeline.config.one_view import config_of_view
from pipeline.config.value import decimal_from, number
from pipeline.errors import PipelineError, UsageError, printable_name
from pipeline.geometry.decimals import log2, short_text
from pipeline.geometry.point import Point
from pipeline.geometry.view import View
from pipeline.plan.outputs import Outputs
from pipeline.prepare.places.place import BITS_BEYOND, Candidate, Misiurewicz, Nucleus, Place
from pipeline.prepare.places.search import Seen
from pipeline.prepare.places.survey import Survey, survey
from pipeline.session import Session
from pipeline.system.atomic_files import make_folder, write_durably
from pipeline.system.invocation import command_for
from pipeline.system.terminal import say, show
from pipeline.timeline.frames import FrameList

_COORDINATE = number("-1000", "1000", "a number from -1000 to 1000", deep=True)
_WIDTH = number("1e-100000", "1000", "a number above 0 and up to 1000", deep=True)
_FIT = number("1e-100000", "1e6", "a number above 0 and up to 1e6", deep=True)
# The shape of a view that is typed.
_SHAPE = (1280, 720)
# Rows of each kind.
_ROWS = 6
# Bits times steps from which on the digits of a place take seconds.
_WORTH_SAYING = 3e8
# A turn below this many degrees shows no spiral.
_SPIRAL_DEGREES = 3.0


class NothingFound(PipelineError):  # noqa: N818  # an answer, no error
    """There is no place in the view, or none that could be found."""


def find(
    path: Path | None,
    center: list[str] | None,
    width: str | None,
    frame: int | None,
    seconds: str | None,
    pick: int,
    fit: str,
    write: Path | None,
    replace_file: bool,
) -> None:
    """Print the places of a view, and one of them as YAML.

    Parameters
    ----------
    path, frame, seconds
        A config, and the frame of it by number or time; its last keyframe if both are None.
    center, width
        The view, where there is no config.
    pick
        Number of the place, in the table.
    fit
        Width that frames a place, in sizes of it.
    write
        File for a config that zooms to the place.
    replace_file
        Whether it may replace a file.

    Raises
    ------
    UsageError
        What was asked for makes no view, or the file is there.
    NothingFound
        There is no place in the view.
    """
    sizes = _read("--fit", fit, _FIT)
    config = _config(path, center, width, frame, seconds)
    view = _view(config, frame, seconds)
    say("looking for places; the first time on a machine that takes some seconds more")
    if write is not None and write.exists() and not replace_file:
        raise UsageError(
            f"{printable_name(write)} is there already; name another, or say --replace"
        )
    with Session(Outputs.of(config, Path("output")), config, cluster=False) as session:
        seen = survey(view, lambda: session.pool)
    rows = [*seen.nuclei[:_ROWS], *seen.points[:_ROWS]]
    if not rows:
        raise NothingFound(_reason(seen))
    show("\n".join(_table(rows, view)))
    if pick > len(rows):
        raise UsageError(f"--pick {pick}: the table has rows 1 to {len(rows)}")
    chosen = rows[pick - 1]
    framed = framing_width(chosen.size, view.width, sizes)
    place = _exact(seen, chosen, framed)
    show(f"\n# {_described(place)}\n" + "\n".join(keyframe_of(place.center, framed)))
    if write is not None:
        _write(write, place, framed, path)


def _read(option: str, text: str, validator: BeforeValidator) -> Decimal:
    check: Callable[[str], Decimal] = validator.func  # type: ignore[assignment]  # of one argument
    try:
        return check(text)
    except PydanticCustomError as error:
        raise UsageError(f"{option} {text[:40]}: {error.message()}") from None


def _config(
    path: Path | None,
    center: list[str] | None,
    width: str | None,
    frame: int | None,
    seconds: str | None,
) -> Config:
    """Return the config that was named, or that of the view that was typed."""
    if path is not None:
        if center is not None or width is not None:
            raise UsageError(
                "a config has its own views: leave out --center and --width, or the config"
            )
        return opened(path)
    if center is None and width is None:
        raise UsageError(
            "find needs a config, or a view: --center RE IM --width W, such as "
            "--center -0.75 0.1 --width 0.01"
        )
    if center is None or width is None:
        lacking = "--center RE IM" if center is None else "--width W"
        raise UsageError(f"a view has a center and a width: {lacking} is missing")
    if frame is not None or seconds is not None:
        raise UsageError("--frame and --time are for a config, which has many views")
    re, im = (_read("--center", text, _COORDINATE) for text in center)
    view = View(Point(re, im), _read("--width", width, _WIDTH), Decimal(0), *_SHAPE)
    return config_of_view(view, maxiter=1)


def _view(config: Config, frame: int | None, seconds: str | None) -> View:
    """Return the view of a config's last keyframe, or of one of its frames."""
    last = config.keyframes[-1]
    encoding = config.encoding
    if frame is None and seconds is None:
        return View(last.center, last.width, last.rotation, encoding.columns, encoding.rows)
    # Views do not depend on maxiter, which is not chosen here.
    keyframes = tuple(replace(each, maxiter=each.maxiter or 1) for each in config.keyframes)
    frames = FrameList(replace(config, keyframes=keyframes))
    if seconds is not None:
        try:
            return frames.at(Fraction(decimal_from(seconds))).view
        except ValueError:
            raise UsageError(
                f"--time {seconds}: {config.path} runs from 0 to {float(frames.seconds):g} seconds"
            ) from None
    try:
        assert frame is not None
        return frames[frame].view
    except IndexError:
        raise UsageError(
            f"--frame {frame}: {config.path} has frames 0 to {len(frames) - 1}"
        ) from None


def _reason(seen: Survey) -> str:
    """Return why there is nothing in a view."""
    sight = seen.search.sight
    if sight.seen == Seen.OUTSIDE:
        return (
            f"nothing here: the whole view lies outside the set, and escapes by step {sight.index}"
        )
    if sight.seen == Seen.INSIDE:
        return "nothing here: the view lies inside the set; look at its edge"
    if sight.seen == Seen.UNDECIDED:
        return f"nothing found: no minibrot in this view has a period up to {sight.index}"
    return (
        f"nothing found: a minibrot here would have a period of {sight.index} or more; "
        "try a smaller or a larger view"
    )


def _table(rows: list[Candidate], view: View) -> list[str]:
    center = ", ".join(f"{float(part):.10g}" for part in view.center)
    lines = [
        f"view {center}, width {short_text(view.width)}",
        "",
        "      place        period           size  from the centre",
    ]
    for index, row in enumerate(rows, 1):
        equation = row.equation
        period = (
            f"{equation.period}"
            if row.is_nucleus
            else (f"{equation.preperiod} + {equation.period}")
        )
        size = f"{row.size:.1e}" if row.is_nucleus else ""
        lines.append(f"{index:4}  {_kind(row):11}  {period:14} {size:>9}  {_away(row.offset)}")
    return lines


def _kind(row: Candidate) -> str:
    if row.is_nucleus:
        return "minibrot"
    return _kind_of_point(row.at(Point(Decimal(0), Decimal(0))))


def _kind_of_point(place: Place) -> str:
    assert isinstance(place, Misiurewicz)
    turn = abs(place.turn)
    return "spiral" if _SPIRAL_DEGREES < turn < 180.0 - _SPIRAL_DEGREES else "tip or hub"


def _away(offset: complex) -> str:
    """Return where a place is, in widths of the view."""
    parts = [
        f"{abs(part):.2g} {name[part > 0]}"
        for part, name in ((offset.real, ("left", "right")), (offset.imag, ("down", "up")))
        if abs(part) >= 5e-4
    ]
    return f"{', '.join(parts)} (of the width)" if parts else "in the middle"


def _exact(seen: Survey, chosen: Candidate, width: Decimal) -> Place:
    bits = BITS_BEYOND - min(log2(width), log2(chosen.size))
    if bits * sum(chosen.equation) > _WORTH_SAYING:
        say(f"finding its {round(bits * 0.30103)} digits")
    place = seen.search.exact(chosen, width)
    if place is None:
        raise NothingFound("the digits of this place could not be found; take another: --pick 2")
    return place


def _described(place: Place) -> str:
    """Return a comment's line about a place."""
    if isinstance(place, Nucleus):
        return (
            f"minibrot of period {place.period}, size {place.size:.2e}, "
            f"turned by {place.turn:.1f} degrees"
        )
    return (
        f"{_kind_of_point(place)}, preperiod {place.preperiod}, period {place.period}: "
        f"looks the same {place.shrink:.4g} times nearer, turned by {place.turn:.1f} degrees"
    )


def _write(target: Path, place: Place, width: Decimal, source: Path | None) -> None:
    """Write a config that zooms to a place."""
    found_in = f" In a view of {printable_name(source.name)}." if source is not None else ""
    text = config_to(place, width, f"To a {_described(place)}.{found_in}")
    load_config(target, text)
    make_folder(target.parent)
    write_durably(target, [text.encode()])
    show(f"\n{os.fspath(target)}; {command_for('plan', target)} says what it takes")
