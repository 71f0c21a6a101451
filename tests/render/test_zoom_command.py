"""Whole videos through the real command line: resumed, killed, recoloured, and always the same."""

import imageio_ffmpeg
import pytest

from pipeline.video.ffmpeg import count_frames
from tests.conftest import SMALL, Cli
from tests.processes import LONGER, report, samples_in

FRAMES = 21
# Of all frames, each on its own grid.
SAMPLES = FRAMES * 96 * 54
BY_FRAMES = SMALL.replace("workers: 2", "workers: 2, reuse: frames, quality: draft")


@pytest.fixture(scope="module")
def rendered(module_cli):
    """One video, rendered by the real command."""
    config = module_cli.config()
    printed = module_cli.done("zoom", config)
    return module_cli, config, printed


def total(cli: Cli, name: str = "small") -> int:
    facts = report(cli, name)
    return facts["pixels_computed"] + facts["pixels_reused"]


def test_one_yaml_makes_one_mp4_of_all_frames(rendered):
    cli, _, printed = rendered
    video = cli.output / "small.mp4"
    assert count_frames(video) == FRAMES
    reader = imageio_ffmpeg.read_frames(str(video))
    facts = next(reader)
    reader.close()
    assert (facts["size"], facts["fps"]) == ((96, 54), 10)
    assert str(video) in printed
    assert f"{FRAMES} frames in" in printed


def test_the_report_says_what_was_done(rendered):
    cli, config, _ = rendered
    other = Cli(cli.folder / "fresh")
    other.folder.mkdir()
    other.done("zoom", config)
    facts = report(other)
    assert facts["outcome"] == "finished"
    assert facts["frames"] == FRAMES
    stored = [samples_in(path) for path in (other.output / "small" / "counts").iterdir()]
    assert (facts["pixels_computed"], facts["pixels_reused"]) == (sum(stored), 0)
    assert facts["iterations_computed"] > sum(stored)
    assert facts["frames_from_bands"] == FRAMES
    assert facts["bands"] == len(stored) - 1
    assert set(facts["stages"]) == {"reference", "compute", "colour", "reproject", "encode"}
    assert facts["stages"]["compute"]["cpu_s"] > 0
    assert facts["peak_memory_bytes"] > 10_000_000
    assert facts["kernels"] == {"float64": sum(stored)}
    assert facts["retried"] == []
    assert facts["config"]["keyframes"][1]["width"] == "0.000001"
    assert facts["versions"]["numpy"]
    assert (other.output / "small" / "log.txt").read_text().count("\n") >= 1
    assert (other.output / "small.mp4").read_bytes() == (cli.output / "small.mp4").read_bytes()


def test_a_second_run_computes_nothing_and_makes_the_same_bytes(rendered):
    cli, config, _ = rendered
    before, samples = (cli.output / "small.mp4").read_bytes(), total(cli)
    cli.done("zoom", config)
    assert (cli.output / "small.mp4").read_bytes() == before
    assert (report(cli)["pixels_computed"], report(cli)["pixels_reused"]) == (0, samples)


@pytest.mark.parametrize(
    "more",
    [
        "colour: {palette: ember}\n",
        pytest.param(
            'colour: {palette: ["#102030", "#ffffff"], period: 3, scale: log}\n',
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "colour: {interior: [9, 9, 60], offset: 0.3, scale: linear}\n",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_another_look_computes_nothing(rendered, more):
    cli, config, _ = rendered
    before = (cli.output / "small.mp4").read_bytes()
    config.write_text(SMALL + more)
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert (cli.output / "small.mp4").read_bytes() != before
    config.write_text(SMALL)
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert (cli.output / "small.mp4").read_bytes() == before


@pytest.mark.parametrize("settings", ["codec: h265", "crf: 30", "pixel_format: yuv420p10le"])
def test_another_encoding_computes_nothing(rendered, settings):
    cli, config, _ = rendered
    config.write_text(SMALL.replace("fps: 10", f"fps: 10, {settings}"))
    cli.done("zoom", config)
    config.write_text(SMALL)
    assert report(cli)["pixels_computed"] == 0
    assert count_frames(cli.output / "small.mp4") == FRAMES


@pytest.mark.parametrize(
    ("old", "new", "frames"),
    [
        ("fps: 10", "fps: 20", 2 * FRAMES - 1),
        pytest.param("time: 2", "time: 3.5", 36, marks=pytest.mark.slow),
        pytest.param("width: 3.5", "width: 3.5\n    ease: in-out", FRAMES, marks=pytest.mark.slow),
        pytest.param(
            "width: 1e-6", "width: 1e-6\n    rotation: 70", FRAMES, marks=pytest.mark.slow
        ),
        pytest.param("workers: 2", "workers: 2, motion_blur: 0.5", FRAMES, marks=pytest.mark.slow),
    ],
)
def test_rate_duration_easing_rotation_and_blur_compute_nothing(rendered, old, new, frames):
    cli, config, _ = rendered
    cli.done("zoom", config)
    before = (cli.output / "small.mp4").read_bytes()
    config.write_text(SMALL.replace(old, new))
    cli.done("zoom", config)
    config.write_text(SMALL)
    assert report(cli)["pixels_computed"] == 0
    assert report(cli)["frames"] == count_frames(cli.output / "small.mp4") == frames
    assert (cli.output / "small.mp4").read_bytes() != before


def test_a_larger_maxiter_computes_only_what_was_open(cli):
    config = cli.config(SMALL.replace("maxiter: 500", "maxiter: 300"))
    cli.done("zoom", config)
    few = (cli.output / "small.mp4").read_bytes()
    config.write_text(SMALL)
    cli.done("zoom", config)
    assert 0 < report(cli)["pixels_computed"] < 0.3 * total(cli)
    raised = (cli.output / "small.mp4").read_bytes()
    assert raised != few
    fresh = Cli(cli.folder / "fresh")
    fresh.folder.mkdir()
    fresh.done("zoom", fresh.config(SMALL))
    assert (fresh.output / "small.mp4").read_bytes() == raised
    # And the smaller one is still there.
    config.write_text(SMALL.replace("maxiter: 500", "maxiter: 300"))
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert (cli.output / "small.mp4").read_bytes() == few


@pytest.mark.slow
def test_deeper_wider_or_elsewhere_computes_only_what_is_new(cli):
    bands = SMALL.replace("workers: 2", "workers: 2, reuse: bands")
    config = cli.config(bands)
    cli.done("zoom", config)
    samples = total(cli)
    config.write_text(bands.replace("width: 1e-6", "width: 1e-7"))
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] < 0.4 * samples
    # Out again by the same way.
    there = bands + "  - {time: 3, center: [-0.75, 0], width: 3.5}\n"
    config.write_text(there)
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == 0
    assert report(cli)["frames_from_bands"] == 31


@pytest.mark.slow
def test_a_larger_picture_computes_only_what_smaller_bands_cannot_give(cli):
    center = "[-0.743643887037158704752191506114774, 0.131825904205311970493132056385139]"
    text = LONGER.replace("width: 320, height: 180", "width: 384, height: 216")
    small = text.replace("workers: 2", "workers: 2, reuse: bands").replace("[-0.75, 0]", center)
    config = cli.config(small)
    cli.done("zoom", config)
    quarter = total(cli)
    large = small.replace("width: 384, height: 216", "width: 768, height: 432")
    config.write_text(large)
    cli.done("zoom", config)
    whole = total(cli)
    # Of bands with exactly twice as many columns and rows a quarter is there.
    assert report(cli)["pixels_computed"] < whole - 0.7 * quarter
    fresh = Cli(cli.folder / "fresh")
    fresh.folder.mkdir()
    fresh.done("zoom", fresh.config(large))
    assert (fresh.output / "small.mp4").read_bytes() == (cli.output / "small.mp4").read_bytes()
    # The smaller picture is among the larger one's samples, but for its core.
    for path in (fresh.output / "small" / "segments").iterdir():
        path.unlink()
    fresh.done("zoom", fresh.config(small))
    assert report(fresh)["pixels_computed"] < 0.15 * quarter


@pytest.mark.slow
def test_twice_the_frame_rate_by_frames_computes_only_the_frames_between(cli):
    config = cli.config(BY_FRAMES)
    cli.done("zoom", config)
    assert (report(cli)["pixels_computed"], report(cli)["frames_from_bands"]) == (SAMPLES, 0)
    config.write_text(BY_FRAMES.replace("fps: 10", "fps: 20"))
    cli.done("zoom", config)
    assert report(cli)["pixels_computed"] == (FRAMES - 1) * 96 * 54
    assert report(cli)["pixels_reused"] == SAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_the_number_of_workers_changes_no_byte(rendered, tmp_path, workers):
    cli, _, _ = rendered
    cli.done("zoom", cli.config())
    other = Cli(tmp_path)
    other.done("zoom", other.config(SMALL.replace("workers: 2", f"workers: {workers}")))
    assert (other.output / "small.mp4").read_bytes() == (cli.output / "small.mp4").read_bytes()


def test_damaged_and_lost_counts_are_computed_again_and_nothing_else(cli):
    config = cli.config()
    cli.done("zoom", config)
    expected = (cli.output / "small.mp4").read_bytes()
    stored = sorted((cli.output / "small" / "counts").glob("*.counts"))
    lost = sum(map(samples_in, (stored[3], stored[5], stored[8])))
    whole = stored[3].read_bytes()
    stored[3].write_bytes(whole[:-7] + bytes([whole[-7] ^ 1]) + whole[-6:])
    stored[5].unlink()
    stored[8].write_bytes(stored[8].read_bytes()[:100])
    for segment in (cli.output / "small" / "segments").iterdir():
        segment.unlink()
    result = cli.run("zoom", config)
    assert result.returncode == 0, result.stderr
    assert report(cli)["pixels_computed"] == lost
    assert "stored counts were damaged" in result.stderr
    assert report(cli)["retried"] != []
    assert (cli.output / "small.mp4").read_bytes() == expected


def test_a_damaged_segment_is_encoded_again(rendered):
    cli, config, _ = rendered
    cli.done("zoom", config)
    expected = (cli.output / "small.mp4").read_bytes()
    (segment,) = (cli.output / "small" / "segments").glob("*.mp4")
    segment.write_bytes(segment.read_bytes()[:2000])
    result = cli.run("zoom", config)
    assert result.returncode == 0, result.stderr
    assert (cli.output / "small.mp4").read_bytes() == expected


@pytest.mark.slow
def test_better_quality_computes_four_times_as_many_samples(cli):
    cli.done("zoom", cli.config(BY_FRAMES.replace("quality: draft", "quality: good")))
    assert report(cli)["pixels_computed"] == 4 * SAMPLES
    samples = []
    for quality in ("draft", "good"):
        text = SMALL.replace("workers: 2", f"workers: 2, reuse: bands, quality: {quality}")
        text = text.replace("width: 96, height: 54", "width: 384, height: 216")
        cli.done("plan", cli.config(text, quality))
        cli.done("zoom", cli.config(text, quality))
        samples.append(total(cli, quality))
    assert 3.5 < samples[1] / samples[0] < 4.5


DEEP = """\
video: {width: 96, height: 54, fps: 5}
maxiter: auto
render: {workers: 2, reuse: bands}
keyframes:
  - time: 0
    center: [-1.9413, 0.0075]
    width: 1e-3
  - time: 2
    center:
      - "-1.9415760324164384670258010207152963455836310703337636971553632153699953231748214265693439392"
      - "0.0076169857177704379214396281303386374139270953211064113206094216137426174014"
    width: 1e-60
"""


def test_a_deep_zoom_is_the_same_with_any_workers_and_after_any_stop(cli):
    config = cli.config(DEEP, "deep")
    cli.done("zoom", config)
    facts = report(cli, "deep")
    assert facts["kernels"]["perturbation 2^-40"] > facts["kernels"]["float64"] > 0
    assert facts["frames_from_bands"] == 11
    assert facts["references"][0]["bits"] == 320
    assert facts["stages"]["reference"]["cpu_s"] > 0
    whole = (cli.output / "deep.mp4").read_bytes()
    folder = cli.output / "deep"
    # Tables are of one run; the orbit stays.
    assert sorted(path.name for path in folder.joinpath("references").iterdir()) == [
        path.name for path in folder.joinpath("references").iterdir() if len(path.name) == 32
    ]
    other = Cli(cli.folder / "one-worker")
    other.folder.mkdir()
    alone = other.config(DEEP.replace("workers: 2", "workers: 1"), "deep")
    other.done("zoom", alone)
    assert (other.output / "deep.mp4").read_bytes() == whole
    # A table that a killed run left is no table of this one.
    left = folder / "references" / "tables.999999"
    left.mkdir()
    left.joinpath("old.table").write_bytes(b"nonsense")
    for path in (cli.output / "deep.mp4", *folder.joinpath("segments").iterdir()):
        path.unlink()
    for path in list(folder.joinpath("counts").iterdir())[::2]:
        path.unlink()
    cli.done("zoom", config)
    assert (cli.output / "deep.mp4").read_bytes() == whole
    assert not left.exists()
    facts = report(cli, "deep")
    assert facts["pixels_reused"] > 0
    assert facts["references"][0]["cpu_s"] > facts["stages"]["reference"]["cpu_s"] == 0
