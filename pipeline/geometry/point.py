"""Points of the complex plane: one exact, or many in float64."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Point(NamedTuple):
    """An exact point, with every digit that was typed."""

    re: Decimal
    im: Decimal


class Points(NamedTuple):
    """Many points, or their offsets from another, in arrays of one shape."""

    re: NDArray[np.float64]
    im: NDArray[np.float64]
