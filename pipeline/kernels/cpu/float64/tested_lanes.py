"""Lanes with a test at every step: the first steps of all points, and the last of each."""

import numpy as np

from pipeline.kernels.cpu.float64.interior import in_cardioid_or_bulb_lane
from pipeline.kernels.cpu.float64.lanes import LANES, QUARTER
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.results import BLOCK_STEPS, HEAD_STEPS, RADIUS_SQUARED, Outcome

# Steps between two checks whether all lanes of a group have ended.
TESTED_STEPS = 4

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)
_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)


@inlined
def _tested_step(x, y, a, b, mag2, count, steps, bailout2):
    """One iteration that keeps the first |z|² past the bailout and counts the steps to there.

    The orbit itself may run on to infinity and NaN.
    """
    xx = x * x
    yy = y * y
    xy = x * y
    going = mag2 <= bailout2
    mag2 = xx + yy if going else mag2
    count += np.int64(mag2 <= RADIUS_SQUARED)
    steps += np.int64(going)
    return (xx - yy) + a, (xy + xy) + b, mag2, count, steps


@inlined
def _tested_round(lanes, count, steps, maxiter, bailout2):
    """Advance all lanes by TESTED_STEPS; return how many have not ended.

    `lanes` holds x, y, a, b and |z|² of each lane.
    """
    x = lanes[0]
    y = lanes[1]
    a = lanes[2]
    b = lanes[3]
    mag2 = lanes[4]
    going = 0
    for k in range(QUARTER):
        k0 = k
        x0 = x[k0]
        y0 = y[k0]
        a0 = a[k0]
        b0 = b[k0]
        m0 = mag2[k0]
        c0 = count[k0]
        s0 = steps[k0]
        k1 = k + QUARTER
        x1 = x[k1]
        y1 = y[k1]
        a1 = a[k1]
        b1 = b[k1]
        m1 = mag2[k1]
        c1 = count[k1]
        s1 = steps[k1]
        k2 = k + 2 * QUARTER
        x2 = x[k2]
        y2 = y[k2]
        a2 = a[k2]
        b2 = b[k2]
        m2 = mag2[k2]
        c2 = count[k2]
        s2 = steps[k2]
        k3 = k + 3 * QUARTER
        x3 = x[k3]
        y3 = y[k3]
        a3 = a[k3]
        b3 = b[k3]
        m3 = mag2[k3]
        c3 = count[k3]
        s3 = steps[k3]
        x0, y0, m0, c0, s0 = _tested_step(x0, y0, a0, b0, m0, c0, s0, bailout2)
        x1, y1, m1, c1, s1 = _tested_step(x1, y1, a1, b1, m1, c1, s1, bailout2)
        x2, y2, m2, c2, s2 = _tested_step(x2, y2, a2, b2, m2, c2, s2, bailout2)
        x3, y3, m3, c3, s3 = _tested_step(x3, y3, a3, b3, m3, c3, s3, bailout2)
        x0, y0, m0, c0, s0 = _tested_step(x0, y0, a0, b0, m0, c0, s0, bailout2)
        x1, y1, m1, c1, s1 = _tested_step(x1, y1, a1, b1, m1, c1, s1, bailout2)
        x2, y2, m2, c2, s2 = _tested_step(x2, y2, a2, b2, m2, c2, s2, bailout2)
        x3, y3, m3, c3, s3 = _tested_step(x3, y3, a3, b3, m3, c3, s3, bailout2)
        x0, y0, m0, c0, s0 = _tested_step(x0, y0, a0, b0, m0, c0, s0, bailout2)
        x1, y1, m1, c1, s1 = _tested_step(x1, y1, a1, b1, m1, c1, s1, bailout2)
        x2, y2, m2, c2, s2 = _tested_step(x2, y2, a2, b2, m2, c2, s2, bailout2)
        x3, y3, m3, c3, s3 = _tested_step(x3, y3, a3, b3, m3, c3, s3, bailout2)
        x0, y0, m0, c0, s0 = _tested_step(x0, y0, a0, b0, m0, c0, s0, bailout2)
        x1, y1, m1, c1, s1 = _tested_step(x1, y1, a1, b1, m1, c1, s1, bailout2)
        x2, y2, m2, c2, s2 = _tested_step(x2, y2, a2, b2, m2, c2, s2, bailout2)
        x3, y3, m3, c3, s3 = _tested_step(x3, y3, a3, b3, m3, c3, s3, bailout2)
        x[k0] = x0
        y[k0] = y0
        mag2[k0] = m0
        count[k0] = c0
        steps[k0] = s0
        going += np.int64(m0 <= bailout2) & np.int64(c0 < maxiter)
        x[k1] = x1
        y[k1] = y1
        mag2[k1] = m1
        count[k1] = c1
        steps[k1] = s1
        going += np.int64(m1 <= bailout2) & np.int64(c1 < maxiter)
        x[k2] = x2
        y[k2] = y2
        mag2[k2] = m2
        count[k2] = c2
        steps[k2] = s2
        going += np.int64(m2 <= bailout2) & np.int64(c2 < maxiter)
        x[k3] = x3
        y[k3] = y3
        mag2[k3] = m3
        count[k3] = c3
        steps[k3] = s3
        going += np.int64(m3 <= bailout2) & np.int64(c3 < maxiter)
    return going


@inlined
def _to_bailout(lanes, count, steps, k, bailout2):
    """Take lane `k`, which has escaped, on to the bailout; return the iterations done."""
    iterations = 0
    while RADIUS_SQUARED < lanes[4, k] <= bailout2:
        lanes[0, k], lanes[1, k], lanes[4, k], count[k], steps[k] = _tested_step(
            lanes[0, k],
            lanes[1, k],
            lanes[2, k],
            lanes[3, k],
            lanes[4, k],
            count[k],
            steps[k],
            bailout2,
        )
        iterations += 1
    return iterations


@compiled
def head(cr, ci, maxiter, bailout2, n, outcome, steps, mag2, pixels, queue):
    """Take all points through the first HEAD_STEPS and queue those that have not ended.

    Returns the iterations done and the number of points queued.
    """
    limit = HEAD_STEPS if maxiter >= HEAD_STEPS + BLOCK_STEPS else maxiter
    lanes = np.empty((5, LANES))
    count = np.empty(LANES, np.int64)
    step = np.empty(LANES, np.int64)
    kind = np.empty(LANES, np.uint8)
    queued = 0
    iterations = 0
    for start in range(0, cr.size, LANES):
        # Slices, because an index that might be negative keeps LLVM from vectorising.
        group = slice(start, start + LANES)
        x = cr[group]
        y = ci[group]
        filled = x.size
        lanes[:, filled:] = 0.0
        lanes[4, filled:] = np.inf
        for k in range(filled):
            lanes[0, k] = x[k]
            lanes[1, k] = y[k]
            lanes[2, k] = x[k]
            lanes[3, k] = y[k]
            kind[k] = _INTERIOR if in_cardioid_or_bulb_lane(x[k], y[k]) else _UNRESOLVED
            lanes[4, k] = np.inf if kind[k] == _INTERIOR else 0.0
        count[:] = 0
        # One less: the step that first passes the bailout is counted too.
        step[:] = -1
        taken = 0
        going = LANES
        while going > 0 and taken < limit:
            going = _tested_round(lanes, count, step, maxiter, bailout2)
            taken += TESTED_STEPS
            iterations += TESTED_STEPS * going
        size2 = lanes[4]
        for k in range(filled):
            if RADIUS_SQUARED < size2[k] <= bailout2:
                iterations += _to_bailout(lanes, count, step, k, bailout2)
        group_n = n[group]
        group_outcome = outcome[group]
        group_steps = steps[group]
        group_mag2 = mag2[group]
        open_lanes = 0
        for k in range(filled):
            escaped = (size2[k] > RADIUS_SQUARED) & (count[k] < maxiter) & (kind[k] != _INTERIOR)
            group_n[k] = np.int32(count[k] if escaped else maxiter)
            group_outcome[k] = _ESCAPED if escaped else kind[k]
            group_steps[k] = np.int32(step[k])
            group_mag2[k] = size2[k]
            open_lanes += np.int64(size2[k] <= RADIUS_SQUARED) & np.int64(count[k] < maxiter)
        if open_lanes == LANES:
            room = queue[:, queued : queued + LANES]
            room_pixels = pixels[queued : queued + LANES]
            for k in range(LANES):
                room[0, k] = lanes[0, k]
                room[1, k] = lanes[1, k]
                room[2, k] = lanes[2, k]
                room[3, k] = lanes[3, k]
                room[4, k] = np.float64(count[k])
                room_pixels[k] = start + k
            queued += LANES
        elif open_lanes > 0:
            for k in range(filled):
                if size2[k] <= RADIUS_SQUARED and count[k] < maxiter:
                    pixels[queued] = start + k
                    for row in range(4):
                        queue[row, queued] = lanes[row, k]
                    queue[4, queued] = count[k]
                    queued += 1
    return iterations, queued


@compiled
def finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2):
    """Take the queue, which ends within the next few steps, to its exact counts.

    Returns the iterations done.
    """
    lanes = np.empty((5, LANES))
    count = np.empty(LANES, np.int64)
    step = np.empty(LANES, np.int64)
    iterations = 0
    for start in range(0, waiting, LANES):
        filled = min(LANES, waiting - start)
        group = queue[:, start : start + LANES]
        for k in range(LANES):
            lanes[0, k] = group[0, k]
            lanes[1, k] = group[1, k]
            lanes[2, k] = group[2, k]
            lanes[3, k] = group[3, k]
            lanes[4, k] = 0.0 if k < filled else np.inf
            count[k] = np.int64(group[4, k]) if k < filled else 0
            step[k] = count[k] - 1
        going = LANES
        while going > 0:
            going = _tested_round(lanes, count, step, maxiter, bailout2)
            iterations += TESTED_STEPS * going
        for k in range(filled):
            if count[k] < maxiter:
                p = pixels[start + k]
                outcome[p] = _ESCAPED
                n[p] = np.int32(count[k])
                steps[p] = np.int32(step[k])
                mag2[p] = lanes[4, k]
    return iterations
