"""Loads what every worker needs; only the fork server imports it, for its work is in the import.

Compiled kernels are brought from the disk's cache into memory here, once: the workers forked from
here share those pages instead of holding some 30 MB each of their own.
"""

import gc

from pipeline.counts import compute as compute
from pipeline.drawing import frame as frame
from pipeline.drawing.texture import paint as paint
from pipeline.kernels.choice import HAVE_NUMBA
from pipeline.system.machine import page_out

if HAVE_NUMBA:
    from pipeline.workers.first_calls import COUNTING

    for call in COUNTING:
        call()

# The compiler has done its work: its code, some 60 MB, need not stay in memory.
page_out("libllvmlite")

# What is there now is never collected, so that no collection touches, and so copies, its pages.
gc.collect()
gc.freeze()
