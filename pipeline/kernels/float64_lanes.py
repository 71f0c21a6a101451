"""Count escapes in float64, many pixels side by side in SIMD lanes (numba).

A block of points goes through three passes:

1. *head*: every point not in the main cardioid or the period-2 bulb is iterated a few steps with
   a test at every step. Most points of a shallow picture end here.
2. *blocks*: what is left is iterated `BLOCK_STEPS` at a time without any test. A lane whose point
   ends is refilled from the queue, so that all lanes stay busy whatever the counts are.
3. *finish*: a point that left the disc within a block is set back to the block's start and
   iterated with a test at every step, to its exact count and on to the bailout.

Notes
-----
LLVM turns the loops over lanes into vector code when the lanes lie in small arrays of a fixed
size and several iterations stand in one straight-line body. Nothing is contracted to fused
multiply-adds, so every processor, and the numpy twin, gets the same counts.
"""

import numpy as np

from pipeline.kernels.counts import (
    BAILOUT_SQUARED,
    BLOCK_STEPS,
    FIRST_CYCLE_BLOCKS,
    HEAD_STEPS,
    RADIUS_SQUARED,
    Counts,
)
from pipeline.kernels.interior import in_cardioid_or_bulb
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.outcome import Outcome
from pipeline.kernels.smooth_lanes import smooth_counts_lanes

# Four chains side by side in the body, each a loop over a quarter of the lanes: enough independent
# work to hide the latency of a multiply and two additions.
LANES = 64
QUARTER = 16
# Steps between two looks whether every lane of a tested group has ended.
TESTED_STEPS = 4

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)
_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)


def escape_counts(cr, ci, maxiter, smooth=True):
    """Count the steps before each point's orbit first leaves the disc of radius 2.

    Parameters
    ----------
    cr, ci : ndarray of float64, shape (points,)
        Real and imaginary parts of the points, contiguous.
    maxiter : int
        The number of checks, 1 to 2**31 - 1.
    smooth : bool
        Whether the smooth counts are wanted; without, they are empty.

    Returns
    -------
    Counts
        One-dimensional, in the order of the points.
    """
    points = cr.size
    n = np.empty(points, np.int32)
    outcome = np.empty(points, np.uint8)
    steps = np.empty(points, np.int32)
    mag2 = np.empty(points, np.float64)
    # Only the smooth count needs the orbit beyond the radius.
    bailout2 = BAILOUT_SQUARED if smooth else RADIUS_SQUARED
    iterations = _count(cr, ci, maxiter, bailout2, n, outcome, steps, mag2)
    nu = np.empty(points if smooth else 0, np.float64)
    if smooth:
        smooth_counts_lanes(outcome, steps, mag2, nu)
    return Counts(n, nu, outcome, iterations)


@inlined
def _step(x, y, a, b):
    """One iteration of z² + c; the doubling as an addition keeps it exact."""
    xy = x * y
    return (x * x - y * y) + a, (xy + xy) + b


@inlined
def _step4(x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3):
    """One iteration of four independent points: in this order no operation waits for the last."""
    x0, y0 = _step(x0, y0, a0, b0)
    x1, y1 = _step(x1, y1, a1, b1)
    x2, y2 = _step(x2, y2, a2, b2)
    x3, y3 = _step(x3, y3, a3, b3)
    return x0, y0, x1, y1, x2, y2, x3, y3


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
def _count(cr, ci, maxiter, bailout2, n, outcome, steps, mag2):
    """Fill `n`, `outcome`, `steps` and `mag2` for all points; return the iterations done."""
    # The points still waiting: their numbers, and x, y, a, b and count of each, with room for the
    # last group of lanes.
    pixels = np.empty(cr.size + LANES, np.int32)
    queue = np.empty((5, cr.size + LANES))
    head, waiting = _head(cr, ci, maxiter, bailout2, n, outcome, steps, mag2, pixels, queue)
    blocks, waiting = _blocks(pixels, queue, waiting, maxiter, outcome)
    return (
        head + blocks + _finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2)
    )


@compiled
def _head(cr, ci, maxiter, bailout2, n, outcome, steps, mag2, pixels, queue):
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
            kind[k] = _INTERIOR if in_cardioid_or_bulb(x[k], y[k]) else _UNRESOLVED
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
def _finish(pixels, queue, waiting, maxiter, bailout2, n, outcome, steps, mag2):
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


@inlined
def _hit(x, y, seen_x, seen_y, due, now):
    """1 where a lane needs a look: it escaped, came back to what was seen, or is due."""
    # An overflow to infinity or NaN is an escape too: NaN <= 4 is false.
    inside = x * x + y * y <= RADIUS_SQUARED
    repeats = (x == seen_x) & (y == seen_y)
    return np.int64(not inside) | np.int64(repeats) | np.int64(due <= now)


@compiled
def _blocks(pixels, queue, waiting, maxiter, outcome):
    """Iterate the queue in blocks without a test, to the block in which each point ends.

    Points whose float64 orbit repeats exactly are interior and leave the queue; all others are
    put back to the queue's start as they stood before that block (or before the last, shorter
    one). Returns the iterations done and the number of points put back.
    """
    state = np.empty((8, LANES))
    x = state[0]
    y = state[1]
    a = state[2]
    b = state[3]
    start_x = state[4]
    start_y = state[5]
    seen_x = state[6]
    seen_y = state[7]
    pixel = np.full(LANES, -1, np.int32)
    # A lane's count at block number 0, had it run since then.
    base = np.zeros(LANES)
    # In numbers of blocks: when the lane must stop, when it is next due for a look, and how long
    # it then waits.
    last = np.zeros(LANES, np.int64)
    due = np.zeros(LANES, np.int64)
    wait = np.zeros(LANES, np.int64)
    hit = np.ones(LANES, np.int64)
    hit_lanes = np.empty(LANES, np.int64)
    never = np.int64(1) << 62

    taken = 0
    kept = 0
    busy = 0
    iterations = 0.0
    now = 0
    hits = LANES
    while True:
        if hits > 0:
            # Listed without a branch: which lanes end cannot be predicted.
            listed = 0
            for k in range(LANES):
                hit_lanes[listed] = k
                listed += hit[k]
            for h in range(hits):
                k = hit_lanes[h]
                p = pixel[k]
                if p >= 0:
                    count = base[k] + now * BLOCK_STEPS
                    inside = x[k] * x[k] + y[k] * y[k] <= RADIUS_SQUARED
                    repeats = x[k] == seen_x[k] and y[k] == seen_y[k]
                    if inside and not repeats and now < last[k]:
                        seen_x[k] = x[k]
                        seen_y[k] = y[k]
                        wait[k] *= 2
                        due[k] = min(now + wait[k], last[k])
                        continue
                    busy -= 1
                    iterations += count
                    if not inside:
                        pixels[kept] = p
                        queue[0, kept] = start_x[k]
                        queue[1, kept] = start_y[k]
                        queue[2, kept] = a[k]
                        queue[3, kept] = b[k]
                        queue[4, kept] = count - BLOCK_STEPS
                        kept += 1
                    elif repeats:
                        outcome[p] = _INTERIOR
                    else:
                        pixels[kept] = p
                        queue[0, kept] = x[k]
                        queue[1, kept] = y[k]
                        queue[2, kept] = a[k]
                        queue[3, kept] = b[k]
                        queue[4, kept] = count
                        kept += 1
                if taken < waiting:
                    # `kept` never overtakes `taken`: a place is read before it is written.
                    p = pixels[taken]
                    x[k] = queue[0, taken]
                    y[k] = queue[1, taken]
                    a[k] = queue[2, taken]
                    b[k] = queue[3, taken]
                    seen_x[k] = x[k]
                    seen_y[k] = y[k]
                    count = queue[4, taken]
                    taken += 1
                    busy += 1
                    iterations -= count
                    pixel[k] = p
                    base[k] = count - now * BLOCK_STEPS
                    last[k] = now + np.int64(maxiter - count) // BLOCK_STEPS
                    wait[k] = FIRST_CYCLE_BLOCKS
                    due[k] = min(now + FIRST_CYCLE_BLOCKS, last[k])
                else:
                    # Idle: an orbit that stays at 0 and never compares equal.
                    x[k] = 0.0
                    y[k] = 0.0
                    a[k] = 0.0
                    b[k] = 0.0
                    seen_x[k] = np.nan
                    seen_y[k] = np.nan
                    pixel[k] = -1
                    due[k] = never
            if busy == 0:
                break
        now += 1
        hits = 0
        for k in range(QUARTER):
            k0 = k
            x0 = x[k0]
            y0 = y[k0]
            a0 = a[k0]
            b0 = b[k0]
            start_x[k0] = x0
            start_y[k0] = y0
            k1 = k + QUARTER
            x1 = x[k1]
            y1 = y[k1]
            a1 = a[k1]
            b1 = b[k1]
            start_x[k1] = x1
            start_y[k1] = y1
            k2 = k + 2 * QUARTER
            x2 = x[k2]
            y2 = y[k2]
            a2 = a[k2]
            b2 = b[k2]
            start_x[k2] = x2
            start_y[k2] = y2
            k3 = k + 3 * QUARTER
            x3 = x[k3]
            y3 = y[k3]
            a3 = a[k3]
            b3 = b[k3]
            start_x[k3] = x3
            start_y[k3] = y3
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x0, y0, x1, y1, x2, y2, x3, y3 = _step4(
                x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3
            )
            x[k0] = x0
            y[k0] = y0
            hit0 = _hit(x0, y0, seen_x[k0], seen_y[k0], due[k0], now)
            hit[k0] = hit0
            hits += hit0
            x[k1] = x1
            y[k1] = y1
            hit1 = _hit(x1, y1, seen_x[k1], seen_y[k1], due[k1], now)
            hit[k1] = hit1
            hits += hit1
            x[k2] = x2
            y[k2] = y2
            hit2 = _hit(x2, y2, seen_x[k2], seen_y[k2], due[k2], now)
            hit[k2] = hit2
            hits += hit2
            x[k3] = x3
            y[k3] = y3
            hit3 = _hit(x3, y3, seen_x[k3], seen_y[k3], due[k3], now)
            hit[k3] = hit3
            hits += hit3
    return np.int64(iterations), kept
