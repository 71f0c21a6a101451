"""OpenEXR files of what was computed, for compositors and for zoomasm.

The channels are Kalles Fraktaler's: `N` and `NF`, whole part and fraction of the smooth count (N is
the largest there is where nothing escaped), `DEX` and `DEY`, the distance estimate in pixels along
its direction, x to the right and y up.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.kernels.results import Traces

NEVER_ESCAPED = np.uint32(0xFFFFFFFF)


def write_exr(
    path: Path, smooth: NDArray[np.float64], traces: Traces, rotation_degrees: float
) -> None:
    """Write the samples of a picture to a file; all arrays have its shape.

    `rotation_degrees` is the picture's rotation in the plane, counterclockwise.
    """
    import OpenEXR

    escaped = ~np.isnan(smooth)
    known = np.where(escaped, smooth, 0.0)
    whole = np.floor(known)
    distance = np.where(escaped, np.exp2(traces.log2_distance.astype(np.float64)), 0.0)
    angle = 2 * np.pi * traces.direction - np.radians(rotation_degrees)
    channels = {
        # Outside the disc of radius 2 smooth counts reach a little below 0.
        "N": np.where(escaped, np.maximum(whole, 0), NEVER_ESCAPED).astype(np.uint32),
        "NF": (known - np.maximum(whole, 0)).astype(np.float32),
        "DEX": (distance * np.cos(angle)).astype(np.float32),
        "DEY": (distance * np.sin(angle)).astype(np.float32),
    }
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, channels) as file:
        file.write(str(path))
