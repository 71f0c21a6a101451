"""Loads what every worker needs; its work is in the import, and only the fork server imports it.

Compiled kernels are loaded from disk here, once: the workers, which are forked from this process,
share their pages instead of holding some 30 MB each.
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

# The compiler is not needed any more; its code takes some 60 MB.
page_out("libllvmlite")

# Objects that exist now are never collected: a collection would write to their pages, and so have
# each worker copy them.
gc.collect()
gc.freeze()
