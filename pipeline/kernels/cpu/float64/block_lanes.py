"""Lanes in blocks of steps without a test, refilled as their points end."""

import numpy as np

from pipeline.kernels.cpu.float64.lanes import LANES, QUARTER, step
from pipeline.kernels.jit import compiled, inlined
from pipeline.kernels.results import BLOCK_STEPS, FIRST_CYCLE_BLOCKS, RADIUS_SQUARED, Outcome

_INTERIOR = np.uint8(Outcome.INTERIOR)


@inlined
def _step4(x0, y0, a0, b0, x1, y1, a1, b1, x2, y2, a2, b2, x3, y3, a3, b3):
    """One iteration of four independent points: in this order no operation waits for the last."""
    x0, y0 = step(x0, y0, a0, b0)
    x1, y1 = step(x1, y1, a1, b1)
    x2, y2 = step(x2, y2, a2, b2)
    x3, y3 = step(x3, y3, a3, b3)
    return x0, y0, x1, y1, x2, y2, x3, y3


@inlined
def _hit(x, y, seen_x, seen_y, due, now):
    """Return 1 where a lane must be examined: it escaped, repeated an earlier value, or is due."""
    # An overflow to infinity or NaN is an escape too: NaN <= 4 is false.
    inside = x * x + y * y <= RADIUS_SQUARED
    repeats = (x == seen_x) & (y == seen_y)
    return np.int64(not inside) | np.int64(repeats) | np.int64(due <= now)


@compiled
def blocks(pixels, queue, waiting, maxiter, outcome):
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
                    # `kept` never overtakes `taken`: an entry is read before it is overwritten.
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
            # Written out BLOCK_STEPS times: as an inner loop it is not vectorised, and takes 2.5
            # times as long.
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
