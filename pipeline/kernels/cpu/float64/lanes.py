"""What all passes over SIMD lanes share: how many lanes there are, and one iteration."""

from pipeline.kernels.jit import inlined

# Four chains side by side in the body, each a loop over a quarter of the lanes: enough independent
# work to hide the latency of a multiply and two additions.
LANES = 64
QUARTER = 16


@inlined
def step(x, y, a, b):
    """One iteration of z² + c; the doubling as an addition keeps it exact."""
    xy = x * y
    return (x * x - y * y) + a, (xy + xy) + b
