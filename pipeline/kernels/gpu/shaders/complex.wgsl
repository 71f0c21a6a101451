// Complex numbers over the arithmetic at hand.

struct Complex {
    re: real,
    im: real,
}

fn c_add(a: Complex, b: Complex) -> Complex {
    return Complex(add(a.re, b.re), add(a.im, b.im));
}

fn c_mul(a: Complex, b: Complex) -> Complex {
    return Complex(
        sub(mul(a.re, b.re), mul(a.im, b.im)),
        add(mul(a.re, b.im), mul(a.im, b.re)),
    );
}

fn c_times(a: Complex, b: real) -> Complex {
    return Complex(mul(a.re, b), mul(a.im, b));
}

fn c_scaled(a: Complex, s: scale) -> Complex {
    return Complex(scaled(a.re, s), scaled(a.im, s));
}

// The larger of the absolute values of the two parts.
fn larger_part(a: Complex) -> real {
    return larger(magnitude(a.re), magnitude(a.im));
}

fn square_of(a: Complex) -> real {
    return add(mul(a.re, a.re), mul(a.im, a.im));
}

fn twice(a: Complex) -> Complex {
    return c_scaled(a, power_of_two(1));
}
