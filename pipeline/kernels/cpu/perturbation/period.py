"""The period of a reference: where its orbit returns to 0, to within what pixels resolve."""

import math

import numpy as np

from pipeline.kernels.cpu.scaling import exponent_of, power_of_two
from pipeline.kernels.jit import compiled


@compiled
def first_return(z, tiny_index, tiny_exponent, derivative, nearness):
    """Return the first index at which the orbit of a nucleus within 2^nearness of C returns to 0.

    Parameters
    ----------
    z : ndarray of float64, shape (values, 2)
        Successive values of the orbit, none of them Z₀.
    tiny_index, tiny_exponent : ndarray of int64
        Indices of values too small for float64, and their exponents of two.
    derivative : ndarray of float64, shape (3,)
        2 Z dZ/dC of the value before the first, as mantissas and their exponent of two; zeros for
        Z₀. Overwritten with those of the last value.
    nearness : int
        log2 of the distance from C within which a nucleus counts as found.

    Returns
    -------
    int
        The index, -1 where there is none.

    Notes
    -----
    A nucleus of period p lies about |Z_p| / |dZ_p/dC| from C, by a step of Newton's method;
    dZ/dC ← 2 Z dZ/dC + 1.
    """
    d_re = derivative[0]
    d_im = derivative[1]
    exponent = np.int64(derivative[2])
    t = 0
    found = -1
    for k in range(len(z)):
        if exponent < 1000:
            d_re += power_of_two(-exponent)
        size = max(abs(d_re), abs(d_im))
        shift = exponent_of(size)
        if size > 0.0 and abs(shift) > 200:
            d_re *= power_of_two(-shift)
            d_im *= power_of_two(-shift)
            exponent += shift
        re = z[k, 0]
        im = z[k, 1]
        while t < tiny_index.size and tiny_index[t] < k:
            t += 1
        value = max(abs(re), abs(im))
        z_exponent = exponent_of(value) if value > 0.0 else -(np.int64(1) << 40)
        if t < tiny_index.size and tiny_index[t] == k:
            z_exponent = tiny_exponent[t]
        size = math.sqrt(d_re * d_re + d_im * d_im)
        if size > 0.0 and z_exponent < nearness + exponent + exponent_of(size) and found < 0:
            found = k
        d_re, d_im = 2.0 * (re * d_re - im * d_im), 2.0 * (re * d_im + im * d_re)
        if d_re == 0.0 and d_im == 0.0:
            exponent = np.int64(0)
    derivative[0] = d_re
    derivative[1] = d_im
    derivative[2] = exponent
    return found
