"""The kernels of a graphics processor: shaders in WGSL, and what has them run."""
