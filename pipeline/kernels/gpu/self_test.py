"""Whether an adapter computes right: the shaders themselves, beside this processor's kernels.

Compilers of shaders may fold a sum's error to nothing, contract products with sums, or flush small
numbers to zero; what fails here is not used.
"""

import time

import numpy as np

from pipeline.kernels.cpu.float64.counts import escape_counts
from pipeline.kernels.cpu.perturbation.approximation import (
    NODE_SIZE,
    fill,
    level_offsets,
    lowest_level,
)
from pipeline.kernels.cpu.perturbation.counts import walk
from pipeline.kernels.gpu.blocks import Blocks
from pipeline.kernels.gpu.device import GpuDevice
from pipeline.kernels.gpu.numbers import F32, FLOAT64, Numbers
from pipeline.kernels.gpu.walk import Job, walks
from pipeline.kernels.reference import Approximation, Reference
from pipeline.kernels.results import RADIUS_SQUARED

# A point of the seahorse valley, and one next to -2, where deltas grow by an octave a step.
_SEAHORSE = -0.7436438870371587, 0.1318259042053119
_NEEDLE = -1.985, 0.0
_STEPS = 1500
# Points, exponents of the offsets of the picture about each, and its rows: without exponents of
# deltas, with them at first, and far below the smallest number of float64.
_PLACES = ((_SEAHORSE, -20, 4), (_NEEDLE, -100, 2), (_NEEDLE, -1100, 2))
_COLUMNS = 64
_ERROR = 2.0**-40
# Of counts in fewer bits than float64's, so many may differ, in a picture with fine detail.
_MAY_DIFFER = 0.02
_MAY_DIFFER_F32 = 0.2
_LEAST_S = 0.2
_MOST_JOBS = 512


def fault_of(device: GpuDevice, numbers: Numbers) -> str | None:
    """Return what an adapter computes wrong in some numbers; None where all is right."""
    for point, exponent, rows in _PLACES:
        reference, table = _tables(point, exponent)
        job = _job(rows)
        right = walk(reference, table, job.w_re, job.w_im, _STEPS, slopes=True)
        [found] = walks(device, numbers, reference, table, [job], _STEPS, slopes=True)
        if numbers is FLOAT64:
            pairs = (
                (right.n, found.n), (right.outcome, found.outcome),
                (right.last_re, found.last_re), (right.last_slope, found.last_slope),
            )  # fmt: skip  # each beside its own
            if not all(np.array_equal(one, other) for one, other in pairs):
                return f"walks at 2^{exponent} differ from those of the processor"
            continue
        part = np.mean(right.n != found.n)
        if part > (_MAY_DIFFER_F32 if numbers is F32 else _MAY_DIFFER):
            return f"{part:.0%} of counts at 2^{exponent} are wrong"
    if numbers is FLOAT64:
        re, im = _points(1e-3)
        right_counts = escape_counts(re, im, _STEPS)
        counts = escape_counts(re, im, _STEPS, blocks=Blocks(device))
        if not np.array_equal(right_counts.n, counts.n) or not np.array_equal(
            right_counts.smooth, counts.smooth, equal_nan=True
        ):
            return "counts of z² + c differ from those of the processor"
    return None


def steps_a_second(device: GpuDevice | None, numbers: Numbers = FLOAT64) -> float:
    """Measure steps of points a second, a stretch counted as one; of one core without a device.

    With the derivative, whose shader the test has compiled.
    """
    point, exponent, rows = _PLACES[0]
    reference, table = _tables(point, exponent)
    jobs = [_job(rows)]
    while True:
        start = time.perf_counter()
        if device is None:
            done = [walk(reference, table, job.w_re, job.w_im, _STEPS, slopes=True) for job in jobs]
        else:
            done = walks(device, numbers, reference, table, jobs, _STEPS, slopes=True)
        taken = time.perf_counter() - start
        if taken > _LEAST_S or len(jobs) >= _MOST_JOBS:
            return sum(each.iterations for each in done) / taken
        # A card is as quick as it is only with much to do.
        jobs *= 2


def _points(width: float) -> tuple[np.ndarray, np.ndarray]:
    job = _job(_PLACES[0][2])
    re, im = _SEAHORSE
    return (re + width * job.w_re).reshape(-1), (im + width * job.w_im).reshape(-1)


def _job(rows: int) -> Job:
    w_re, w_im = np.meshgrid(np.linspace(-0.9, 0.9, _COLUMNS), np.linspace(0.5, -0.5, rows))
    return Job(w_re, w_im)


def _tables(point: tuple[float, float], exponent: int) -> tuple[Reference, Approximation]:
    """Return the orbit of a point as float64 has it, and its table."""
    a, b = point
    z = np.zeros((_STEPS + 1, 2))
    x = y = 0.0
    last = _STEPS
    for step in range(1, _STEPS + 1):
        x, y = x * x - y * y + a, 2.0 * x * y + b
        z[step] = x, y
        if x * x + y * y > RADIUS_SQUARED:
            last = step
            break
    none = np.empty(0, np.int64)
    reference = Reference(z[: last + 1], none, np.empty((0, 2)), none)
    offsets = level_offsets(last)
    nodes, radius = np.zeros((int(offsets[-1]), NODE_SIZE)), np.zeros((int(offsets[-1]), 2))
    fill(reference, exponent, _ERROR, nodes, radius)
    return reference, Approximation(nodes, radius, offsets, lowest_level(last), exponent)
