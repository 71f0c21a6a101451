"""Pictures of the explorer: those of a film, from samples that are kept."""

import io
import math
from decimal import Decimal

import imageio.v3 as iio
import numpy as np
import pytest

import pipeline as mz
from pipeline.explorer.counting import count_samples
from pipeline.explorer.hand import Move, moved
from pipeline.explorer.plane import Plane
from pipeline.explorer.progressive import STEPS, ProgressiveRenderer, Strip
from pipeline.explorer.work import StoppedError
from pipeline.explorer.zoom_context import ZoomContext
from pipeline.geometry.point import Point
from pipeline.geometry.view import View

SHALLOW = View(Point(Decimal("-0.745"), Decimal("0.11")), Decimal("0.03"), Decimal(0), 96, 54)
TURNED = View(Point(Decimal("-0.745"), Decimal("0.11")), Decimal("0.03"), Decimal(20), 96, 54)
# At the tip of the antenna, where every digit of -2 is 0.
DEEP = View(Point(Decimal(-2), Decimal(0)), Decimal("1e-60"), Decimal(0), 96, 54)
MAXITER = 600
# How near two JPEGs of the same noisy picture are, cut in other places.
JPEG_DB = 35.0


def never() -> None:
    """Keep going."""


def fresh(explorer) -> ProgressiveRenderer:
    session = explorer.session
    explorer.renderer  # noqa: B018  # claims the folder, and starts the pool
    return ProgressiveRenderer(session.pool, ZoomContext(session.pool, session.references))


def drawn(parts, view, step):
    """Return the picture that a browser ends up with, from the strips down to a step."""
    picture = np.zeros((view.rows, view.columns, 3), np.uint8)
    for part in parts:
        if isinstance(part, Strip) and part.step >= step:
            image = iio.imread(io.BytesIO(part.jpeg))
            grown = image.repeat(part.rows // image.shape[0], 0)
            grown = grown.repeat(part.columns // image.shape[1], 1)
            here = picture[part.y : part.y + part.rows, part.x : part.x + part.columns]
            here[:] = grown[: here.shape[0], : here.shape[1]]
    return picture


def psnr(one, other):
    return 10 * math.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2))


def pictures(explorer, renderer, view, colour=None, **more):
    look = explorer.look(colour or {"scale": "log"})
    return list(renderer.pictures(view, look, MAXITER, never, **more))


FINISHED = {"scale": "log", "bloom": 0.4, "grain": 0.1}


@pytest.mark.parametrize("colour", [{"scale": "log"}, {"scale": "log", "light": {}}, FINISHED])
@pytest.mark.parametrize("view", [SHALLOW, TURNED, DEEP])
def test_a_picture_is_that_of_a_still(explorer, tmp_path, view, colour):
    parts = pictures(explorer, fresh(explorer), view, colour)
    with mz.Session(tmp_path / "still", workers=1) as session:
        same = mz.View(
            tuple(map(str, view.center)), str(view.width), size=(96, 54), rotation=view.rotation
        )
        look = explorer.look(colour)
        good = session.picture(same, look, MAXITER)
        draft = session.picture(same, look, MAXITER, quality="draft")
    # A JPEG keeps less of the grain.
    least = JPEG_DB - (2 if colour is FINISHED else 1)
    assert psnr(drawn(parts, view, 0.5), good) > least
    assert psnr(drawn(parts, view, 1.0), draft) > least


def test_pictures_come_from_coarse_to_fine(explorer):
    parts = pictures(explorer, fresh(explorer), SHALLOW)
    steps = [part.step for part in parts if isinstance(part, Strip)]
    assert steps == sorted(steps, reverse=True)
    # One of every second pixel comes only where all pixels take long.
    assert {*STEPS} - {2.0} <= {*steps} <= {*STEPS}
    facts = [(part.name, part.value) for part in parts if not isinstance(part, Strip)]
    assert facts[0] == ("maxiter", MAXITER)
    assert facts[-2:] == [("state", "full"), ("state", "fine")]


@pytest.mark.parametrize("colour", [{"scale": "log"}, {"scale": "log", "light": {}}])
@pytest.mark.parametrize("view", [SHALLOW, TURNED, DEEP])
def test_a_picture_after_a_pan_is_a_fresh_one(explorer, view, colour):
    renderer = fresh(explorer)
    pictures(explorer, renderer, view, colour)
    after = moved(view, Move(right_px=17, down_px=-9))
    panned = pictures(explorer, renderer, after, colour)
    anew = pictures(explorer, fresh(explorer), after, colour)
    for step in (1.0, 0.5):
        one, other = (drawn(parts, after, step) for parts in (panned, anew))
        assert psnr(one, other) > JPEG_DB
        # Where what was there meets what is new, no seam is left.
        assert psnr(one[:, 14:20], other[:, 14:20]) > JPEG_DB - 2


def test_samples_after_a_pan_are_fresh_ones(explorer):
    zoom_context = fresh(explorer).zoom_context
    whole = Plane(SHALLOW, 1.0, MAXITER, None)
    whole.fill(whole.whole, count_samples(zoom_context.grid(SHALLOW, MAXITER)).smooth, None)
    after = moved(SHALLOW, Move(right_px=17, down_px=-9))
    panned = Plane(after, 1.0, MAXITER, None)
    panned.take_from(whole)
    assert panned.known.mean() > 0.6
    for rect in panned.missing():
        panned.fill(rect, count_samples(zoom_context.grid(panned.part(rect), MAXITER)).smooth, None)
    assert panned.known.all()
    anew = count_samples(zoom_context.grid(after, MAXITER)).smooth
    # Points are rounded from another centre: a few differ by the last bit.
    np.testing.assert_allclose(panned.smooth, anew, rtol=0, atol=1e-5)


def test_a_pan_counts_only_what_is_new(explorer):
    renderer = fresh(explorer)
    pictures(explorer, renderer, SHALLOW)
    after = moved(SHALLOW, Move(right_px=8))
    parts = pictures(explorer, renderer, after, shown_step=0.5)
    sent = [part for part in parts if isinstance(part, Strip) and part.step == 1.0]
    # And two columns whose light depends on it.
    assert sum(part.columns * part.rows for part in sent) == 10 * 54


def test_another_look_counts_nothing(explorer):
    renderer = fresh(explorer)
    pictures(explorer, renderer, SHALLOW)
    ember = {"palette": "ember", "scale": "log"}
    for step in (1.0, 0.5):
        assert not renderer._plane(SHALLOW, step, MAXITER, explorer.look(ember)).missing()
    again = pictures(explorer, renderer, SHALLOW, ember)
    anew = pictures(explorer, fresh(explorer), SHALLOW, ember)
    assert psnr(drawn(again, SHALLOW, 0.5), drawn(anew, SHALLOW, 0.5)) > JPEG_DB


def test_a_stale_picture_stops_and_leaves_nothing_in_the_pool(explorer):
    renderer, left = fresh(explorer), 40

    def check():
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError

    def take():
        nonlocal left
        for part in renderer.pictures(SHALLOW, explorer.look({"scale": "log"}), MAXITER, check):
            if isinstance(part, Strip) and part.step == 1.0:
                left = 0

    with pytest.raises(StoppedError):
        take()
    assert not explorer.session.pool.in_flight
    # What was counted is kept.
    kept = renderer._plane(SHALLOW, 1.0, MAXITER, explorer.look({"scale": "log"}))
    assert kept.known.any()
    assert pictures(explorer, renderer, SHALLOW)[-1].value == "fine"
