"""Projections: pictures on a sphere, in a dome and in a tunnel, against points mapped one by one."""

import math

import numpy as np
import pytest

from pipeline.colour.oklab import srgb_from_linear
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.kernels.numpy_twin import escape_counts
from pipeline.render.loop import encode_missing as encode_missing
from tests.plan.test_zoom import SEAHORSE, Studio, loaded, psnr

pytest.importorskip("numba")

PICTURES = {
    "equirectangular": (192, 96),
    "fisheye": (128, 128),
    "tunnel": (160, 120),
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
    counts = escape_counts(points.real.ravel(), points.imag.ravel(), frame.maxiter, True)
    smooth = counts.smooth.reshape(points.shape)
    base = Shader(config.look)._layers[0]
    light = base.table[base.index(base.turns(Samples(smooth)), np.zeros(smooth.shape, np.float32))]
    light = light * inside[..., None]
    shape = encoding.rows, supersample, encoding.columns, supersample, 3
    return light.reshape(shape).mean((1, 3))


@pytest.mark.parametrize("projection", PICTURES)
@pytest.mark.parametrize("index", [0, 6, 20])
def test_a_projected_picture_is_close_to_points_mapped_one_by_one(tmp_path, projection, index):
    config, frames = loaded(tmp_path, text_of(projection))
    studio = Studio(config, frames, tmp_path / "counts")
    light = studio.light(studio.frame_plans[index])
    truth = direct(config, frames[index], 6)
    print(
        projection,
        index,
        psnr(light, truth),
        psnr(direct(config, frames[index], 1), truth),
        psnr(direct(config, frames[index], 2), truth),
    )
    import imageio.v3 as iio

    both = np.concatenate([srgb_from_linear(np.clip(x, 0, 1)) for x in (light, truth)], 0)
    iio.imwrite(f"/tmp/pj/cmp_{projection}_{index}.png", np.rint(both * 255).astype(np.uint8))
