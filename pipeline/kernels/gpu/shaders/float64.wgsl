// Numbers in float64, rounded as the processor rounds them.

alias real = f64;
// A power of two.
alias scale = f64;

// The ranges below are those of pipeline/kernels/cpu/perturbation.
const SMALLEST_EXPONENT = -880;
const PLAIN_EXPONENT = -840;
const PLAIN_SIZE_EXPONENT = -400;
const TINY_EXPONENT = -960;
const NOTHING_ADDED = 200;
const FAR_OUTGROWABLE_EXPONENT = 100;
const SLOPE_RANGE_EXPONENT = 200;
const LARGEST_EXPONENT = 1000;
// The reference is on the edge where |Z|² is above 4 - 2^this.
const EDGE_EXPONENT = -30;
const CRITICAL_EXPONENT = -50;
const SETTLE_STEPS = 64;
const SEVEN_TENTHS = 0.7lf;
// A logarithm that proves nothing.
const UNKNOWN = 1e300lf;

// A product as it stands, kept from being contracted with a sum to a fused multiply-add, which is
// rounded once: what is XORed with a number that the compiler cannot know is no product to it.
fn kept(x: f64) -> f64 {
    return bitcast<f64>(bitcast<u64>(x) ^ u64(params.zero));
}

fn real_of(x: f32) -> real { return f64(x); }
fn add(a: real, b: real) -> real { return a + b; }
fn sub(a: real, b: real) -> real { return a - b; }
fn mul(a: real, b: real) -> real { return kept(a * b); }
fn scaled(a: real, s: scale) -> real { return a * s; }
fn less(a: real, b: real) -> bool { return a < b; }
fn is_same(a: real, b: real) -> bool { return a == b; }
fn magnitude(a: real) -> real { return abs(a); }
fn larger(a: real, b: real) -> real { return max(a, b); }
fn is_positive(a: real) -> bool { return a > 0.0lf; }

// 2^e; 0 below 2^-1022, and at most 2^1023.
fn power_of_two(e: i32) -> scale {
    return bitcast<f64>(u64(clamp(e + 1023, 0, 2046)) << 52u);
}

// e of a positive number in [2^e, 2^(e+1)); -1023 for 0.
fn exponent_of(a: real) -> i32 {
    return i32((bitcast<u64>(a) >> 52u) & 0x7fflu) - 1023;
}

// Steps of a quarter of an octave, from an arbitrary size on.
fn size_class_of(a: real) -> i32 {
    return i32(bitcast<u64>(a) >> 50u);
}

// log2 of a positive number, by the series of the inverse hyperbolic tangent.
fn log2_of(a: real) -> real {
    var e = exponent_of(a);
    var m = a * power_of_two(-e);
    if (m > 1.4142135623730951lf) {
        m *= 0.5lf;
        e += 1;
    }
    let s = (m - 1.0lf) / (m + 1.0lf);
    let t = s * s;
    var p = 1.0lf / 21.0lf;
    for (var k = 19; k > 0; k -= 2) {
        p = p * t + 1.0lf / f64(k);
    }
    return f64(e) + 2.0lf * 1.4426950408889634lf * s * p;
}
