"""Bloom spreads light and loses none; grain is new in each frame; both know no tiles."""

from dataclasses import replace
from itertools import pairwise

import imageio.v3 as iio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config.load import load_config
from pipeline.drawing.bloom import Bloom, Small, reduction
from pipeline.drawing.finish import Finish
from pipeline.drawing.texture.pieces import Pieces
from pipeline.geometry.projection import projection_named
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.plan.frame_plan import FramePlans
from pipeline.timeline.frames import FrameList
from tests.conftest import SMALL

sizes = st.integers(8, 240)


def picture(rows, columns, seed=1):
    return np.random.default_rng(seed).random((rows, 3, columns), np.float32)


def bloom_of(light, part):
    rows, _, columns = light.shape
    small = Small(rows, columns)
    small.add(light, 0)
    return Bloom.of(small.light, small.factor, part)


def finished(light, finish, tile_rows=None, tile_columns=None):
    light = light.copy()
    rows, _, columns = light.shape
    bloom = bloom_of(light, finish.bloom) if finish.bloom else None
    down, across = tile_rows or rows, tile_columns or columns
    for top in range(0, rows, down):
        for left in range(0, columns, across):
            tile = light[top : top + down, :, left : left + across].copy()
            finish.apply(tile, top, left, min(rows, columns), bloom)
            light[top : top + down, :, left : left + across] = tile
    return light


@settings(deadline=None)
@given(rows=sizes, columns=sizes, part=st.floats(0.01, 1), level=st.floats(0, 1, width=32))
def test_an_even_picture_stays_as_it_is(rows, columns, part, level):
    even = np.full((rows, 3, columns), level, np.float32)
    np.testing.assert_allclose(finished(even, Finish(part, 0.0, 0)), even, rtol=0, atol=2e-6)


@settings(deadline=None)
@given(rows=sizes, columns=sizes, down=sizes, across=sizes, frame=st.integers(0, 10**6))
def test_the_cut_into_tiles_does_not_show(rows, columns, down, across, frame):
    light = picture(rows, columns)
    finish = Finish(0.3, 0.1, frame)
    np.testing.assert_array_equal(finished(light, finish, down, across), finished(light, finish))


@settings(deadline=None)
@given(rows=sizes, columns=sizes, cut=sizes)
def test_the_small_picture_is_the_mean_of_the_large_however_its_rows_come(rows, columns, cut):
    light = picture(rows, columns)
    small = Small(rows, columns)
    for first in range(0, rows, cut):
        small.add(light[first : first + cut], first)
    factor = reduction(rows, columns)
    for row, column in ((0, 0), (-1, -1)):
        slices = [
            slice(range(0, size, factor)[at], size if at else factor)
            for size, at in ((rows, row), (columns, column))
        ]
        expected = light[slices[0], :, slices[1]].mean((0, 2))
        np.testing.assert_allclose(small.light[row, :, column], expected, rtol=1e-4)
    assert min(small.light.shape[::2]) <= 90


@pytest.mark.parametrize("size", [(360, 640), (54, 96), (1080, 608)])
def test_a_lamp_has_a_halo_that_falls_off_on_all_sides(size):
    rows, columns = size
    light = np.zeros((rows, 3, columns), np.float32)
    half = max(1, min(size) // 60)
    middle = np.s_[
        rows // 2 - half : rows // 2 + half, :, columns // 2 - half : columns // 2 + half
    ]
    light[middle] = 1
    after = finished(light, Finish(0.2, 0.0, 0))
    assert after[middle].max() == pytest.approx(0.8, abs=0.1)
    # No light is lost: the halo holds what the lamp gave.
    assert after.sum() == pytest.approx(light.sum(), rel=0.01)
    side = min(size)
    for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        halo = [
            after[rows // 2 + round(step[0] * away * side), 0, columns // 2 + round(step[1] * away * side)]
            for away in (0.1, 0.15, 0.2, 0.25)
        ]  # fmt: skip  # a list
        assert all(near > far > 0 for near, far in pairwise(halo))


def test_the_halo_is_as_wide_in_a_preview_as_in_the_film():
    halos = []
    for rows in (180, 720, 1440):
        light = np.zeros((rows, 3, 2 * rows), np.float32)
        light[rows // 3 : rows // 2] = 1
        after = finished(light, Finish(0.2, 0.0, 0))
        halos.append(after[:: rows // 90, 0, rows])
    for other in halos[1:]:
        # But for the edges of the lamp itself, which a large picture draws sharper.
        assert np.quantile(np.abs(other - halos[0]), 0.9) < 0.004


@pytest.mark.skipif(not HAVE_NUMBA, reason="numba is not installed")
@settings(deadline=None)
@given(rows=sizes, columns=sizes, first_row=sizes, first_column=sizes)
def test_compiled_and_plain_bloom_are_alike(rows, columns, first_row, first_column):
    from pipeline.drawing.bloom import add_spread_numpy
    from pipeline.drawing.bloom_numba import add_spread

    bloom = bloom_of(picture(480, 640), 0.3)
    compiled, plain = picture(rows, columns, 2), picture(rows, columns, 2)
    facts = bloom.spread, bloom.factor, np.float32(0.3), first_row, first_column
    add_spread(*facts, compiled)
    add_spread_numpy(*facts, plain)
    np.testing.assert_allclose(compiled, plain, rtol=0, atol=2e-6)


@pytest.mark.parametrize("side", [54, 720, 2160])
def test_grain_varies_brightness_alone_by_as_much_as_is_said_and_anew_in_each_frame(side):
    light = np.full((side, 3, side), 0.4, np.float32)
    light[:, 1] = 0.2
    first, next_one = (finished(light, Finish(0.0, 0.05, frame)) for frame in (7, 8))
    assert (first / light).mean() == pytest.approx(1, abs=0.01)
    assert (first / light).std() == pytest.approx(0.05, rel=0.15)
    np.testing.assert_allclose(first[:, 1] / first[:, 0], 0.5, rtol=1e-5)
    assert abs(np.corrcoef(first[:, 0].ravel(), next_one[:, 0].ravel())[0, 1]) < 0.2
    np.testing.assert_array_equal(first, finished(light, Finish(0.0, 0.05, 7)))
    dark = np.zeros_like(light)
    np.testing.assert_array_equal(finished(dark, Finish(0.0, 1.0, 7)), dark)


@pytest.mark.parametrize("quality", ["draft", "good", "best"])
@pytest.mark.parametrize(
    ("size", "kind"),
    [
        *(((side, 9 * side // 16), "flat") for side in (640, 1280, 1920, 3840)),
        ((1080, 1920), "flat"),
        ((1280, 720), "tunnel"),
        ((1080, 1080), "fisheye"),
        ((3840, 1920), "equirectangular"),
    ],
)
def test_the_small_picture_looks_up_only_levels_that_are_always_painted(cli, size, kind, quality):
    """Its levels lie in the coarsest piece, which every frame has of all that it shows."""
    columns, rows = size
    text = SMALL.replace(
        "width: 96, height: 54", f"width: {columns}, height: {rows}, projection: {kind}"
    )
    path = cli.config(text.replace("workers: 2", f"workers: 2, quality: {quality}"))
    config = load_config(path)
    plans = FramePlans(config, FrameList(config))
    pieces = Pieces(plans.zooms, projection_named(kind, columns, rows))
    factor = reduction(rows, columns)
    for index in range(0, len(plans), 4):
        plan = plans[index]
        projection = projection_named(kind, -(-columns // factor), -(-rows // factor))
        reduced = tuple(at.reduced(factor) for at in plan.exposures)
        small = replace(plan, exposures=reduced, projection=projection)
        whole = Pieces(plans.zooms, projection)
        for grid in plan.needed:
            (first, _), *_ = reversed(pieces.ranges(0, grid))
            assert whole._finest(small, grid) >= first


def test_a_film_with_bloom_and_grain_is_the_same_whoever_draws_it(cli):
    text = SMALL.replace("fps: 10", "fps: 5, codec: png") + "colour: {bloom: 0.3, grain: 0.04}\n"
    cli.done("zoom", cli.config(text.replace("workers: 2", "workers: 1"), "one"))
    cli.done("zoom", cli.config(text, "two"))
    cli.done("zoom", cli.config(text.replace("0.04", "0").replace("0.3", "0"), "plain"))
    one, two, plain = (
        [iio.imread(path) for path in sorted((cli.output / f"{name}-frames").iterdir())]
        for name in ("one", "two", "plain")
    )
    assert len(one) == len(two) == 11
    np.testing.assert_array_equal(one, two)
    # Light falls on the black of the set, where there was none.
    black = plain[0].sum(axis=2) == 0
    assert black.mean() > 0.02
    assert one[0][black].mean() > 1
    # A still has its frame's bloom and grain.
    cli.done("still", cli.folder / "two.yaml", "--frame", "0")
    (still,) = (iio.imread(path) for path in cli.output.glob("two*.png"))
    apart = np.abs(still.astype(int) - two[0].astype(int))
    assert np.median(apart) <= 2
    assert np.median(np.abs(still.astype(int) - plain[0].astype(int))) > 3
