"""A light shades the relief of the distance estimate, fog lies in its valleys."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pipeline.colour.blend import fogged, shaded
from pipeline.colour.look import Fog, Light
from pipeline.kernels.results import Traces

LAMP = Light(azimuth=90.0, elevation=45.0, strength=0.6)
DIRECTIONS = np.linspace(0, 1, 64, endpoint=False, dtype=np.float32)


def traces(log2_distance: float) -> Traces:
    row = DIRECTIONS[None]
    none = np.zeros_like(row)
    return Traces(np.full(row.shape, log2_distance, np.float32), row, none, none, none)


def lit(lamp: Light, log2_distance: float = 6.0, log2_px: float = -12.0) -> np.ndarray:
    """Shade a grey row, whose samples are so dense that they are beside the set if not told."""
    light = np.full((3, 64), 0.3, np.float32)
    return shaded(light, traces(log2_distance), 0, lamp, log2_px)[0]


@pytest.mark.parametrize("azimuth", [0.0, 90.0, 225.0])
def test_what_faces_the_light_is_brightest_and_what_turns_away_darkest(azimuth):
    light = lit(replace(LAMP, azimuth=azimuth))
    towards = round(azimuth / 360 * 64)
    assert light.argmax() == towards
    assert light[(towards + 32) % 64] == light.min() < 0.3


def test_the_highlight_adds_light_where_it_faces_the_viewer_and_none_elsewhere():
    matt, glossy = lit(LAMP), lit(replace(LAMP, highlight=0.5))
    assert glossy.argmax() == 16
    assert glossy[16] == pytest.approx(matt[16] + 0.5 * (1 - matt[16]), abs=0.01)
    assert (glossy >= matt).all()
    assert glossy[48] == pytest.approx(matt[48], abs=1e-3)
    assert lit(replace(LAMP, highlight=1.0, strength=1.0)).max() <= 1


def test_a_shinier_relief_has_a_narrower_highlight():
    satin, glass = (
        lit(replace(LAMP, highlight=0.5, shininess=shininess)) for shininess in (5.0, 200.0)
    )
    assert (satin - lit(LAMP) > 0.1).sum() > 2 * (glass - lit(LAMP) > 0.1).sum() > 0


def test_nearer_to_the_set_than_a_sample_there_is_no_shade():
    np.testing.assert_allclose(lit(replace(LAMP, highlight=1.0), -12.0), 0.3, atol=1e-3)
    assert math.isclose(lit(LAMP, -12.0).std(), 0, abs_tol=1e-4)


def test_far_from_the_set_the_ground_lies_flat_and_stays_as_it_is():
    glossy = replace(LAMP, highlight=1.0, strength=1.0)
    away = [np.abs(lit(glossy, log2_distance, 0.0) - 0.3).max() for log2_distance in (3, 5, 7, 14)]
    assert away == sorted(away, reverse=True)
    assert away[0] > 0.3
    assert away[-1] < 0.002


def test_fog_thickens_with_distance_from_the_set_and_leaves_the_inside_alone():
    fog = Fog((255, 255, 255), 0.5, 64.0)
    light, outside = np.full((3, 64), 0.1, np.float32), np.ones(64, np.float32)
    seen = [
        float(fogged(light, traces(away), 0, fog, outside, 0.0)[0, 0])
        for away in (-12, 4, 6, 8, 20)
    ]
    assert seen == sorted(seen)
    assert seen[0] == pytest.approx(0.1, abs=1e-3)
    # The distance that it names, then far away: 63 % of its strength, and all of it.
    assert seen[2] == pytest.approx(0.1 + 0.5 * (1 - math.exp(-1)) * 0.9, abs=1e-3)
    assert seen[-1] == pytest.approx(0.1 + 0.5 * 0.9, abs=1e-3)
    # Distances are in samples; of two to a pixel, twice as many are as far.
    np.testing.assert_allclose(
        fogged(light, traces(7.0), 0, fog, outside, -1.0),
        fogged(light, traces(6.0), 0, fog, outside, 0.0),
    )
    np.testing.assert_array_equal(fogged(light, traces(20.0), 0, fog, 0 * outside, 0.0), light)
