"""Loads what every worker needs; only the fork server imports it, for its work is in the import.

Compiled kernels are brought from the disk's cache into memory here, once: the workers forked from
here share those pages instead of holding some 30 MB each of their own.
"""

import gc

import numpy as np

from pipeline import worker as worker
from pipeline.kernels.choice import FLOAT64

_point = np.zeros(1)
# Enough steps to go through every part of the kernel.
FLOAT64.load()(_point + 0.26, _point, 1000, True)

# What is there now is never collected, so that no collection touches, and so copies, its pages.
gc.collect()
gc.freeze()
