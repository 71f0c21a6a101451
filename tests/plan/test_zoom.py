"""Zooms: bands that hold all that frames show, and frames drawn from them like those of their own."""

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from pipeline.colour.oklab import srgb_from_linear
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.config.load import load_config
from pipeline.counts.compute import count_chunks, counts_of_rows
from pipeline.counts.orbits.tables import References
from pipeline.counts.sample_grid import SampleGrid
from pipeline.counts.store import Store
from pipeline.drawing.arena import Arena
from pipeline.drawing.finish import Finish
from pipeline.drawing.frame import draw_rgb
from pipeline.drawing.texture import pieces as cutting
from pipeline.drawing.texture.cache import Textures
from pipeline.drawing.texture.layout import texels_in
from pipeline.drawing.texture.paint import light_of, paint
from pipeline.drawing.texture.pieces import Pieces
from pipeline.geometry.band import Band
from pipeline.geometry.projection import projection_named
from pipeline.plan import zoom as zooms
from pipeline.plan.frame_plan import FramePlan, FramePlans
from pipeline.plan.zoom import zoom_of
from pipeline.prepare.reference_orbits import steps_wanted
from pipeline.timeline.frames import FrameList

pytest.importorskip("numba")

SEAHORSE = "[-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]"

GLIDE = f"""\
video: {{width: 320, height: 180, fps: 10}}
maxiter: 2000
keyframes:
  - {{time: 0, center: [-0.75, 0], width: 3.5}}
  - {{time: 3, center: {SEAHORSE}, width: 1e-7, rotation: 40}}
"""


def loaded(tmp_path, text):
    path = tmp_path / "zoom.yaml"
    path.write_text(text)
    config = load_config(path)
    # A scale whose tones need not be found before.
    config = replace(config, look=replace(config.look, scale="sqrt", period=8.0, seam="none"))
    return config, FrameList(config)


class Studio:
    """Counts, colours and draws single frames, in this process."""

    def __init__(self, config, frames, folder):
        self.config = config
        self.frame_plans = FramePlans(config, frames)
        self.store = Store(folder)
        folder.mkdir(exist_ok=True)
        self.references = References(folder, folder / "tables")
        encoding = config.encoding
        self.size = encoding.columns, encoding.rows
        projection = projection_named(encoding.projection, *self.size)
        pieces = Pieces(self.frame_plans.zooms, projection)
        self.arena = Arena(2 * pieces.most_bytes)
        self.textures = Textures(pieces, self.store, self.arena)

    def count(self, grid: SampleGrid) -> None:
        if self.store.holds(grid):
            return
        for target, steps in steps_wanted([grid]).items():
            self.references.orbit(target).extend(steps, 1e9)
        block = count_chunks(grid.with_references(self.references), 0, grid.chunks)
        self.store.save(grid, block.chunks, block.unresolved, block.iterations)

    def light(self, frame_plan: FramePlan) -> np.ndarray:
        """Return a frame's light from bands, shape (rows, columns, 3)."""
        needed = frame_plan.needed
        bands = frame_plan.zoom.bands
        for index in range(max(needed.start - 1, 0), min(needed.stop + 1, len(bands))):
            self.count(bands[index])
        self.count(frame_plan.zoom.core)
        for piece in sorted(self.textures.pieces.needed(frame_plan)):
            if not self.textures.known(piece):
                well, _ = paint(self.textures.begin(piece), self.config.look, self.arena.map)
                assert well
                self.textures.finish(piece)
        light = light_of(
            self.textures.tables(frame_plan), frame_plan.exposures, texels_in(self.arena.map),
            frame_plan.projection, 0, self.size[1], 0, self.size[0],
        )  # fmt: skip  # one call
        return light.transpose(0, 2, 1)

    def direct(self, frame, supersample: int, smoothed: bool = True) -> np.ndarray:
        """Return a frame's light from its own grid; without smoothing, colours at points."""
        grid = frame.grid(supersample, self.references)
        for target, steps in steps_wanted([grid]).items():
            self.references.orbit(target).extend(steps, 1e9)
        counts = counts_of_rows(grid, 0, grid.rows)
        smooth = counts.smooth.reshape(grid.rows, grid.columns)
        shader = Shader(self.config.look)
        if smoothed:
            return shader.light(smooth, supersample)
        rows, columns = self.size[1], self.size[0]
        # So far apart that no sample has a neighbour like it, and none is averaged with any.
        base = shader._layers[0]
        flat = base.table[
            base.index(base.turns(Samples(smooth)), np.zeros(smooth.shape, np.float32))
        ]
        return flat.reshape(rows, supersample, columns, supersample, 3).mean((1, 3))


def psnr(picture, truth) -> float:
    """Return the peak signal-to-noise ratio of sRGB values, in dB."""
    difference = srgb_from_linear(np.clip(picture, 0, 1)) - srgb_from_linear(np.clip(truth, 0, 1))
    return -10 * math.log10(np.mean(difference**2))


@pytest.mark.parametrize(
    "index", [0, *(pytest.param(index, marks=pytest.mark.slow) for index in (7, 15, 22, 30))]
)
def test_a_frame_from_bands_is_as_close_to_the_truth_as_four_samples_a_pixel(tmp_path, index):
    """Off the centre at first, turned later; against 8 × 8 samples a pixel."""
    config, frames = loaded(tmp_path, GLIDE)
    studio = Studio(config, frames, tmp_path / "counts")
    frame = frames[index]
    frame_plan = studio.frame_plans[index]
    truth = studio.direct(frame, 8)
    bands = psnr(studio.light(frame_plan), truth)
    assert bands > psnr(studio.direct(frame, 2, smoothed=False), truth) + 1
    assert bands > psnr(studio.direct(frame, 2), truth) - 1.2
    assert bands > psnr(studio.direct(frame, 1), truth) + 1


def test_nothing_shimmers_in_a_slow_zoom(tmp_path):
    """The change from frame to frame is no larger than that of 8 × 8 samples a pixel."""
    text = GLIDE.replace("width: 1e-7, rotation: 40", "width: 0.5").replace(
        "-0.75, 0]", SEAHORSE[1:]
    )
    text = text.replace("width: 3.5", "width: 0.6").replace("fps: 10", "fps: 20")
    text = text.replace("width: 320, height: 180", "width: 160, height: 90")
    config, frames = loaded(tmp_path, text)
    studio = Studio(config, frames, tmp_path / "counts")
    ours, truths = [], []
    for index in range(20, 26):
        ours.append(srgb_from_linear(studio.light(studio.frame_plans[index]).astype(float)))
        truths.append(srgb_from_linear(studio.direct(frames[index], 8).astype(float)))
    change = np.abs(np.diff(ours, axis=0)).mean()
    assert change <= np.abs(np.diff(truths, axis=0)).mean()


@pytest.mark.parametrize("rotation", [0, 33, 180])
def test_bands_and_core_show_no_seam(tmp_path, rotation):
    """A picture whose light changes slowly does so across rings, the angle's end and the core."""
    text = GLIDE.replace("rotation: 40", f"rotation: {rotation}").replace(
        "maxiter: 2000", "maxiter: 60"
    )
    text = text.replace(SEAHORSE, "[-2.4, 0.3]").replace("1e-7", "0.01")
    # Far outside the set counts change by hundredths from pixel to pixel.
    config, frames = loaded(tmp_path, text)
    studio = Studio(config, frames, tmp_path / "counts")
    for index in (0, 11, 24, 30):
        light = studio.light(studio.frame_plans[index])
        direct = studio.direct(frames[index], 2)
        error = np.abs(srgb_from_linear(light) - srgb_from_linear(direct))
        if index == 0:
            # The set itself is in this one.
            error = error[:, : error.shape[1] // 8]
        assert error.max() < 0.02


def test_the_bands_reach_every_corner_where_the_zoom_goes_on_to_another_target(tmp_path):
    """Off the picture's corner: it moves off by a third before it comes to the middle."""
    text = GLIDE.replace(f"{SEAHORSE}, width: 1e-7", "[-0.7434, 0.1319], width: 1e-3")
    text += f"  - {{time: 6, center: {SEAHORSE}, width: 1e-7}}\nrender: {{reuse: bands}}\n"
    config, frames = loaded(tmp_path, text)
    frame_plans = FramePlans(config, frames)
    for index in range(len(frames)):
        zoom, (placement,) = frame_plans[index].zoom, frame_plans[index].exposures
        outermost = zoom.octave + 1 - placement.log2_spacing
        assert 2.0**outermost > placement.far_px(320, 180)
    away = [frame_plans[index].exposures[0] for index in range(31, 61)]
    assert max(abs(placement.x - 160) for placement in away) > 0.26 * 320
    named = loaded(tmp_path, text.replace("1e-3,", "1e-3, ease: linear,"))
    assert FramePlans(*named).legs[1].octave <= zoom.octave


def test_the_bands_reach_every_corner_of_every_frame_and_the_core_fills_the_middle(tmp_path):
    config, frames = loaded(tmp_path, GLIDE)
    frame_plans = FramePlans(config, frames)
    (zoom,) = frame_plans.zooms
    for index in range(len(frames)):
        frame_plan = frame_plans[index]
        (placement,) = frame_plan.exposures
        outer = zoom.octave + 1 - frame_plan.needed.start
        assert 2.0 ** (outer - placement.log2_spacing) > placement.far_px(320, 180)
        inner = zoom.octave + 1 - frame_plan.needed.stop
        assert (
            frame_plan.needed.stop == len(zoom.bands) + 1
            or 2.0 ** (inner - placement.log2_spacing) < 1
        )
    edge = 2.0**zoom.core_exponent
    core = zoom.core.geometry
    assert float(core.width) / 2 > 1.01 * edge
    # As dense at its edge as the innermost band.
    band = zoom.bands[-1].geometry
    assert isinstance(band, Band)
    assert 0.9 < float(core.spacing()) / (2 * math.pi * edge / band.columns) < 2.2


def test_a_frame_needs_the_window_of_octaves_that_it_shows_whatever_the_depth(tmp_path):
    text = GLIDE.replace("1e-7, rotation: 40", "1e-60").replace("maxiter: 2000", "maxiter: 100")
    text += "render: {reuse: bands}\n"
    config, frames = loaded(tmp_path, text)
    frame_plans = FramePlans(config, frames)
    assert len(frame_plans.zooms[0].bands) > 200
    most = max(len(frame_plans[index].needed) for index in range(len(frames)))
    assert most <= math.log2(math.hypot(320, 180) / 2 / 0.35) + 3


def test_times_rotation_and_easing_are_no_part_of_a_zoom(tmp_path):
    config, frames = loaded(tmp_path, GLIDE)
    keys = FramePlans(config, frames).zooms[0].keys
    other, again = loaded(
        tmp_path,
        GLIDE.replace("time: 3", "time: 9").replace("40", "-7").replace("3.5}", "3.5, ease: in}"),
    )
    assert FramePlans(other, again).zooms[0].keys == keys


def test_legs_with_the_same_target_share_their_bands_and_a_pan_is_drawn_by_frames(tmp_path):
    text = GLIDE + (
        "  - {time: 6, center: [-0.75, 0], width: 0.6}\n"
        "  - {time: 7, center: [0.1, 0], width: 0.6}\n"
    )
    config, frames = loaded(tmp_path, text)
    frame_plans = FramePlans(config, frames)
    there, back, pan = frame_plans.legs
    assert there is back
    assert there is not None
    assert pan is None
    assert FramePlans(replace(config, reuse="frames"), frames).zooms == []
    # As long as rings around the target are not much longer than around the picture.
    assert all(FramePlans(replace(config, reuse="bands"), frames).legs)


def test_a_short_jump_is_cheaper_by_frames(tmp_path):
    config, frames = loaded(tmp_path, GLIDE.replace("time: 3", "time: 0.3"))
    assert FramePlans(config, frames).legs == [None]


@pytest.mark.slow
def test_a_zoom_out_shows_what_the_zoom_in_shows(tmp_path):
    config, frames = loaded(tmp_path, GLIDE)
    first, second = GLIDE.splitlines()[-2:]
    turned = "\n".join(GLIDE.splitlines()[:-2]) + "\n"
    turned += (
        second.replace("time: 3", "time: 0") + "\n" + first.replace("time: 0", "time: 3") + "\n"
    )
    other, back = loaded(tmp_path, turned)
    there = Studio(config, frames, tmp_path / "counts")
    away = Studio(other, back, tmp_path / "counts")
    for index in (4, 19):
        one = there.light(there.frame_plans[index])
        two = away.light(away.frame_plans[len(frames) - 1 - index])
        np.testing.assert_allclose(one, two, atol=2e-3)


def test_motion_blur_is_the_mean_of_what_the_open_shutter_sees(tmp_path):
    config, frames = loaded(tmp_path, GLIDE)
    blurred = replace(config, motion_blur=Decimal("0.5"))
    studio = Studio(blurred, frames, tmp_path / "counts")
    frame_plan = studio.frame_plans[14]
    count = len(frame_plan.exposures)
    assert count > 3
    assert len(FramePlans(config, frames)[14].exposures) == 1
    sharp = [
        studio.light(replace(frame_plan, exposures=(exposure,)))
        for exposure in frame_plan.exposures
    ]
    np.testing.assert_allclose(studio.light(frame_plan), np.mean(sharp, axis=0), atol=1e-5)
    # At the ends of the video the shutter is half open, never beyond.
    assert len(studio.frame_plans[0].exposures) in range(1, count + 1)


@pytest.mark.slow
def test_deep_frames_from_bands(tmp_path):
    text = """\
video: {width: 160, height: 90, fps: 10}
maxiter: 6000
render: {reuse: bands}
keyframes:
  - time: 0
    center: CENTER
    width: 1e-47
  - time: 2
    center: CENTER
    width: 1e-49
    rotation: -20
""".replace(
        "CENTER",
        '["-0.0494700290631040937516922267273536301187457124882248793181049402326421947726869034279915499747594190000000000000000000",'
        ' "-0.6747875758446753640113920531305976563347707068224034806979997947909941983454845111514208499540310299999999999999999880"]',
    )
    text = text.replace("maxiter: 6000", "maxiter: 300000")
    config, frames = loaded(tmp_path, text)
    studio = Studio(config, frames, tmp_path / "counts")
    for index in (0, 20):
        frame = frames[index]
        assert all(grid.arithmetic.needs_orbit for grid in studio.frame_plans.zooms[0].grids)
        truth = studio.direct(frame, 6)
        bands = psnr(studio.light(studio.frame_plans[index]), truth)
        assert bands > psnr(studio.direct(frame, 2, smoothed=False), truth) - 0.5
        assert bands > psnr(studio.direct(frame, 1), truth) + 1


def test_the_limit_of_a_band_is_that_of_the_frame_that_it_leaves(tmp_path):
    text = GLIDE.replace("width: 1e-7", "width: 1e-7, maxiter: 32000")
    config, frames = loaded(tmp_path, text)
    (zoom,) = FramePlans(config, frames).zooms
    limits = [band.maxiter for band in zoom.bands]
    assert limits == sorted(limits)
    assert limits[0] < 3000
    assert zoom.core.maxiter == 32000
    assert zoom_of([0], frames, 1.0, projection_named("flat", 320, 180)).keys == zoom.keys
    assert frames.at(Fraction(3, 2)).maxiter in range(limits[0], limits[-1])


def test_the_frame_s_own_grid_is_still_drawn_as_before(tmp_path):
    config, frames = loaded(tmp_path, GLIDE)
    studio = Studio(config, frames, tmp_path / "counts")
    grid = frames[3].grid(2)
    studio.count(grid)
    finish = Finish.of(config.look, 3)
    picture = draw_rgb(studio.store, grid, 2, config.look, frames[3].time, finish)
    expected = srgb_from_linear(studio.direct(frames[3], 2).astype(float)) * 255
    assert np.abs(picture - expected).max() < 1.6


@pytest.mark.slow
def test_pictures_are_the_same_however_textures_are_cut(tmp_path, monkeypatch):
    config, frames = loaded(tmp_path, GLIDE)
    pictures = []
    for cuts in ((), (1,), (1, 2)):
        monkeypatch.setattr(cutting, "_CUTS", ((math.inf, cuts),))
        studio = Studio(config, frames, tmp_path / "counts")
        # Few at a time, as in a run: what the latest frame needs.
        shown = []
        for index in (0, 2, 9, 21, 30):
            frame_plan = studio.frame_plans[index]
            studio.textures.keep_only(set(studio.textures.pieces.needed(frame_plan)))
            shown.append(studio.light(frame_plan))
        pictures.append(shown)
        studio.arena.close()
    for other in pictures[1:]:
        np.testing.assert_array_equal(pictures[0], other)


@pytest.mark.parametrize(
    "keyframes",
    [
        # A zoom in; one that begins far off its target; there and back by other ways and limits.
        "{time: 0, center: [-0.75, 0], width: 3.5}, {time: 9, center: [-0.7436, 0.1318], width: 1e-9}",
        "{time: 0, center: [900, -900], width: 1e-3}, {time: 9, center: [0, 1], width: 1e-12}",
        "{time: 0, center: [0, 1], width: 1e-30, maxiter: 9000}, {time: 5, center: [1, 0], width: 4}",
        "{time: 0, center: [0, 1], width: 2}, {time: 5, center: [0, 1], width: 1e-40, maxiter: 99},"
        " {time: 9, center: [0.5, 1], width: 1e-3, maxiter: 7000}",
    ],
)  # fmt: skip  # a config a line
def test_the_moments_near_a_band_decide_about_it_as_all_do(tmp_path, keyframes):
    _, frames = loaded(tmp_path, f"render: {{reuse: bands}}\nkeyframes: [{keyframes}]\n")
    legs = list(range(len(frames.legs)))
    corner_px = math.hypot(1280, 720) / 2
    moments = zooms._Moments.of(
        [p for leg in legs for p in zooms._moments(frames, leg, 1280, corner_px)]
    )
    target = frames.target(0)
    sizes = set()
    for octave in range(40, -200, -1):
        near = moments.near(octave, corner_px)
        sizes.add(len(near.log2_spacing))
        facts = corner_px, frames, 1.0
        assert zooms._band(target, octave, near, *facts) == zooms._band(
            target, octave, moments, *facts
        )
    assert max(sizes) < len(moments.log2_spacing)


def test_bands_take_time_by_depth_not_by_its_square(tmp_path):
    far = "0." + "3" * 2010
    _, frames = loaded(
        tmp_path,
        "keyframes: [{time: 0, center: [0, 0], width: 4},"
        f" {{time: 60, center: ['{far}', '{far}'], width: 1e-2000}}]\n",
    )
    moments = zooms._Moments.of(list(zooms._moments(frames, 0, 1280, 734.0)))
    examined = [len(moments.near(octave, 734.0).log2_spacing) for octave in range(0, -6600, -100)]
    assert len(moments.log2_spacing) > 10_000
    assert max(examined) < 200
