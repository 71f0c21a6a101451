// Numbers as the sum of two f32, about 48 bits.
//
// The sum of two numbers and its error: D. E. Knuth, The Art of Computer Programming, vol. 2,
// 4.2.2; the product and its error from halves of 12 bits: T. J. Dekker, "A floating-point technique
// for extending the available precision", Numer. Math. 18, 1971; sums and products of pairs:
// M. Joldes, J.-M. Muller, V. Popescu, "Tight and rigorous error bounds for basic building blocks
// of double-word arithmetic", ACM TOMS 44, 2017 (algorithms 6 and 11).

// High and low part.
alias real = vec2<f32>;
// A power of two.
alias scale = f32;

const SMALLEST_EXPONENT = -40;
const PLAIN_EXPONENT = -36;
const PLAIN_SIZE_EXPONENT = 100;
const TINY_EXPONENT = -40;
const NOTHING_ADDED = 60;
const FAR_OUTGROWABLE_EXPONENT = 40;
const SLOPE_RANGE_EXPONENT = 30;
const LARGEST_EXPONENT = 100;
const EDGE_EXPONENT = -30;
const CRITICAL_EXPONENT = -6;
const SETTLE_STEPS = 8;
const SEVEN_TENTHS = vec2<f32>(0.7, 0.0);
const UNKNOWN = vec2<f32>(1e30, 0.0);

// A number as it stands: compilers fold a - (a + b) to -b, and lose the error that it is to give.
fn kept(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ params.zero);
}

// a + b as a sum and its error, where |a| is at least |b|.
fn quick_two_sum(a: f32, b: f32) -> vec2<f32> {
    let s = kept(a + b);
    return vec2<f32>(s, b - kept(s - a));
}

fn two_sum(a: f32, b: f32) -> vec2<f32> {
    let s = kept(a + b);
    let v = kept(s - a);
    return vec2<f32>(s, kept(a - kept(s - v)) + kept(b - v));
}

// a · b as a product and its error. All products of halves are exact, so that it does not matter
// whether they are contracted with the sums.
fn two_product(a: f32, b: f32) -> vec2<f32> {
    let p = kept(a * b);
    let a_high = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
    let b_high = bitcast<f32>(bitcast<u32>(b) & 0xfffff000u);
    let a_low = a - a_high;
    let b_low = b - b_high;
    let error = kept(kept(kept(a_high * b_high - p) + a_high * b_low) + a_low * b_high);
    return vec2<f32>(p, error + a_low * b_low);
}

fn real_of(x: f32) -> real { return vec2<f32>(x, 0.0); }

fn add(a: real, b: real) -> real {
    let s = two_sum(a.x, b.x);
    let t = two_sum(a.y, b.y);
    let v = quick_two_sum(s.x, kept(s.y + t.x));
    return quick_two_sum(v.x, kept(v.y + t.y));
}

fn sub(a: real, b: real) -> real { return add(a, -b); }

fn mul(a: real, b: real) -> real {
    let p = two_product(a.x, b.x);
    let cross = kept(kept(a.x * b.y) + kept(a.y * b.x));
    return quick_two_sum(p.x, kept(p.y + cross));
}

fn scaled(a: real, s: scale) -> real { return a * s; }
fn less(a: real, b: real) -> bool { return a.x < b.x || (a.x == b.x && a.y < b.y); }
fn magnitude(a: real) -> real { return select(a, -a, a.x < 0.0); }
fn larger(a: real, b: real) -> real { return select(a, b, less(a, b)); }
fn is_positive(a: real) -> bool { return a.x > 0.0; }

// 2^e; 0 below 2^-126, and at most 2^127.
fn power_of_two(e: i32) -> scale {
    return bitcast<f32>(u32(clamp(e + 127, 0, 254)) << 23u);
}

// e of a positive number of about [2^e, 2^(e+1)); -127 for 0.
fn exponent_of(a: real) -> i32 {
    return i32((bitcast<u32>(a.x) >> 23u) & 0xffu) - 127;
}

// Steps of a quarter of an octave, from an arbitrary size on.
fn size_class_of(a: real) -> i32 {
    return i32(bitcast<u32>(a.x) >> 21u);
}

// log2 of a positive number, as exactly as proofs need it.
fn log2_of(a: real) -> real {
    return real_of(log2(a.x));
}
