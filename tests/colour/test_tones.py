"""Tones rise, are the same with and without the compiler, and fit themselves to any depth."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.colour.oklab import oklab_from_linear
from pipeline.colour.palette_files import PaletteFiles
from pipeline.colour.shade import Shader
from pipeline.colour.tones import Tones, ZoomTones, adapted, equalised
from pipeline.config.colours import look_from
from pipeline.config.model import ColourSection
from pipeline.config.ready_looks import READY_LOOKS

COUNTS = st.floats(-2.4, 2e9, allow_nan=False)
PICTURES = st.lists(
    arrays(float, st.integers(0, 60), elements=COUNTS | st.just(np.nan)), min_size=1, max_size=6
)


def picture(base: float, spread: float, seed: int) -> np.ndarray:
    """Return counts as a view of a zoom has them: a low field, and a long tail beside the set."""
    rng = np.random.default_rng(seed)
    return base + spread * rng.gamma(1.5, 0.4, 4000)


# The first example compiles.
@settings(deadline=None)
@given(PICTURES)
def test_tones_of_any_counts_rise_and_never_fall(pictures):
    for tones in (adapted(pictures), equalised(np.concatenate(pictures), 3.0)):
        assert min(tones.slopes) >= 0
        assert tones.total > 0
        places = tones.positions_of(np.sort(np.concatenate([*pictures, [1.0, 5.0, 100.0, 3e9]])))
        assert (np.diff(places[~np.isnan(places)]) >= -1e-9).all()


@settings(deadline=None)
@given(PICTURES, arrays(float, st.integers(1, 40), elements=COUNTS | st.just(np.nan)))
def test_compiled_and_by_numpy_they_are_the_same_to_the_bit(pictures, smooth):
    tones = adapted(pictures)
    np.testing.assert_array_equal(tones.positions_of(smooth), tones.positions_by_numpy(smooth))


def test_slopes_are_exact_at_knots_straight_between_and_go_on_beyond():
    tones = Tones((2.0, 10.0, 11.0), (1.0, 3.0, 0.0))
    smooth = np.array([2.0, 6.0, 10.0, 10.5, 11.0, 129.75, 0.0, -3.0, np.nan])
    expected = [0.0, 6.0, 16.0, 17.125, 17.5, 17.5, -2.0, -5.0, np.nan]
    np.testing.assert_allclose(tones.positions_of(smooth), expected, rtol=0, atol=1e-12)
    assert tones.total == 17.5


def test_tones_sent_to_a_worker_are_the_same_there():
    tones = adapted([picture(50.0, 20.0, 1)])
    tones.positions_of(np.array([3.0]))
    there = pickle.loads(pickle.dumps(tones))
    assert there == tones
    assert hash(there) == hash(tones)
    counts = np.linspace(0, 100, 99)
    np.testing.assert_array_equal(there.positions_of(counts), tones.positions_of(counts))


@pytest.mark.parametrize("rate", [3.0, 100.0, 30_000.0])
def test_a_picture_spans_about_a_unit_at_every_depth(rate):
    """Whatever the counts grow by an octave, and however far they spread in a picture."""
    pictures = [picture(10 + rate * k, 5 + rate * (2 + k % 3), k) for k in range(120)]
    tones = adapted(pictures)
    spans = []
    for each in pictures:
        low, high = tones.positions_of(np.quantile(each, [0.1, 0.9]))
        spans.append(high - low)
    assert min(spans) > 0.4
    assert max(spans) < 2.5
    assert 0.8 < np.median(spans) < 1.25


def test_the_slope_changes_gently():
    """Over a hundredth of what a picture shows no colour runs faster by more than a tenth."""
    pictures = [picture(10 * 1.1**k, 4 * 1.08**k, k) for k in range(100)]
    tones = adapted(pictures)
    counts = np.geomspace(10, 1e5, 8000)
    slopes = np.diff(tones.positions_of(counts)) / np.diff(counts)
    assert np.abs(np.diff(np.log(slopes))).max() < 0.1


def test_plains_between_rings_have_colours_of_their_own():
    """Deep down counts lie in heaps: a calm plain, and a ring inside it thousands of counts on."""
    rng = np.random.default_rng(3)
    pictures = []
    for k in range(60):
        plain = 100_000 + 3000 * k + 200 * rng.beta(2, 2, 3000)
        pictures.append(np.concatenate([plain, 103_000 + 3000 * k + 150 * rng.beta(2, 2, 1000)]))
    tones = adapted(pictures)
    for each in pictures:
        low, high = tones.positions_of(np.quantile(each[:3000], [0.1, 0.9]))
        assert 0.25 < high - low < 1.5


def test_histograms_spread_all_counts_evenly():
    rng = np.random.default_rng(0)
    smooth = np.concatenate([rng.lognormal(4, 1.5, 20_000), [np.nan] * 100])
    positions = equalised(smooth, 10.0).positions_of(smooth[~np.isnan(smooth)])
    counts, _ = np.histogram(positions, bins=10, range=(0, 10))
    assert counts.min() > 0.8 * 2000
    assert counts.max() < 1.2 * 2000


@pytest.mark.parametrize("smooth", [[], [np.nan], [5.0] * 9])
def test_flat_pictures_have_tones_too(smooth):
    flat = np.array(smooth, float)
    for tones in (equalised(flat, 3.0), adapted([flat])):
        assert np.isfinite(tones.positions_of(np.array([1.0, 5.0, 100.0]))).all()


@pytest.fixture(scope="module")
def deep():
    """Return the tones of a zoom to 1e-300, and the counts of its last picture."""
    pictures = [picture(40.0 * k, 5 + 100 * (2 + k % 3), k) for k in range(2500)]
    tones = ZoomTones(adapted(pictures), equalised(np.concatenate(pictures[::10]), 2500.0))
    return tones, pictures[-1]


@pytest.mark.parametrize(
    "text", [text for text in READY_LOOKS if "by:" not in text.split(", layers")[0]]
)
def test_no_look_of_the_sheet_is_dead_at_depth(deep, text):
    """Three hundred counts on top of a hundred thousand, as a picture at 1e-300 has them."""
    tones, last = deep
    section = ColourSection.model_validate(yaml.safe_load(f"{{{text}}}"))
    look = replace(look_from(section, PaletteFiles(Path())), tones=tones, light=None, layers=())
    light = Shader(look).light(np.sort(last).reshape(50, 80), 1)
    low, high = np.quantile(oklab_from_linear(light.reshape(-1, 3)), [0.1, 0.9], axis=0)
    assert np.linalg.norm(high - low) > 0.25
