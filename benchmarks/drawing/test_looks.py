"""Costs of the parts of a look: colouring by the sample, finishing and encoding by the pixel.

`extra_info` holds nanoseconds a sample of a band, and nanoseconds a pixel of a frame.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from pipeline.colour.look import Fog, Layer, Light, Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.colour.tones import Tones, ZoomTones
from pipeline.drawing.bloom import Bloom, Small
from pipeline.drawing.finish import Finish
from pipeline.drawing.picture import draw_rows
from pipeline.drawing.texture.paint import Tables, light_of
from pipeline.geometry.placement import Placement
from pipeline.geometry.projection import FLAT, projection_named
from pipeline.kernels.results import Traces
from pipeline.video.encoding import Encoding

pytest.importorskip("numba")

# As many knots as those of a zoom through 250 octaves.
_COUNTS = np.geomspace(2.0, 1e5, 3000)
_TONES = Tones(tuple(_COUNTS.tolist()), tuple((4 / _COUNTS).tolist()))
PLAIN = Look(
    "dusk", 1.0, 0.0, 0.0, "adaptive", (0, 0, 0), seam="auto", tones=ZoomTones(_TONES, _TONES)
)
LIGHT = Light(135.0, 45.0, 0.6)
LOOKS = {
    "adaptive (default)": PLAIN,
    "without seam": replace(PLAIN, seam="none"),
    "sqrt": replace(PLAIN, scale="sqrt", period=8.0),
    "log": replace(PLAIN, scale="log", period=1.6),
    "histogram": replace(PLAIN, scale="histogram", period=4.0),
    "with light": replace(PLAIN, light=LIGHT),
    "with light and highlight": replace(PLAIN, light=replace(LIGHT, highlight=0.25)),
    "with fog": replace(PLAIN, fog=Fog((22, 28, 46), 0.6, 60.0)),
    "with a layer by distance": replace(
        PLAIN,
        layers=(Layer("distance", "gray", 8.0, 0.0, "sqrt", "multiply", 0.5),),
    ),
}  # fmt: skip  # a table
ROWS, COLUMNS = 128, 4096


def samples():
    """Return rows like those of a busy band: filigree, calm stretches, and interior."""
    noise = np.random.default_rng(1)
    across = np.linspace(0, 40, COLUMNS)
    smooth = (
        200
        + 60 * np.sin(across)
        + noise.normal(0, 1 + 20 * (np.sin(3 * across) > 0.6), (ROWS, COLUMNS))
    )
    smooth[:, np.sin(5 * across) > 0.95] = np.nan
    values = [noise.random((ROWS, COLUMNS), np.float32) for _ in range(4)]
    traces = Traces(6 * values[0], *values[1:], np.zeros_like(values[0]))
    return Samples(smooth, traces, -1.0)


@pytest.mark.benchmark(group="colouring a sample")
@pytest.mark.parametrize("name", LOOKS)
def test_colouring(benchmark, name):
    rows, shader = samples(), Shader(LOOKS[name])

    def colour():
        for _ in shader.rows(rows, 0, 0, True):
            pass

    benchmark.pedantic(colour, rounds=7, warmup_rounds=1)
    benchmark.extra_info["ns_per_sample"] = 1e9 * benchmark.stats.stats.min / (ROWS * COLUMNS)


SIZE = 1920, 1080


def frame_light():
    light = np.random.default_rng(1).random((144, 3, SIZE[0]), np.float32)
    return light, light.size // 3


@pytest.mark.benchmark(group="drawing a pixel")
@pytest.mark.parametrize("part", ["from textures", "bloom", "grain", "Y'CbCr"])
def test_drawing(benchmark, part):
    light, pixels = frame_light()
    if part == "from textures":
        # A band of one level as large as it would be, looked up all over.
        columns, rows = 6920, 763
        texels = np.random.default_rng(1).integers(0, 1 << 32, 14 * 9_000_000, np.uint32)
        levels = 8
        sizes = np.array([[columns >> level, rows >> level] for level in range(levels)])
        step = int(1.4 * columns * rows)
        starts = np.cumsum([0, *((sizes[:, 0] + 2) * (sizes[:, 1] + 2))[:-1]])
        offsets = np.array([starts + band * step for band in range(11)])
        tables = Tables(
            offsets, np.tile(sizes[:, 0], (11, 1)), np.tile(sizes[:, 1], (11, 1)),
            np.empty(0, np.int64), np.empty(0, np.int64), 10.9, 10.2, 0.0, 0.0,
        )  # fmt: skip  # in the order of the fields
        place = (Placement(960.0, 540.0, 0.0, 0.3),)
        flat = projection_named(FLAT, *SIZE)
        pixels = SIZE[0] * SIZE[1]

        def work():
            for left in range(0, SIZE[0], 256):
                for top in range(0, SIZE[1], 144):
                    tile = top, 144, left, min(256, SIZE[0] - left)
                    light_of(tables, place, texels, flat, *tile)
    elif part == "bloom":
        small = Small(1080, SIZE[0])
        small.add(light, 0)
        bloom = Bloom.of(small.light, small.factor, 0.1)

        def work():
            bloom.add(light, 0, 0)
    elif part == "grain":
        finish = Finish(0.0, 0.05, 3)

        def work():
            finish.apply(light, 0, 0, 1080, None)
    else:
        encoding = Encoding(SIZE[0], 1080, Fraction(30), "h264", 18, "yuv420p", "faster")
        frame = np.empty(encoding.frame_bytes, np.uint8)

        def work():
            draw_rows(light, 0, encoding, frame)

    benchmark.pedantic(work, rounds=7, warmup_rounds=1)
    benchmark.extra_info["ns_per_pixel"] = 1e9 * benchmark.stats.stats.min / pixels


@pytest.mark.benchmark(group="drawing a pixel")
def test_spreading_the_light_of_a_frame(benchmark):
    small = Small(1080, SIZE[0])
    benchmark.pedantic(Bloom.of, (small.light, small.factor, 0.1), rounds=7, warmup_rounds=1)
    benchmark.extra_info["ns_per_pixel"] = 1e9 * benchmark.stats.stats.min / (SIZE[0] * 1080)
