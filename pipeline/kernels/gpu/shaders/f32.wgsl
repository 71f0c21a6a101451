// Numbers as one f32, 24 bits.

alias real = f32;
// A power of two.
alias scale = f32;

const SMALLEST_EXPONENT = -70;
const PLAIN_EXPONENT = -60;
const PLAIN_SIZE_EXPONENT = 100;
const TINY_EXPONENT = -60;
const NOTHING_ADDED = 60;
const FAR_OUTGROWABLE_EXPONENT = 40;
const SLOPE_RANGE_EXPONENT = 30;
const LARGEST_EXPONENT = 100;
const EDGE_EXPONENT = -20;
const CRITICAL_EXPONENT = -6;
const SETTLE_STEPS = 8;
const SEVEN_TENTHS = 0.7f;
const UNKNOWN = 1e30f;

// A product as it stands, not contracted with a sum: every card then computes the same.
fn kept(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ params.zero);
}

fn real_of(x: f32) -> real { return x; }
fn add(a: real, b: real) -> real { return a + b; }
fn sub(a: real, b: real) -> real { return a - b; }
fn mul(a: real, b: real) -> real { return kept(a * b); }
fn scaled(a: real, s: scale) -> real { return a * s; }
fn less(a: real, b: real) -> bool { return a < b; }
fn magnitude(a: real) -> real { return abs(a); }
fn larger(a: real, b: real) -> real { return max(a, b); }
fn is_positive(a: real) -> bool { return a > 0.0; }

// 2^e; 0 below 2^-126, and at most 2^127.
fn power_of_two(e: i32) -> scale {
    return bitcast<f32>(u32(clamp(e + 127, 0, 254)) << 23u);
}

// e of a positive number in [2^e, 2^(e+1)); -127 for 0.
fn exponent_of(a: real) -> i32 {
    return i32((bitcast<u32>(a) >> 23u) & 0xffu) - 127;
}

// Steps of a quarter of an octave, from an arbitrary size on.
fn size_class_of(a: real) -> i32 {
    return i32(bitcast<u32>(a) >> 21u);
}

// log2 of a positive number.
fn log2_of(a: real) -> real {
    return log2(a);
}
