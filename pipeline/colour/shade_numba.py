"""Samples to light in compiled code: what `Shader.light` does, row by row."""

import numpy as np

from pipeline.colour.palette import TURN
from pipeline.kernels.jit import compiled

_ONE = np.float32(1)
_MANTISSA = np.int32((1 << 23) - 1)
_SQRT2_MANTISSA = np.int32(0x3504F3)
_EXPONENT_BIAS = np.int32(127)


@compiled
def fill_positions(
    smooth, shift, cut, counts, positions, slopes, bends, guide, first_entry, out
):  # fmt: skip
    """Fill `out` with the tones of smooth counts, as `Tones.positions_of` finds them.

    The first pass is vectorised; the second reads its numbers as bits.
    """
    bits = out.view(np.int64)
    last = np.int64(guide.size - 2)
    for i in range(smooth.size):
        count = smooth[i] + shift
        out[i] = count if count > 0.5 else 0.5
    for i in range(smooth.size):
        count = smooth[i]
        entry = min(max((bits[i] >> cut) - first_entry, np.int64(0)), last)
        piece, after = np.int64(guide[entry]), np.int64(guide[entry + 1])
        # NaN compares false.
        while piece < after:
            middle = (piece + after + 1) >> 1
            if count >= counts[middle]:
                piece = middle
            else:
                after = middle - 1
        on = count - counts[piece]
        out[i] = positions[piece] + on * (slopes[piece] + on * bends[piece])


@compiled
def change_row(turns, above, below, wrapped, change):
    """Fill a row with the largest change to a neighbour across or down; 0 in the interior.

    `above` and `below` are the row itself where there is none. NaN compares false.
    """
    last = turns.size - 1
    for i in range(turns.size):
        d = abs(turns[i] - above[i])
        most = d if d > 0.0 else 0.0
        d = abs(turns[i] - below[i])
        most = d if d > most else most
        change[i] = np.float32(most)
    for i in range(last):
        d = np.float32(abs(turns[i + 1] - turns[i]))
        change[i] = d if d > change[i] else change[i]
    for i in range(last):
        d = np.float32(abs(turns[i + 1] - turns[i]))
        change[i + 1] = d if d > change[i + 1] else change[i + 1]
    if wrapped:
        d = np.float32(abs(turns[0] - turns[last]))
        change[0] = d if d > change[0] else change[0]
        change[last] = d if d > change[last] else change[last]


@compiled
def light_row(turns, change, offset, footprint, levels, palette, bits, index, light):
    """Fill a row of light, shape (3, columns), with the palette's mean over each footprint.

    `bits` and `index` are a row of int32 each to work in; `palette` holds `levels` ever smoother
    turns and the interior, shape (entries, 3).
    """
    size = bits.view(np.float32)
    interior = np.int32(palette.shape[0] - 1)
    most = np.int32(levels - 1)
    for i in range(turns.size):
        part = min(max(change[i] * footprint, _ONE / np.float32(TURN)), _ONE)
        size[i] = part * np.float32(TURN)
    for i in range(turns.size):
        raw = bits[i]
        upper = np.int32((raw & _MANTISSA) > _SQRT2_MANTISSA)
        level = np.int32((raw >> np.int32(23)) - _EXPONENT_BIAS) + upper
        bits[i] = np.int32(min(level, most))
    for i in range(turns.size):
        place = turns[i] + offset
        place = (place - np.floor(place)) * TURN
        inside = place != place
        entry = min(np.int32(0.0 if inside else place), np.int32(TURN - 1))
        index[i] = interior if inside else np.int32(entry + bits[i] * np.int32(TURN))
    for i in range(turns.size):
        entry = np.uint32(index[i])
        light[0, i] = palette[entry, 0]
        light[1, i] = palette[entry, 1]
        light[2, i] = palette[entry, 2]


@compiled
def smoothed_row(above, light, below, turns, change, roughness, wrapped, across, out):
    """Fill a row of light with each sample averaged with its neighbours as far as it is rough.

    `across` is a row of float32 to work in. The weights are 1 2 1 across and down.
    """
    last = turns.size - 1
    for channel in range(3):
        top = above[channel]
        middle = light[channel]
        bottom = below[channel]
        row = out[channel]
        for i in range(turns.size):
            across[i] = top[i] + np.float32(2) * middle[i] + bottom[i]
        for i in range(1, last):
            row[i] = across[i - 1] + np.float32(2) * across[i] + across[i + 1]
        before = across[last] if wrapped else across[0]
        after = across[0] if wrapped else across[last]
        row[0] = before + np.float32(2) * across[0] + across[1]
        row[last] = across[last - 1] + np.float32(2) * across[last] + after
        for i in range(turns.size):
            rough = min(change[i] * roughness, _ONE)
            rough = rough if turns[i] == turns[i] else _ONE
            row[i] = middle[i] + rough * (row[i] * np.float32(1 / 16) - middle[i])


@compiled
def add_pixels(samples, supersample, pixels):
    """Add a row of samples to the pixels that they belong to, each by its share."""
    share = np.float32(1.0 / supersample**2)
    for channel in range(3):
        light = samples[channel]
        row = pixels[channel]
        for i in range(row.size):
            total = np.float32(0)
            for part in range(supersample):
                total += light[i * supersample + part]
            row[i] += total * share
