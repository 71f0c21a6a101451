"""Looks through the real command line: traces, recolouring, choosing, and what they cost."""

from dataclasses import replace

import imageio.v3 as iio
import numpy as np
import pytest

from pipeline import session
from pipeline.cli import opening
from pipeline.cli.main import main
from pipeline.colour.look import Mixed
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.config.fault import ConfigError
from pipeline.config.load import load_config
from pipeline.errors import UsageError
from pipeline.video.ffmpeg import count_frames, tags_of
from tests.conftest import SMALL, Cli
from tests.processes import report

pytest.importorskip("numba")
FRAMES = 21
LIGHT = "colour: {light: {strength: 0.8}, layers: [{by: stripes}]}\n"


@pytest.fixture(scope="module")
def rendered(module_cli):
    config = module_cli.config()
    module_cli.done("zoom", config)
    return module_cli, config


def test_recolouring_computes_nothing(rendered):
    cli, config = rendered
    config.write_text(SMALL + "colour: {palette: ember, scale: log}\n")
    cli.done("recolour", config)
    assert report(cli)["pixels_computed"] == report(cli)["pixels_traced"] == 0
    recoloured = (cli.output / "small.mp4").read_bytes()
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == recoloured


def test_without_numba_what_needs_it_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "HAVE_NUMBA", False)
    monkeypatch.setattr(session, "HAVE_NUMBA", False)
    path = tmp_path / "a.yaml"
    for look in (LIGHT, "colour: {layers: [{by: count}]}\n", "colour: {interior_by: period}\n"):
        path.write_text(SMALL + look)
        with pytest.raises(UsageError, match="needs numba"):
            opening.opened(path)
    path.write_text(SMALL)
    assert opening.opened(path).look.palette == "dusk"


def test_recolouring_says_what_is_not_there(rendered, tmp_path):
    cli, config = rendered
    config.write_text(SMALL + LIGHT)
    before = (cli.output / "small.mp4").read_bytes()
    failed = cli.run("recolour", config)
    assert failed.returncode == 1
    assert "million traces are not stored; python -m pipeline zoom" in failed.stderr
    assert (cli.output / "small.mp4").read_bytes() == before
    other = Cli(tmp_path)
    failed = other.run("recolour", config)
    assert "million counts and" in failed.stderr


def test_a_light_computes_traces_once_and_no_count(rendered, tmp_path):
    cli, config = rendered
    config.write_text(SMALL + LIGHT)
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert report(cli)["pixels_traced"] > 10_000
    lit = (cli.output / "small.mp4").read_bytes()
    # Another light is free.
    config.write_text(SMALL + LIGHT.replace("0.8", "0.3, azimuth: 10"))
    cli.done("recolour", config)
    assert report(cli)["pixels_traced"] == 0
    assert (cli.output / "small.mp4").read_bytes() != lit
    # From nothing it is the same video.
    config.write_text(SMALL + LIGHT)
    fresh = Cli(tmp_path)
    fresh.done("zoom", config)
    assert (fresh.output / "small.mp4").read_bytes() == lit


@pytest.mark.parametrize(
    "by",
    [
        pytest.param("distance", marks=pytest.mark.slow),
        pytest.param("stripes", marks=pytest.mark.slow),
        pytest.param("trap", marks=pytest.mark.slow),
        pytest.param("decomposition", marks=pytest.mark.slow),
    ],
)
def test_every_property_is_drawn_alike_from_bands_and_from_frames(module_cli, by, tmp_path):
    pictures = []
    for reuse in ("bands", "frames"):
        config = tmp_path / f"{by}-{reuse}.yaml"
        text = SMALL.replace("workers: 2", f"workers: 2, quality: best, reuse: {reuse}")
        text = text.replace("fps: 10", "fps: 5")
        config.write_text(text + f"colour: {{by: {by}, palette: gray}}\n")
        module_cli.done("zoom", config)
        video = module_cli.output / f"{by}-{reuse}.mp4"
        pictures.append(np.stack(list(iio.imiter(video, plugin="FFMPEG")))[1::3].astype(float))
    # Distances are in pixels of the corner in one, of the frame in the other.
    apart = np.abs(pictures[0].mean((1, 2, 3)) - pictures[1].mean((1, 2, 3)))
    assert pictures[0].std() > 10
    assert apart.max() < (40 if by == "distance" else 12)


@pytest.mark.parametrize("by", ["multiplier", "period"])
def test_the_inside_is_coloured_by_its_cycle(module_cli, tmp_path, by):
    config = tmp_path / f"inside-{by}.yaml"
    still = "keyframes: [{time: 0, center: [-0.5, 0], width: 3}]\n"
    look = f"colour: {{interior_by: {by}, interior_palette: viridis}}\n"
    config.write_text(f"video: {{width: 96, height: 54}}\nmaxiter: 300\n{look}{still}")
    module_cli.done("still", config)
    picture = iio.imread(module_cli.output / f"inside-{by}.png")
    inside = picture[22:32, 43:60].reshape(-1, 3)
    assert (inside.max(axis=1) > 30).all()
    # One period, many multipliers.
    assert (np.ptp(inside.astype(int), axis=0).max() > 40) == (by == "multiplier")


MOVING = """colour:
  palette: dusk
  cycle: 0.1
  keyframes:
    - {time: 0}
    - {time: 1, palette: ember, offset: 0.2, interior: "#304050"}
    - {time: 2, palette: gray, light: {azimuth: 20}}
"""


def moving(tmp_path):
    path = tmp_path / "moving.yaml"
    path.write_text(SMALL + MOVING)
    return load_config(path).look


def test_a_moving_look_is_its_keyframes_and_between_them_even(tmp_path):
    look = moving(tmp_path)
    start, middle, end = (look.at(seconds) for seconds in (0, 1, 2))
    assert not start.moves
    assert (start.palette, middle.palette, end.palette) == ("dusk", "ember", "gray")
    assert (start.offset, middle.offset, end.offset) == (0, pytest.approx(0.3), pytest.approx(0.2))
    assert look.at(1.5).light.strength == pytest.approx(0.3)
    assert look.at(0.5).palette == Mixed("dusk", "ember", 0.5)
    assert look.at(99) == look.at(99.0)
    nodes = look.nodes(2.0)
    assert (nodes[0], nodes[-1]) == (0, 2)
    assert {1.0} < set(nodes)
    assert (np.diff(nodes) > 0).all()
    assert len(nodes) >= 17


@pytest.mark.parametrize("seconds", [0.0, 0.4, 1.0, 1.7])
def test_a_mixed_palette_lies_between_its_ends(tmp_path, seconds):
    look = moving(tmp_path)
    smooth = Samples(np.linspace(1, 300, 40).reshape(1, -1))
    light = Shader(replace(look.at(seconds), light=None, scale="sqrt")).pixels(smooth, 1)
    near = [
        Shader(replace(look.at(t), light=None, scale="sqrt")).pixels(smooth, 1)
        for t in (seconds + 1e-4,)
    ]
    np.testing.assert_allclose(light, near[0], atol=0.01)


@pytest.mark.slow
def test_a_moving_look_is_the_same_from_bands_and_from_frames(module_cli, tmp_path):
    pictures = []
    for reuse in ("bands", "frames"):
        config = tmp_path / f"moving-{reuse}.yaml"
        text = SMALL.replace("workers: 2", f"workers: 2, quality: good, reuse: {reuse}")
        config.write_text(text.replace("fps: 10", "fps: 5") + MOVING)
        module_cli.done("zoom", config)
        assert (report(module_cli, f"moving-{reuse}")["frames_from_bands"] > 0) == (
            reuse == "bands"
        )
        video = module_cli.output / f"moving-{reuse}.mp4"
        pictures.append(np.stack(list(iio.imiter(video, plugin="FFMPEG"))).astype(float))
    apart = np.abs(pictures[0] - pictures[1]).mean((1, 2, 3))
    assert apart.max() < 14
    colours = [np.abs(p.mean((1, 2))[0] - p.mean((1, 2))[-1]).max() for p in pictures]
    assert min(colours) > 10


def test_colour_keyframes_in_disorder_are_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(SMALL + MOVING.replace("time: 2", "time: 1"))
    with pytest.raises(ConfigError, match=r"colour.keyframes\[2\].time: is 1, and should be later"):
        load_config(path)


@pytest.mark.slow
def test_the_sheet_of_looks_is_labelled_and_stores_no_counts(module_cli, tmp_path):
    config = tmp_path / "sheet.yaml"
    config.write_text(SMALL)
    printed = module_cli.done("palette", config)
    path = module_cli.output / "sheet-palettes.png"
    assert str(path) in printed
    assert "25 looks" in printed
    sheet = iio.imread(path)
    assert sheet.shape[0] > 1000
    assert sheet.shape[1] > 1000
    assert not list((module_cli.output / "sheet").glob("**/*.counts"))


def test_the_histogram_does_not_depend_on_the_frame_rate(module_cli, tmp_path):
    stills = []
    for fps in (10, 20):
        config = tmp_path / f"tones{fps}.yaml"
        text = SMALL.replace("fps: 10", f"fps: {fps}") + "colour: {scale: histogram}\n"
        config.write_text(text)
        module_cli.done("still", config, "--time", "1")
        stills.append(iio.imread(next(module_cli.output.glob(f"tones{fps}-*.png"))))
    np.testing.assert_array_equal(*stills)


@pytest.mark.parametrize(
    ("settings", "ending"),
    [
        pytest.param("codec: prores", ".mov", marks=pytest.mark.slow),
        pytest.param("codec: ffv1", ".mkv", marks=pytest.mark.slow),
        ("codec: png", "-frames"),
        ("codec: webp", ".webp"),
        pytest.param("codec: gif", ".gif", marks=pytest.mark.slow),
        pytest.param("codec: h265, hdr_white_nits: 203", ".mp4", marks=pytest.mark.slow),
    ],
)
def test_every_output_has_all_frames_and_is_made_once(module_cli, tmp_path, settings, ending):
    config = tmp_path / "output.yaml"
    config.write_text(SMALL.replace("fps: 10", f"fps: 10, {settings}"))
    name = settings.split()[1].strip(",")
    for _ in range(2):
        module_cli.done("zoom", config, "--name", name)
        assert count_frames(module_cli.output / f"{name}{ending}") == FRAMES


def test_there_and_back_ends_where_it_began(module_cli, tmp_path):
    config = tmp_path / "loop.yaml"
    config.write_text(SMALL.replace("fps: 10", "fps: 10, loop: there-and-back, codec: ffv1"))
    module_cli.done("zoom", config)
    frames = np.stack(list(iio.imiter(module_cli.output / "loop.mkv", plugin="FFMPEG")))
    assert len(frames) == 2 * FRAMES - 2
    np.testing.assert_array_equal(frames[1:FRAMES], frames[: FRAMES - 2 : -1])


@pytest.mark.parametrize(
    "render", ["render: {keep: all, nice: 3}", "render:\n  workers: 1\n\n  keep: all\n# so\n", ""]
)
def test_how_it_was_rendered_is_no_part_of_a_video(tmp_path, render):
    texts = []
    for text in (SMALL, SMALL.replace("render: {workers: 2}", render)):
        path = tmp_path / "small.yaml"
        path.write_text(text)
        texts.append(load_config(path).text)
    assert texts[0] == texts[1]
    assert "quality: good" in texts[0]
    path.write_text(texts[0])
    assert load_config(path).text == texts[0]


def test_a_video_holds_the_colours_of_its_palette_files(tmp_path):
    (tmp_path / "a.map").write_text("0 0 0\n255 0 10\n1 2 3\n")
    colours = """colour:
  palette: a.map
  layers: [{by: distance, palette: a.map}]
  keyframes: [{time: 0}, {time: 1, palette: a.map}]
"""
    path, elsewhere = tmp_path / "files.yaml", tmp_path / "elsewhere" / "files.yaml"
    path.write_text(SMALL + colours)
    elsewhere.parent.mkdir()
    elsewhere.write_text(load_config(path).text)
    assert load_config(elsewhere).look == load_config(path).look
    assert load_config(elsewhere).keyframes[-1].center == load_config(path).keyframes[-1].center


def test_a_video_is_made_again_from_itself(rendered, tmp_path):
    cli, config = rendered
    config.write_text(SMALL)
    cli.done("zoom", config)
    video = cli.output / "small.mp4"
    assert tags_of(video)["title"] == "small"
    again = Cli(tmp_path)
    made = tmp_path / "small.yaml"
    assert main(["import", str(video), str(made)]) == 0
    first, second = load_config(config).plain(), load_config(made).plain()
    for facts in (first, second):
        del facts["path"], facts["render"]["workers"]
    assert first == second
    again.done("zoom", made)
    assert (again.output / "small.mp4").read_bytes() == video.read_bytes()
