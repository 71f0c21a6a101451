"""The light level of an HDR10 video from the real command line."""

import re
from dataclasses import replace

import numpy as np
import pytest

from pipeline.config.load import load_config
from pipeline.video.light import LightMeter
from tests.conftest import SMALL
from tests.sounds import noise, run, write_wav
from tests.video.test_light import side_data


@pytest.mark.slow
def test_an_hdr_video_tells_the_light_of_its_own_frames(cli):
    write_wav(cli.folder / "music.wav", noise(0.5))
    hdr = "fps: 10, codec: h265, hdr_white_nits: 203, crf: 10, audio: {file: music.wav}"
    config = cli.config(SMALL.replace("fps: 10", hdr))
    cli.done("zoom", config)
    video = cli.output / "small.mp4"
    told = {
        tuple(map(int, found))
        for found in re.findall(r"MaxCLL=(\d+),MaxFALL=(\d+)", side_data(video))
    }
    assert len(told) == 1
    ((most, frame),) = told
    assert 0 < frame < most <= 203
    encoding = load_config(config).encoding
    meter = LightMeter(replace(encoding, crf=None))
    shown = run("-i", str(video), "-f", "rawvideo", "-pix_fmt", "yuv420p10le", "-")
    for picture in np.frombuffer(shown, np.uint8).reshape(-1, encoding.frame_bytes):
        meter.add(picture)
    assert most == pytest.approx(meter.light.most_nits, rel=0.05)
    assert frame == pytest.approx(meter.light.frame_nits, rel=0.05, abs=1)
    # The same again, from the same segments; and other light where the colours are others.
    made = video.read_bytes()
    cli.done("recolour", config)
    assert video.read_bytes() == made
    config.write_text(config.read_text() + 'colour: {palette: ["#000000", "#404040"]}\n')
    cli.done("recolour", config)
    darker = int(re.search(r"MaxCLL=(\d+)", side_data(video))[1])
    assert darker < most / 3
