"""Counts to bytes and back in compiled code: what `codec_counts` does with numpy, in one pass."""

import numpy as np

from pipeline.kernels.jit import compiled
from pipeline.kernels.results import Outcome

_ESCAPED = np.uint8(Outcome.ESCAPED)
_INTERIOR = np.uint8(Outcome.INTERIOR)
_UNRESOLVED = np.uint8(Outcome.UNRESOLVED)


@compiled
def pack_rows(n, smooth, outcome, rows, columns, steps, largest, interior, unresolved, planes):
    """Fill `planes`, uint8 of shape (8, rows · columns), with the bytes of folded differences."""
    for row in range(rows):
        n_before = np.int32(0)
        offset_before = np.int32(0)
        for i in range(columns):
            at = row * columns + i
            if outcome[at] == _ESCAPED:
                offset = np.int32(
                    min(max(np.rint((smooth[at] - n[at]) * steps), interior + 1.0), largest)
                )
            elif outcome[at] == _INTERIOR:
                offset = np.int32(interior)
            else:
                offset = np.int32(unresolved)
            change = np.int32(n[at] - n_before)
            folded = np.uint32((change << np.int32(1)) ^ (change >> np.int32(31)))
            planes[0, at] = np.uint8(folded & np.uint32(255))
            planes[1, at] = np.uint8((folded >> np.uint32(8)) & np.uint32(255))
            planes[2, at] = np.uint8((folded >> np.uint32(16)) & np.uint32(255))
            planes[3, at] = np.uint8(folded >> np.uint32(24))
            change = np.int32(offset - offset_before)
            folded = np.uint32((change << np.int32(1)) ^ (change >> np.int32(31)))
            planes[4, at] = np.uint8(folded & np.uint32(255))
            planes[5, at] = np.uint8((folded >> np.uint32(8)) & np.uint32(255))
            planes[6, at] = np.uint8((folded >> np.uint32(16)) & np.uint32(255))
            planes[7, at] = np.uint8(folded >> np.uint32(24))
            n_before = n[at]
            offset_before = offset


@compiled
def unpack_rows(
    planes, rows, columns, step, least, largest, interior, unresolved, maxiter, n, smooth, outcome
):  # fmt: skip  # the bytes, what they may hold, the counts
    """Fill counts from `planes`, undoing `pack_rows`; return how many cannot be counts.

    With a `maxiter` of 0 or more, escapes come before it, and all else has it as its count.
    """
    wrong = 0
    for row in range(rows):
        count = np.int32(0)
        offset = np.int32(0)
        for i in range(columns):
            at = row * columns + i
            folded = (
                np.uint32(planes[0, at])
                | (np.uint32(planes[1, at]) << np.uint32(8))
                | (np.uint32(planes[2, at]) << np.uint32(16))
                | (np.uint32(planes[3, at]) << np.uint32(24))
            )
            count = np.int32(count + np.int32((folded >> np.uint32(1)) ^ -(folded & np.uint32(1))))
            folded = (
                np.uint32(planes[4, at])
                | (np.uint32(planes[5, at]) << np.uint32(8))
                | (np.uint32(planes[6, at]) << np.uint32(16))
                | (np.uint32(planes[7, at]) << np.uint32(24))
            )
            offset = np.int32(
                offset + np.int32((folded >> np.uint32(1)) ^ -(folded & np.uint32(1)))
            )
            n[at] = count
            if offset > interior:
                smooth[at] = count + offset * step
                outcome[at] = _ESCAPED
                wrong += offset < least or offset > largest or count < 0
                wrong += maxiter >= 0 and count >= maxiter
            else:
                smooth[at] = np.nan
                outcome[at] = _INTERIOR if offset == interior else _UNRESOLVED
                wrong += offset < unresolved
                wrong += maxiter >= 0 and count != maxiter
    return wrong
