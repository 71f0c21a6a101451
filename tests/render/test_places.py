"""The video for a place, beside the usual one and from the same counts."""

import pytest

from pipeline.video.ffmpeg import count_frames
from tests.conftest import SMALL
from tests.processes import report


@pytest.mark.slow
def test_a_video_for_a_place_stands_beside_the_usual_one(cli):
    config = cli.config(SMALL)
    cli.done("zoom", config)
    video = cli.output / "small.mp4"
    usual, segments = video.read_bytes(), sorted((cli.output / "small" / "segments").iterdir())
    assert str(cli.output / "small-youtube.mp4") in cli.done("zoom", config, "--for", "youtube")
    assert report(cli)["pixels_computed"] == 0
    assert count_frames(cli.output / "small-youtube.mp4") == 61
    assert video.read_bytes() == usual
    assert sorted((cli.output / "small" / "segments").iterdir()) == segments
    made = (cli.output / "small-youtube.mp4").read_bytes()

    # Each is made again from its own segments.
    cli.done("recolour", config)
    assert report(cli)["stages"]["reproject"]["cpu_s"] == 0
    cli.done("recolour", config, "--for", "youtube")
    assert report(cli)["stages"]["reproject"]["cpu_s"] == 0
    assert video.read_bytes() == usual
    assert (cli.output / "small-youtube.mp4").read_bytes() == made

    cli.done("clean", "small")
    assert list(cli.output.iterdir()) == []


def test_a_place_refuses_before_anything_is_computed(cli):
    for command in ("zoom", "plan", "preview", "recolour"):
        result = cli.run(command, cli.config(SMALL), "--for", "instagram")
        assert result.returncode == 2
        assert "instagram takes 3 to 90 s" in result.stderr
    result = cli.run("zoom", cli.config(SMALL), "--for", "youtub")
    assert result.returncode == 2
    assert 'did you mean "youtube"' in result.stderr
    assert not cli.output.exists()
