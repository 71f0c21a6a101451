"""Loads what every worker needs; only the fork server imports it, for its work is in the import.

Compiled kernels are brought from the disk's cache into memory here, once: the workers forked from
here share those pages instead of holding some 30 MB each of their own.
"""

import gc
from fractions import Fraction

import numpy as np

from pipeline import painter
from pipeline import worker as worker
from pipeline.colour.look import Look
from pipeline.colour.samples import Samples
from pipeline.colour.shade import Shader
from pipeline.counts_packing import counts_from_packed, packed_from_counts
from pipeline.kernels.choice import ACCURACIES, FLOAT64, HAVE_NUMBA, perturbation
from pipeline.machine import let_go_of
from pipeline.picture import draw_rows
from pipeline.video.encoding import Encoding

_point = np.zeros(1)
# Enough steps to go through every part of the kernel.
FLOAT64.load()(_point + 0.26, _point, 1000, True)

if HAVE_NUMBA:
    from pipeline.kernels.approximation import (
        NODE_SIZE,
        Approximation,
        fill,
        level_offsets,
        lowest_level,
    )
    from pipeline.kernels.fixed_point import iterate
    from pipeline.kernels.interior_discs import inside_discs
    from pipeline.kernels.period import first_return
    from pipeline.kernels.reference import Reference
    from pipeline.kernels.series import series_about
    from pipeline.placement import Placement
    from pipeline.texture import texels

    # Points of the period-3 bulb.
    inside_discs(np.full(200, -0.1225), np.full(200, 0.7449), 2000)
    series_about(-0.1225, 0.7449, 2.0**-30, 200)

    # The fixed point of c = 1/4, where the orbit stays small: any few values do.
    _index = np.empty(0, np.int64)
    _reference = Reference(np.full((64, 2), 0.25), _index, np.empty((0, 2)), _index)
    _offsets = level_offsets(_reference.steps)
    _nodes, _radius = np.zeros((int(_offsets[-1]), NODE_SIZE)), np.zeros((int(_offsets[-1]), 2))
    fill(_reference, -60, 2.0**-40, _nodes, _radius)
    _approximation = Approximation(_nodes, _radius, _offsets, lowest_level(_reference.steps), -60)
    _words = np.zeros(2, np.uint64)
    iterate(_words.copy(), _words.copy(), _words, _words, np.empty((1, 2)))
    first_return(np.full((8, 2), 0.25), _index, _index, np.zeros(3), -100)

    _counts = perturbation(ACCURACIES["fine"]).load()(
        _reference, _approximation, _point.reshape(1, 1), _point.reshape(1, 1), 100, True
    )
    counts_from_packed(packed_from_counts(_counts, 1, 1), 1, 1)

    # A picture from a band and a core of few samples.
    _look = Look("dusk", 8.0, 0.0, 0.0, "sqrt", (0, 0, 0))
    _texels = np.zeros(4000, np.uint32)
    for _light in Shader(_look).rows(Samples(np.ones((4, 16))), 1, 1, True):
        texels.pack_row(_light, _texels[:16])
    texels.halve_even(_texels[:64].reshape(8, 8), np.empty((4, 4), np.uint32))
    texels.halve(_texels[:49].reshape(7, 7), np.empty((4, 4), np.uint32))
    _offsets = np.zeros((1, 2), np.int64)
    _sizes = np.array([[16, 8]], np.int64)
    _picture = painter.light_of(
        painter.Tables(_offsets, _sizes, _sizes, _offsets[0], _sizes[0], 0.9, 4.0, 0.0, 1.0),
        (Placement(8.0, 8.0, 0.0, 0.0),), _texels, 0, 16, 0, 16,
    )  # fmt: skip  # the tables, the place, the size
    for _format in ("yuv420p", "yuv420p10le"):
        _encoding = Encoding(16, 16, Fraction(1), "h264", 18, _format, "faster")
        draw_rows(_picture, 0, _encoding, np.empty(_encoding.frame_bytes, np.uint8))
    Shader(_look).pixels(Samples(np.ones((4, 16))), 2)

# The compiler has done its work: its code, some 60 MB, need not stay in memory.
let_go_of("libllvmlite")

# What is there now is never collected, so that no collection touches, and so copies, its pages.
gc.collect()
gc.freeze()
