"""Projections: pictures on a sphere, in a dome and in a tunnel, against points mapped one by one."""

import json
import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import imageio.v3 as iio
import numpy as np
import pytest

from pipeline.colour.oklab import srgb_from_linear
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.config.load import load_config
from pipeline.counts.store import Store
from pipeline.drawing.texture import pieces as cutting
from pipeline.plan.frame_plan import FramePlans
from pipeline.player.scene import Scene
from pipeline.timeline.frames import FrameList
from pipeline.video.ffmpeg import count_frames
from tests.plan.test_zoom import SEAHORSE, Studio, loaded, psnr

pytest.importorskip("numba")

PICTURES = {
    "equirectangular": (192, 96),
    "fisheye": (128, 128),
    "tunnel": (160, 120),
}

SIZES = {
    "equirectangular": "width: 640, height: 320",
    "fisheye": "width: 272, height: 256",
    "tunnel": "width: 320, height: 240",
}


def text_of(projection, start="[-0.75, 0]"):
    columns, rows = PICTURES[projection]
    start = SEAHORSE if projection == "tunnel" else start
    return f"""\
video: {{width: {columns}, height: {rows}, fps: 10, projection: {projection}}}
maxiter: 400
keyframes:
  - {{time: 0, center: {start}, width: 3.5}}
  - {{time: 2, center: {SEAHORSE}, width: 3e-3, rotation: 50}}
"""


def shown(projection, view, target, columns, rows, supersample):
    """Return the points that a picture shows, and which of them lie in it, one by one."""
    column, row = np.meshgrid(
        (np.arange(columns * supersample) + 0.5) / supersample,
        (np.arange(rows * supersample) + 0.5) / supersample,
    )
    turned = np.exp(1j * math.radians(float(view.rotation)))
    width = float(view.width)
    if projection == "tunnel":
        angle = 2 * np.pi * column / columns
        radius = math.hypot(1, rows / columns) / 2 * np.exp(-2 * np.pi * row / columns)
        return target + width * turned * radius * np.exp(1j * angle), np.ones(row.shape, bool)
    if projection == "equirectangular":
        longitude = (column / columns - 0.5) * 2 * np.pi
        latitude = (0.5 - row / rows) * np.pi
        right, up = np.cos(latitude) * np.sin(longitude), np.sin(latitude)
        from_ahead = np.arccos(np.cos(latitude) * np.cos(longitude))
    else:
        right, up = column - columns / 2, rows / 2 - row
        from_ahead = np.hypot(right, up) / (min(columns, rows) / 2) * np.pi / 2
    # 45° beside the middle lies the edge of the flat picture.
    radius = 0.5 * np.tan(from_ahead / 2) / math.tan(math.pi / 8)
    offset = radius * np.exp(1j * np.arctan2(up, right))
    center = complex(*map(float, view.center))
    point = center + width * turned * offset
    away = point - target
    # The rings end behind the viewer.
    most = 2.0 ** math.ceil(math.log2(128 * 3.5))
    point = np.where(abs(away) > most, target + away * most / abs(away), point)
    return point, from_ahead <= np.pi / 2 if projection == "fisheye" else np.ones(row.shape, bool)


def direct(config, frame, supersample):
    """Return a picture's light, the mean of the colours of points."""
    encoding = config.encoding
    target = complex(*map(float, config.keyframes[-1].center))
    points, inside = shown(
        encoding.projection, frame.view, target, encoding.columns, encoding.rows, supersample
    )
    # In a module that needs numba; its counts are held to numpy's elsewhere.
    from pipeline.kernels.cpu.float64.counts import escape_counts

    counts = escape_counts(points.real.ravel(), points.imag.ravel(), frame.maxiter, True)
    smooth = counts.smooth.reshape(points.shape)
    base = Shader(config.look)._layers[0]
    light = base.table[base.index(base.turns(Samples(smooth)), np.zeros(smooth.shape, np.float32))]
    light = light * inside[..., None]
    shape = encoding.rows, supersample, encoding.columns, supersample, 3
    return light.reshape(shape).mean((1, 3))


@pytest.mark.parametrize("projection", PICTURES)
@pytest.mark.parametrize("index", [0, 6, 20])
def test_a_projected_picture_is_as_close_to_the_truth_as_four_points_a_pixel(
    tmp_path, projection, index
):
    """Beside the target at first, turned later; against 6 × 6 points a pixel, mapped one by one."""
    config, frames = loaded(tmp_path, text_of(projection))
    studio = Studio(config, frames, tmp_path / "counts")
    frame = frames[index]
    truth = direct(config, frame, 6)
    ours = psnr(studio.light(studio.frame_plans[index]), truth)
    assert ours > psnr(direct(config, frame, 2), truth) - 1
    assert ours > psnr(direct(config, frame, 1), truth) + 4


def test_the_middle_of_the_deepest_picture_is_as_good_as_the_rest(tmp_path):
    """The core is shown there, and around it the innermost rings."""
    for projection, half in (("equirectangular", 16), ("fisheye", 20)):
        config, frames = loaded(tmp_path, text_of(projection))
        studio = Studio(config, frames, tmp_path / "counts")
        assert len(studio.frame_plans.zooms[0].bands) in studio.frame_plans[20].needed
        rows, columns = config.encoding.rows, config.encoding.columns
        middle = np.s_[
            rows // 2 - half : rows // 2 + half, columns // 2 - half : columns // 2 + half
        ]
        truth = direct(config, frames[20], 6)[middle]
        ours = psnr(studio.light(studio.frame_plans[20])[middle], truth)
        assert ours > psnr(direct(config, frames[20], 2)[middle], truth)


def test_the_left_edge_of_a_sphere_goes_on_where_the_right_one_ends(tmp_path):
    """Across the seam light changes as it does between any two columns."""
    config, frames = loaded(tmp_path, text_of("equirectangular"))
    studio = Studio(config, frames, tmp_path / "counts")
    for index in (0, 9, 20):
        srgb = srgb_from_linear(np.clip(studio.light(studio.frame_plans[index]), 0, 1))
        change = np.abs(np.diff(np.concatenate([srgb, srgb[:, :1]], axis=1), axis=1)).mean((0, 2))
        assert change[-1] <= 1.5 * np.quantile(change, 0.9)


def test_a_dome_is_black_outside_its_circle(tmp_path):
    config, frames = loaded(
        tmp_path, text_of("fisheye").replace("width: 128, height: 128", "width: 160, height: 90")
    )
    studio = Studio(config, frames, tmp_path / "counts")
    light = studio.light(studio.frame_plans[9]).sum(2)
    row, column = np.mgrid[:90, :160] + 0.5
    away = np.hypot(column - 80, row - 45)
    assert not light[away > 46].any()
    assert light[away < 44].any()


@pytest.mark.parametrize("projection", PICTURES)
def test_the_bands_reach_all_that_every_picture_shows(tmp_path, projection):
    config, frames = loaded(tmp_path, text_of(projection))
    frame_plans = FramePlans(config, frames)
    (zoom,) = frame_plans.zooms
    target = complex(*map(float, config.keyframes[-1].center))
    for index in range(len(frames)):
        view, plan = frames[index].view, frame_plans[index]
        points, inside = shown(projection, view, target, *PICTURES[projection], 1)
        radius = np.log2(abs(points - target)[inside])
        assert zoom.octave + 1 - plan.needed.start >= min(radius.max(), zoom.octave + 1)
        # Smaller rings than those are points in the picture.
        assert (
            plan.needed.stop > len(zoom.bands) or zoom.octave + 1 - plan.needed.stop <= radius.min()
        )
    if projection == "tunnel":
        assert all(len(zoom.bands) not in frame_plans[index].needed for index in range(len(frames)))


@pytest.mark.parametrize("projection", PICTURES)
def test_pictures_are_the_same_however_textures_are_cut(tmp_path, monkeypatch, projection):
    """What a picture needs of a texture is all that it shows of it."""
    # So large that bands have five levels, and a multiple of four rows, as all have that are cut.
    columns, rows = PICTURES[projection]
    text = text_of(projection).replace(f"width: {columns}, height: {rows}", SIZES[projection])
    config, frames = loaded(tmp_path, text)
    pictures = []
    for cuts in ((), (1, 2)):
        monkeypatch.setattr(cutting, "_CUTS", ((math.inf, cuts),))
        studio = Studio(config, frames, tmp_path / "counts")
        shown = []
        for index in (4, 14):
            plan = studio.frame_plans[index]
            studio.textures.keep_only(set(studio.textures.pieces.needed(plan)))
            shown.append(studio.light(plan))
        pictures.append(shown)
        studio.arena.close()
    np.testing.assert_array_equal(*pictures)


def test_a_sphere_takes_the_counts_of_the_flat_film_and_computes_what_that_does_not_show(tmp_path):
    config, frames = loaded(tmp_path, text_of("equirectangular"))
    flat = replace(config, encoding=replace(config.encoding, projection="flat"))
    (own,), (others,) = (FramePlans(each, frames).zooms for each in (config, flat))
    store = Store(tmp_path)
    shared = [band for band in own.bands if band.geometry.octave <= others.octave]
    assert len(own.bands) - len(shared) in range(6, 9)
    for band in shared:
        index = others.octave - band.geometry.octave
        assert others.bands[index].geometry == band.geometry.multiplied(Fraction(2))
        path = store.path(others.bands[index])
        path.touch()
        assert store.reusable(band)[0].path == path
        path.unlink()
    assert own.core.key() == others.core.key()


def test_the_player_shows_the_zoom_flat(tmp_path):
    config, frames = loaded(tmp_path, text_of("equirectangular"))
    flat = replace(config, encoding=replace(config.encoding, projection="flat"))
    scene, expected = (Scene.of(each, frames) for each in (config, flat))
    assert scene.facts() == expected.facts()
    assert scene.zooms[0].grids == expected.zooms[0].grids


def test_an_open_shutter_sees_a_sphere_move(tmp_path):
    config, frames = loaded(tmp_path, text_of("equirectangular"))
    blurred = replace(config, motion_blur=Decimal("0.5"))
    studio = Studio(blurred, frames, tmp_path / "counts")
    plan = studio.frame_plans[9]
    assert len(plan.exposures) > 3
    sharp = [studio.light(replace(plan, exposures=(each,))) for each in plan.exposures]
    np.testing.assert_allclose(studio.light(plan), np.mean(sharp, axis=0), atol=1e-5)


def test_what_is_far_out_has_the_limit_of_the_first_picture(tmp_path):
    text = text_of("equirectangular").replace("width: 3e-3", "width: 3e-3, maxiter: 90000")
    (zoom,) = FramePlans(*loaded(tmp_path, text)).zooms
    limits = [band.maxiter for band in zoom.bands]
    assert limits == sorted(limits)
    assert limits[0] < 1000
    assert limits[-1] == 90_000


FILM = """\
video: {width: 96, height: 48, fps: 10, projection: equirectangular}
maxiter: 300
keyframes:
  - {time: 0, center: [-0.75, 0], width: 3.5}
  - {time: 1, center: [-0.7436438, 0.1318259], width: 0.05}
"""


def test_a_projected_film_is_the_same_whoever_draws_it_and_goes_on_where_it_was_stopped(cli):
    config = cli.config(FILM)
    cli.done("zoom", config)
    video = cli.output / "small.mp4"
    whole = video.read_bytes()
    assert count_frames(video) == 11
    for segment in (cli.output / "small/segments").iterdir():
        segment.unlink()
    video.unlink()
    # Half of the counts are left.
    for path in sorted((cli.output / "small/counts").glob("*.counts"))[::2]:
        path.unlink()
    config.write_text(FILM + "render: {workers: 1}\n")
    cli.done("zoom", config)
    # The file tells its config, of which workers are no part.
    assert video.read_bytes() == whole


def test_a_film_in_another_projection_computes_what_no_film_before_it_showed(cli):
    flat = FILM.replace(", projection: equirectangular", "") + "render: {reuse: bands}\n"
    config = cli.config(flat)
    cli.done("zoom", config)
    config.write_text(FILM)
    cli.done("zoom", config)
    loaded_config = load_config(config)
    frames = FrameList(loaded_config)
    (zoom,) = FramePlans(loaded_config, frames).zooms
    (shown,) = FramePlans(load_config(cli.config(flat, "flat")), frames).zooms
    beyond = [band.samples for band in zoom.bands if band.geometry.octave > shown.octave]
    report = json.loads((cli.output / "small/report.json").read_text())
    assert report["pixels_computed"] == sum(beyond)


def test_a_still_is_a_picture_of_the_film_and_computes_its_bands_alone(cli):
    config = cli.config(FILM.replace("fps: 10", "fps: 10, codec: png"))
    cli.done("zoom", config)
    cli.done("still", config, "--frame", "7")
    film = iio.imread(cli.output / "small-frames/000007.png")
    still = iio.imread(cli.output / "small-000007.png")
    assert np.abs(film.astype(int) - still).max() <= 1
    refused = cli.run("still", config, "--raw", cli.folder / "a.npz")
    assert refused.returncode == 2
    assert "projection: flat" in refused.stderr


def test_plan_says_the_projection(cli):
    assert ", equirectangular\n" in cli.done("plan", cli.config(FILM))
