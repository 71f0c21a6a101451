"""Texels: a sample's light in 32 bits, the square roots of red, green and blue side by side.

Like sRGB's curve, the root spends bits where the eye needs them: 11 bits are as fine as 11 of sRGB.
"""

import numpy as np

from pipeline.kernels.jit import compiled, inlined

RED_SHIFT = np.uint32(21)
GREEN_SHIFT = np.uint32(10)
GREEN_MASK = np.uint32(2047)
BLUE_MASK = np.uint32(1023)
WIDE = np.float32(2047)
"""Largest stored root of red and green, for light 1."""
NARROW = np.float32(1023)
"""Largest stored root of blue, for light 1."""

_HALF = np.float32(0.5)


@inlined
def texel_from_light(red, green, blue):
    """Return the texel of linear light, each of red, green and blue 0 to 1."""
    r = np.uint32(np.sqrt(red) * WIDE + _HALF)
    g = np.uint32(np.sqrt(green) * WIDE + _HALF)
    b = np.uint32(np.sqrt(blue) * NARROW + _HALF)
    return np.uint32((r << RED_SHIFT) | (g << GREEN_SHIFT) | b)


@compiled
def pack_row(light, texels):
    """Fill a row of texels from linear light, float32 of shape (3, columns)."""
    red = light[0]
    green = light[1]
    blue = light[2]
    for i in range(texels.size):
        texels[i] = texel_from_light(red[i], green[i], blue[i])


@compiled
def halve(texels, half):
    """Fill `half`, whose sides are half of those of `texels` rounded up, with means of light.

    Where a side is odd, each mean covers a little less than two texels, weighted by coverage.
    """
    rows, columns = texels.shape
    half_rows, half_columns = half.shape
    down = np.float32(rows / half_rows)
    across = np.float32(columns / half_columns)
    wide = np.float32(1.0 / (np.float64(WIDE) ** 2 * down * across))
    narrow = np.float32(1.0 / (np.float64(NARROW) ** 2 * down * across))
    for j in range(half_rows):
        top = np.float32(j) * down
        bottom = top + down
        first_row = min(int(top), rows - 1)
        last_row = min(int(np.ceil(bottom)), rows)
        for i in range(half_columns):
            left = np.float32(i) * across
            right = left + across
            red = green = blue = np.float32(0)
            for row in range(first_row, last_row):
                high = min(bottom, np.float32(row + 1)) - max(top, np.float32(row))
                for column in range(int(left), min(int(np.ceil(right)), columns)):
                    wide_part = min(right, np.float32(column + 1)) - max(left, np.float32(column))
                    weight = high * wide_part
                    texel = texels[row, column]
                    r = np.float32(texel >> RED_SHIFT)
                    g = np.float32((texel >> GREEN_SHIFT) & GREEN_MASK)
                    b = np.float32(texel & BLUE_MASK)
                    red += weight * r * r
                    green += weight * g * g
                    blue += weight * b * b
            one = np.float32(1)
            half[j, i] = texel_from_light(
                min(red * wide, one), min(green * wide, one), min(blue * narrow, one)
            )


@compiled
def halve_even(texels, half):
    """Fill `half` with the mean light of each 2 × 2 texels."""
    wide = np.float32(0.25 / np.float64(WIDE) ** 2)
    narrow = np.float32(0.25 / np.float64(NARROW) ** 2)
    for j in range(half.shape[0]):
        above = texels[2 * j]
        below = texels[2 * j + 1]
        out = half[j]
        for i in range(out.size):
            red = green = blue = np.float32(0)
            for texel in (above[2 * i], above[2 * i + 1], below[2 * i], below[2 * i + 1]):
                r = np.float32(texel >> RED_SHIFT)
                g = np.float32((texel >> GREEN_SHIFT) & GREEN_MASK)
                b = np.float32(texel & BLUE_MASK)
                red += r * r
                green += g * g
                blue += b * b
            out[i] = texel_from_light(red * wide, green * wide, blue * narrow)
