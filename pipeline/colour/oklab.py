"""Colour spaces: sRGB for storing, linear light for averaging, Oklab for even mixing."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_LMS_FROM_LINEAR = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB_FROM_ROOTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear_from_srgb(srgb: Floats) -> Floats:
    """Return linear light from sRGB values, both 0 to 1.

    Notes
    -----
    IEC 61966-2-1: x/12.92 up to 0.04045, ((x + 0.055)/1.055)^2.4 above.
    """
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(linear: Floats) -> Floats:
    """Return sRGB values from linear light, both 0 to 1."""
    return np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    )


def oklab_from_linear(linear: Floats) -> Floats:
    """Return Oklab lightness, a and b from linear light; shape (…, 3).

    Notes
    -----
    B. Ottosson, "A perceptual color space for image processing", 2020.
    """
    return np.asarray(np.cbrt(linear @ _LMS_FROM_LINEAR.T) @ _LAB_FROM_ROOTS.T)


def linear_from_oklab(lab: Floats) -> Floats:
    """Return linear light from Oklab, clipped to what sRGB can show; shape (…, 3)."""
    roots = lab @ np.linalg.inv(_LAB_FROM_ROOTS).T
    return np.clip(roots**3 @ np.linalg.inv(_LMS_FROM_LINEAR).T, 0.0, 1.0)
