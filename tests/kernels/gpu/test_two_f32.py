"""Sums and products of pairs of f32, as the shader's compiler leaves them."""

import numpy as np

from pipeline.kernels.gpu.numbers import TWO_F32, shader_text

TEXT = """
struct Params { zero: u32, unused: u32 }
@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> pairs: array<real>;
@group(0) @binding(2) var<storage, read_write> found: array<real>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let a = pairs[2u * id.x];
    let b = pairs[2u * id.x + 1u];
    found[4u * id.x] = two_sum(a.x, b.x);
    found[4u * id.x + 1u] = two_product(a.x, b.x);
    found[4u * id.x + 2u] = add(a, b);
    found[4u * id.x + 3u] = mul(a, b);
}
"""
SIZE = 4096


def test_sums_and_products_lose_nothing_that_they_promise(device):
    """Compilers fold a - (a + b): then every sum would lose its error."""
    random = np.random.default_rng(7)
    values = random.standard_normal((SIZE, 2)) * 2.0 ** random.integers(-12, 12, (SIZE, 2))
    pairs = TWO_F32.split(values)
    pipeline = device.pipeline(shader_text(TWO_F32.shader) + TEXT, "main")
    found = device.room(SIZE * 4 * 8)
    params = device.buffer(np.zeros(2, np.uint32))
    bound = device.bound(pipeline, {0: params, 1: device.buffer(pairs), 2: found})
    device.dispatch([(pipeline, bound, SIZE // 64)])
    [data] = device.read([(found, 0, SIZE * 4 * 8)])
    sums, products, added, multiplied = (
        TWO_F32.joined(np.frombuffer(data, np.float32)).reshape(SIZE, 4).T
    )
    high = pairs[..., 0].astype(np.float64)
    both = TWO_F32.joined(pairs).reshape(SIZE, 2)
    # Of two f32, both the sum and the product are whole in two f32, and in float64.
    np.testing.assert_array_equal(sums, high.sum(axis=1))
    np.testing.assert_array_equal(products, high.prod(axis=1))
    size = np.abs(both).sum(axis=1)
    assert np.max(np.abs(added - both.sum(axis=1)) / size) < 2.0**-46
    assert np.max(np.abs(multiplied / both.prod(axis=1) - 1)) < 2.0**-45
