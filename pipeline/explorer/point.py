"""A single point, iterated with all of its digits: its count, its distance, or its period."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.counts.orbits.growing import GrowingOrbit
from pipeline.counts.orbits.orbit_state import PERIODIC
from pipeline.counts.orbits.target import Target, bits_for
from pipeline.explorer.hand import point_at
from pipeline.explorer.work import Check
from pipeline.geometry.decimals import context, log2, short_text
from pipeline.geometry.view import View
from pipeline.kernels.cpu.scaled import add, log2_of, multiply, scaled, twice
from pipeline.kernels.jit import compiled
from pipeline.prepare.places.place import decimal_of

MOST_STEPS = 2_000_000
"""Steps after which a point is given up, whatever the picture's maxiter: some seconds."""
# Far outside, where the distance estimate is as good as it gets.
_FAR = 1e10
_SETTLED = 1e-6
_MOST_CYCLES = 8


@dataclass(frozen=True, slots=True)
class PointFacts:
    """Facts of a point: its count or its cycle, and its distance from the set."""

    count: int | None
    """Steps before it escapes; None where it does not within those that were done."""
    steps: int
    """Steps that were done."""
    distance: Decimal | None
    """Estimated distance to the set, of a point that escapes."""
    distance_px: float | None
    """The same in pixels of the view."""
    period: int | None
    """Period of the cycle that draws it in, of a point inside; None where none is seen."""

    def told(self) -> dict[str, Any]:
        """Return it as the page is told of it."""
        distance = None
        if self.distance is not None:
            distance = short_text(context(3).plus(self.distance))
        return {
            "count": self.count,
            "steps": self.steps,
            "distance": distance,
            "distance_px": self.distance_px,
            "period": self.period,
        }


def point_facts(view: View, x: float, y: float, maxiter: int, check: Check) -> PointFacts:
    """Return what is known of the point `x` columns from the left and `y` rows from the top.

    Notes
    -----
    The distance estimate is |z| ln |z| / |dz/dc|, as in the pictures.
    """
    center = point_at(view, x, y)
    orbit = GrowingOrbit(Target(center, bits_for(view.spacing())))
    most = min(maxiter, MOST_STEPS)
    orbit.extend(most, lambda _: check())
    z = orbit.reference().z[: most + 1]
    outside = z[:, 0] ** 2 + z[:, 1] ** 2 > 4.0
    if orbit.ended == PERIODIC:
        return PointFacts(None, most, None, None, orbit.steps)
    if orbit.ended is None and not outside.any():
        return PointFacts(None, most, None, None, cycle_of(z))
    count = int(outside.argmax()) - 1 if outside.any() else len(z) - 1
    c_re, c_im = map(float, center)
    distance_log2 = distance_log2_of(z[: count + 1], c_re, c_im, _FAR)
    px = distance_log2 - log2(view.spacing())
    return PointFacts(
        count, count, decimal_of(distance_log2), 2.0**px if px < 64 else None, None
    )  # fmt: skip  # in the order of the fields


def cycle_of(z: NDArray[np.float64]) -> int | None:
    """Return the period of the cycle on which an orbit has settled; None if on none."""
    from pipeline.kernels.cpu.perturbation.nearby import is_attracted

    back = z[-2:0:-1] - z[-1]
    near = np.flatnonzero(np.hypot(back[:, 0], back[:, 1]) < _SETTLED)[:_MOST_CYCLES]
    for period in near + 1:
        if is_attracted(z, 0, period):
            return int(period)
    return None


@compiled
def distance_log2_of(z, c_re, c_im, far):  # type: ignore[no-untyped-def]  # compiled
    """Return log2 of the distance estimate of a point whose orbit, from z₀ = 0, is about to leave.

    `z` holds the values up to the last within the disc of radius 2; from there it goes on in
    float64 until it is `far` away.
    """
    one = scaled(1.0, 0.0, 0)
    slope = scaled(0.0, 0.0, 0)
    for k in range(z.shape[0]):
        slope = add(twice(multiply(scaled(z[k, 0], z[k, 1], 0), slope)), one)
    last = z.shape[0] - 1
    re = z[last, 0] * z[last, 0] - z[last, 1] * z[last, 1] + c_re
    im = 2.0 * z[last, 0] * z[last, 1] + c_im
    while re * re + im * im < far:
        slope = add(twice(multiply(scaled(re, im, 0), slope)), one)
        re, im = re * re - im * im + c_re, 2.0 * re * im + c_im
    log_z = 0.5 * math.log(re * re + im * im)
    return log_z / math.log(2.0) + math.log2(log_z) - log2_of(slope)
