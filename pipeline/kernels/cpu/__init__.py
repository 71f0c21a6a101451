"""The kernels of this processor: compiled by numba, many pixels side by side in SIMD lanes."""
