"""Our own palettes keep what makes a zoom readable and rich: figures in Oklab.

Two colours less than about 0.02 apart in Oklab look the same.
"""

from functools import cache
from itertools import combinations

import colorcet
import matplotlib
import numpy as np
import pytest

from pipeline.colour.oklab import oklab_from_linear
from pipeline.colour.own_palettes import OWN_PALETTES
from pipeline.colour.palette import TURN, ramp_from_palette, seam_of, turn_from_palette

# How dichromats see linear light. G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A
# physiologically-based model for simulation of color vision deficiency", IEEE Transactions on
# Visualization and Computer Graphics 15 (2009), 1291; severity 1.0.
DICHROMATS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}

each_palette = pytest.mark.parametrize("name", OWN_PALETTES)
each_dichromat = pytest.mark.parametrize("dichromat", DICHROMATS)


@cache
def oklab_of(name):
    return oklab_from_linear(turn_from_palette(name))


def seen_by(dichromat, name):
    light = turn_from_palette(name) @ np.array(DICHROMATS[dichromat]).T
    return oklab_from_linear(np.clip(light, 0, 1))


def steps_of(lab):
    return np.linalg.norm(np.roll(lab, -1, axis=0) - lab, axis=1)


def nearest_quarter(lab):
    """Return the least distance of two colours that are a quarter of a turn apart."""
    return np.linalg.norm(np.roll(lab, -TURN // 4, axis=0) - lab, axis=1).min()


def test_none_hides_a_palette_of_another_library():
    assert not set(OWN_PALETTES) & {*matplotlib.colormaps, *colorcet.palette}


@each_palette
def test_steps_are_even(name):
    steps = steps_of(oklab_of(name))
    # Where a step is longer a contour shows that no count has, where it is shorter, a flat patch.
    # What is left is what sRGB cannot show, and clips.
    assert steps.max() < 1.02 * np.median(steps)
    assert steps.min() > 0.97 * np.median(steps)


@each_palette
def test_a_ramp_is_as_even_and_goes_from_the_first_colour_to_the_last(name):
    ramp = oklab_from_linear(ramp_from_palette(name))
    steps = np.linalg.norm(np.diff(ramp, axis=0), axis=1)
    assert steps.max() < 1.02 * np.median(steps)
    turn = oklab_of(name)
    np.testing.assert_allclose(ramp[0], turn[0], atol=1e-6)
    # The dark interval between the last colour and the first is all that a ramp leaves out.
    assert steps.sum() == pytest.approx(steps_of(turn).sum(), rel=0.2)
    assert ramp[-1, 0] < 0.3


@each_palette
def test_there_is_no_kink(name):
    lab, apart = oklab_of(name), 16
    ways = np.roll(lab, -apart, axis=0) - lab
    ways /= np.linalg.norm(ways, axis=1)[:, None]
    cosines = (ways * np.roll(ways, apart, axis=0)).sum(axis=1)
    # A crease turns by up to 180 degrees at once, and draws a line where counts have none. These
    # are the round ends at the darkest and the lightest tone, within a 256th of a turn.
    assert np.degrees(np.arccos(cosines.min())) < 60


@each_palette
def test_nothing_is_muddy(name):
    lab = oklab_of(name)
    middle = lab[(lab[:, 0] >= 0.3) & (lab[:, 0] <= 0.75)]
    # Below a chroma of about 0.04 a colour of middle lightness is taken for grey.
    assert np.hypot(middle[:, 1], middle[:, 2]).min() > 0.045


@each_palette
def test_structure_reads_from_lightness_alone(name):
    lightness = oklab_of(name)[:, 0]
    assert lightness.min() < 0.145
    assert lightness.max() > 0.955
    # Neither dark nor light: a picture whose counts fill the turn evenly is well exposed.
    assert 0.5 < lightness.mean() < 0.6
    # Shades of the darkest and the lightest are short, so that most of a turn has colour.
    assert ((lightness < 0.2) | (lightness > 0.93)).mean() < 0.25


@each_palette
def test_quarters_of_a_turn_are_distinct(name):
    # Contours next to each other where one turn spans the picture: by hue where lightness meets.
    assert nearest_quarter(oklab_of(name)) > 0.1


@each_palette
@each_dichromat
def test_dichromats_see_the_same_structure(name, dichromat):
    lab, seen = oklab_of(name), seen_by(dichromat, name)
    # Nearly all of the way through the palette is left to them.
    assert steps_of(seen).sum() > 0.9 * steps_of(lab).sum()
    # Twice what can be told apart, at the worst pair of a whole turn.
    assert nearest_quarter(seen) > 0.038
    # What is clearly lighter stays so; protanopes see reds darker, by up to 0.11.
    ours, theirs = lab[::16, 0], seen[::16, 0]
    lighter = ours[:, None] - ours > 0.12
    assert (theirs[:, None] - theirs)[lighter].min() > 0


def test_no_two_are_alike():
    turns = {name: oklab_of(name)[::16] for name in OWN_PALETTES}
    for one, other in combinations(OWN_PALETTES, 2):
        apart = np.linalg.norm(turns[one][:, None] - turns[other], axis=2)
        # How far a colour is from the nearest of the other palette, on average, whatever the
        # order: all share the darkest and lightest tones.
        assert max(apart.min(axis=0).mean(), apart.min(axis=1).mean()) > 0.05, (one, other)


@each_palette
def test_the_finest_detail_falls_to_a_dark_tone(name):
    assert 0.15 < oklab_from_linear(seam_of(name))[0] < 0.35
